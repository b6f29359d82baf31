// Cell identity: radio technologies, the range of each field (3GPP TS 23.003, 36.413, 38.413), and what identifies the
// base station (site) behind a cell. Promises: pure arithmetic over numbers; NR ids of 36 bits are doubles, never `|`.

/** Radio technology codes, as stored and as hashed. Never renumber. */
export const RADIO = { gsm: 1, wcdma: 2, lte: 3, nr: 4 } as const;
export type Radio = (typeof RADIO)[keyof typeof RADIO];
export type RadioName = keyof typeof RADIO;
export const RADIO_NAMES: readonly (RadioName | undefined)[] = [undefined, 'gsm', 'wcdma', 'lte', 'nr'];

/** Widest area code: GSM/WCDMA LAC and LTE TAC 16 bits (0 and 65534/65535 reserved), NR TAC 24 bits. */
export const MAX_AREA: Readonly<Record<Radio, number>> = { 1: 65_533, 2: 65_533, 3: 65_533, 4: 0xff_ffff };
/** Widest cell identity: GSM 16 bits, UTRAN 28, E-UTRAN 28, NR 36. */
export const MAX_CELL: Readonly<Record<Radio, number>> = { 1: 0xffff, 2: 0xfff_ffff, 3: 0xfff_ffff, 4: 0xf_ffff_ffff };
/** Highest physical identity: UMTS scrambling code 511, LTE PCI 503, NR PCI 1007; GSM has none (BSIC is not sent). */
export const MAX_PSC: Readonly<Record<Radio, number>> = { 1: 511, 2: 511, 3: 503, 4: 1007 };

/** Radio code of a client's word (any case; `umts` is `wcdma`), or 0 if it is not one we know (cdma, junk, not a string). */
export function radioOf(word: unknown): Radio | 0 {
  if (typeof word !== 'string') return 0;
  switch (word) {
    case 'gsm':
      return 1;
    case 'wcdma':
    case 'umts':
      return 2;
    case 'lte':
      return 3;
    case 'nr':
      return 4;
  }
  if (word.length > 8) return 0;
  const lower = word.toLowerCase();
  return lower === word ? 0 : radioOf(lower);
}

/** Android's "unavailable". In NR's range it could be a cell: one in 69 thousand million, against all phones that don't know theirs. */
const UNAVAILABLE = 0x7fff_ffff;

export function isValidMcc(mcc: number): boolean {
  return mcc >= 1 && mcc <= 999;
}

export function isValidMnc(mnc: number): boolean {
  return mnc >= 0 && mnc <= 999;
}

/** True if the three numbers can name an area: MCC 1-999, MNC 0-999, area within its radio's range. */
export function isValidArea(radio: Radio, mcc: number, mnc: number, area: number): boolean {
  return isValidMcc(mcc) && isValidMnc(mnc) && area >= 1 && area <= MAX_AREA[radio];
}

/** True if the cell identity lies within its radio's range; 0, the all-ones value and Android's (unknown) do not. */
export function isValidCellId(radio: Radio, cellId: number): boolean {
  return (
    cellId >= 1 && cellId <= MAX_CELL[radio] && cellId !== UNAVAILABLE && !(radio !== 1 && cellId === MAX_CELL[radio])
  );
}

/** True if a cell identity is one of its radio or, said to be GSM's, one that `radioOfCell` knows better. */
export function canBeCellId(radio: Radio, cellId: number): boolean {
  return isValidCellId(radio === RADIO.gsm ? RADIO.wcdma : radio, cellId);
}

/** A GSM identity has 16 bits: a longer one is a UMTS cell reported by a modem that says "gsm" for all of 3GPP. */
export function radioOfCell(radio: Radio, cellId: number): Radio {
  return radio === RADIO.gsm && cellId > 0xffff && isValidCellId(RADIO.wcdma, cellId) ? RADIO.wcdma : radio;
}

/** True for a physical identity that its radio can have. */
export function isValidPsc(radio: Radio, psc: number): boolean {
  return psc >= 0 && psc <= MAX_PSC[radio] && radio !== RADIO.gsm;
}

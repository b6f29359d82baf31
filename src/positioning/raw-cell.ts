// One cell as a phone named it, before anything is believed: what both readers of a body (from JSON, from bytes) fill, and the
// one place that decides what of it makes sense. Promises: no throw, no allocation; a field that makes no sense is unknown, a
// cell that names neither a cell, nor an area, nor a neighbour is dropped. One without a network is a neighbour and nothing else.
import {
  canBeCellId,
  isValidArea,
  isValidCellId,
  isValidMcc,
  isValidMnc,
  isValidPsc,
  RADIO,
  type Radio,
  radioOfCell,
} from '../radio/cell.ts';
import { asuDbm, cellDbm, UNKNOWN_DBM } from '../radio/signal.ts';
import { addCell, type CellReading, type CellReadings } from './readings.ts';

/** Columns of a raw cell: integers as sent, or ABSENT. `radio` is a code of cell.ts, 0 = unknown or not said; `serving` 1 = yes. */
export const RAW = {
  radio: 0,
  mcc: 1,
  mnc: 2,
  mncText: 3,
  lac: 4,
  tac: 5,
  cellId: 6,
  nrCellId: 7,
  psc: 8,
  scramblingCode: 9,
  strength: 10,
  asu: 11,
  timingAdvance: 12,
  age: 13,
  serving: 14,
} as const;

export function createRawCell(): Float64Array {
  return new Float64Array(Object.keys(RAW).length);
}

/** Longer ages are none, but the time since a phone was started, or since 1970; a satellite fix may be as old (read-geolocate.ts). */
const MAX_AGE_MS = 86_400_000;

/** An entry's age in ms, sign ignored (clients disagree on it), 0 if absent or beyond a day. */
export function ageOf(sent: number): number {
  const age = Math.abs(sent);
  return age <= MAX_AGE_MS ? age : 0;
}

const scratch: CellReading = {
  radio: 0,
  mcc: 0,
  mnc: 0,
  area: 0,
  id: 0,
  psc: -1,
  ta: -1,
  dbm: UNKNOWN_DBM,
  ageMs: 0,
  serving: 0,
};

/** Adds what makes sense of a raw cell. */
export function addRawCell(raw: Float64Array, into: CellReadings): void {
  if (judge(raw, scratch)) addCell(into, scratch);
}

/**
 * Adds a raw cell that says nothing of its radio as that of the one radio by which `isKnown` knows its full identity; one that is
 * known by none, or by two, is dropped. Leaves the radio it was tried by last in `raw`.
 */
export function addUnsaidCell(
  raw: Float64Array,
  isKnown: (cell: Readonly<CellReading>) => boolean,
  into: CellReadings,
): void {
  let radio = 0;
  for (let tried = RADIO.gsm; tried <= RADIO.nr; tried++) {
    raw[RAW.radio] = tried;
    if (!judge(raw, scratch) || scratch.radio !== tried || scratch.area === 0 || scratch.id === 0) continue;
    if (!isKnown(scratch)) continue;
    if (radio !== 0) return;
    radio = tried;
  }
  raw[RAW.radio] = radio;
  addRawCell(raw, into);
}

function judge(raw: Float64Array, cell: CellReading): boolean {
  const said = raw[RAW.radio] as Radio | 0;
  if (said === 0) return false;
  // What two names are in use for is taken from the second where the first holds a placeholder.
  const mcc = raw[RAW.mcc];
  const mnc = isValidMnc(raw[RAW.mnc]) ? raw[RAW.mnc] : raw[RAW.mncText];
  const isNamed = isValidMcc(mcc) && isValidMnc(mnc);
  const id = canBeCellId(said, raw[RAW.cellId]) ? raw[RAW.cellId] : raw[RAW.nrCellId];
  const radio = radioOfCell(said, id);
  const area = isValidArea(radio, mcc, mnc, raw[RAW.lac]) ? raw[RAW.lac] : raw[RAW.tac];
  const psc = isValidPsc(radio, raw[RAW.psc]) ? raw[RAW.psc] : raw[RAW.scramblingCode];
  cell.radio = radio;
  // Android knows of most neighbours only where they are heard. Without a network there is nothing to look up or to be attached to.
  cell.mcc = isNamed ? mcc : 0;
  cell.mnc = isNamed ? mnc : 0;
  cell.area = isValidArea(radio, mcc, mnc, area) ? area : 0;
  cell.id = isNamed && isValidCellId(radio, id) ? id : 0;
  cell.psc = isValidPsc(radio, psc) ? psc : -1;
  if (cell.area === 0 && cell.id === 0 && cell.psc < 0) return false;
  const dbm = cellDbm(radio, raw[RAW.strength]);
  cell.dbm = dbm === UNKNOWN_DBM ? asuDbm(radio, raw[RAW.asu]) : dbm;
  cell.ta = timingAdvanceOf(radio, raw[RAW.timingAdvance]);
  cell.ageMs = ageOf(raw[RAW.age]);
  cell.serving = isNamed ? raw[RAW.serving] : 0;
  return true;
}

/** Timing advance in the radio's own steps: GSM 0..219 (TS 45.010), LTE 0..1282 (TS 36.213); UMTS and NR say nothing usable. */
function timingAdvanceOf(radio: number, ta: number): number {
  const max = radio === RADIO.gsm ? 219 : radio === RADIO.lte ? 1282 : -1;
  return ta >= 0 && ta <= max ? ta : -1;
}

// What one phone says it sees, as columns of numbers that a thread reuses for every request.
// Promises: bounded (the strongest MAX_WIFI access points, MAX_BLUETOOTH beacons, MAX_CELLS cells), each transmitter once,
// sorted by strength and identity, so that the same observations in any order give the same columns, byte for byte.
// Holds no name of a network. Does not know where anything is.
import { orderOfCells } from '../radio/cell-order.ts';

/** More than any real scan holds: outdoor scans have 32 access points at the 90th percentile, malls about 100. */
export const MAX_WIFI = 128;
export const MAX_BLUETOOTH = 64;
/** Modems report at most 8-16 neighbours for each of two SIMs. */
export const MAX_CELLS = 32;

/** Access points or beacons: `mac` as a 48-bit number, `dbm` UNKNOWN_DBM if not sent, `ageMs` >= 0 (0 = now or unknown). */
export type MacReadings = {
  count: number;
  readonly mac: Float64Array;
  readonly dbm: Float64Array;
  readonly ageMs: Float64Array;
};

/**
 * Cells: `mcc` 0 = of no known network (then `mnc`, `area`, `id` are 0: a neighbour), `area` 0 = unknown, `id` 0 = unknown, `psc` and
 * `ta` -1 = unknown, `serving` 1 only if the phone said so.
 */
export type CellReadings = {
  count: number;
  readonly radio: Uint8Array;
  readonly mcc: Uint16Array;
  readonly mnc: Uint16Array;
  readonly area: Float64Array;
  readonly id: Float64Array;
  readonly psc: Int16Array;
  readonly ta: Int16Array;
  readonly dbm: Float64Array;
  readonly ageMs: Float64Array;
  readonly serving: Uint8Array;
};

/** The phone's own fix; `accuracyM` as sent (68 %, Android's meaning) or 0 = not sent, `speedMps` -1 = unknown. */
export type FixReading = {
  present: boolean;
  lat: number;
  lon: number;
  accuracyM: number;
  ageMs: number;
  speedMps: number;
};

export type Readings = {
  readonly wifi: MacReadings;
  readonly bluetooth: MacReadings;
  readonly cells: CellReadings;
  /** Raw cells (raw-cell.ts) that say nothing of their radio, nor does the request: the map may know (unsaid-radio.ts). */
  readonly unsaid: Float64Array[];
  readonly fix: FixReading;
  /** The client's address if the phone lets us use it, else undefined. Personal: used, never kept. */
  ip: string | undefined;
  /** False if the phone does not want an area instead of a cell (`fallbacks.lacf`). */
  allowArea: boolean;
};

/** Empty readings: one per thread, filled anew for each request. */
export function createReadings(): Readings {
  return {
    wifi: createMacReadings(MAX_WIFI),
    bluetooth: createMacReadings(MAX_BLUETOOTH),
    cells: {
      count: 0,
      radio: new Uint8Array(MAX_CELLS),
      mcc: new Uint16Array(MAX_CELLS),
      mnc: new Uint16Array(MAX_CELLS),
      area: new Float64Array(MAX_CELLS),
      id: new Float64Array(MAX_CELLS),
      psc: new Int16Array(MAX_CELLS),
      ta: new Int16Array(MAX_CELLS),
      dbm: new Float64Array(MAX_CELLS),
      ageMs: new Float64Array(MAX_CELLS),
      serving: new Uint8Array(MAX_CELLS),
    },
    unsaid: [],
    fix: { present: false, lat: 0, lon: 0, accuracyM: 0, ageMs: 0, speedMps: -1 },
    ip: undefined,
    allowArea: true,
  };
}

function createMacReadings(slots: number): MacReadings {
  return { count: 0, mac: new Float64Array(slots), dbm: new Float64Array(slots), ageMs: new Float64Array(slots) };
}

/** Forgets everything, as if newly created. */
export function clearReadings(readings: Readings): void {
  readings.wifi.count = 0;
  readings.bluetooth.count = 0;
  readings.cells.count = 0;
  readings.unsaid.length = 0;
  readings.fix.present = false;
  readings.ip = undefined;
  readings.allowArea = true;
}

/**
 * Adds one transmitter, keeping the columns sorted by strength (strongest first), then address, and at most as many as fit.
 * Of two readings of one address the stronger stays, of equals the younger.
 */
export function addMac(into: MacReadings, mac: number, dbm: number, ageMs: number): void {
  const { mac: macs, dbm: dbms, ageMs: ages } = into;
  let last = into.count;
  for (let i = 0; i < into.count; i++) {
    if (macs[i] !== mac) continue;
    if (dbm < dbms[i] || (dbm === dbms[i] && ageMs >= ages[i])) return;
    last = i;
    break;
  }
  if (last === macs.length) {
    last--;
    if (dbm < dbms[last] || (dbm === dbms[last] && mac > macs[last])) return;
  } else if (last === into.count) into.count++;
  let i = last;
  for (; i > 0 && (dbms[i - 1] < dbm || (dbms[i - 1] === dbm && macs[i - 1] > mac)); i--) {
    macs[i] = macs[i - 1];
    dbms[i] = dbms[i - 1];
    ages[i] = ages[i - 1];
  }
  macs[i] = mac;
  dbms[i] = dbm;
  ages[i] = ageMs;
}

/** Removes one address if it is there: its owner asked to be left alone. */
export function removeMac(from: MacReadings, mac: number): void {
  let kept = 0;
  for (let i = 0; i < from.count; i++) {
    if (from.mac[i] === mac) continue;
    from.mac[kept] = from.mac[i];
    from.dbm[kept] = from.dbm[i];
    from.ageMs[kept] = from.ageMs[i];
    kept++;
  }
  from.count = kept;
}

/** One cell on its way into the columns; the same meaning as in CellReadings. */
export type CellReading = {
  radio: number;
  mcc: number;
  mnc: number;
  area: number;
  id: number;
  psc: number;
  ta: number;
  dbm: number;
  ageMs: number;
  serving: number;
};

/**
 * Adds one cell, sorted as `rankCells` says, and at most as many as fit. Of two readings of one cell the better ranked stays.
 */
export function addCell(into: CellReadings, cell: CellReading): void {
  let last = into.count;
  for (let i = 0; i < into.count; i++) {
    if (!isSameCell(into, i, cell)) continue;
    if (rankCells(into, i, cell) <= 0) return;
    last = i;
    break;
  }
  if (last === MAX_CELLS) {
    last--;
    if (rankCells(into, last, cell) <= 0) return;
  } else if (last === into.count) into.count++;
  let i = last;
  for (; i > 0 && rankCells(into, i - 1, cell) > 0; i--) writeCell(into, i, into, i - 1);
  into.radio[i] = cell.radio;
  into.mcc[i] = cell.mcc;
  into.mnc[i] = cell.mnc;
  into.area[i] = cell.area;
  into.id[i] = cell.id;
  into.psc[i] = cell.psc;
  into.ta[i] = cell.ta;
  into.dbm[i] = cell.dbm;
  into.ageMs[i] = cell.ageMs;
  into.serving[i] = cell.serving;
}

function writeCell(into: CellReadings, i: number, from: CellReadings, j: number): void {
  into.radio[i] = from.radio[j];
  into.mcc[i] = from.mcc[j];
  into.mnc[i] = from.mnc[j];
  into.area[i] = from.area[j];
  into.id[i] = from.id[j];
  into.psc[i] = from.psc[j];
  into.ta[i] = from.ta[j];
  into.dbm[i] = from.dbm[j];
  into.ageMs[i] = from.ageMs[j];
  into.serving[i] = from.serving[j];
}

/** One transmitter: full identities compare by it; a neighbour without one by what it has. */
function isSameCell(cells: CellReadings, i: number, cell: CellReading): boolean {
  return (
    cells.id[i] === cell.id &&
    cells.area[i] === cell.area &&
    cells.mcc[i] === cell.mcc &&
    cells.mnc[i] === cell.mnc &&
    cells.radio[i] === cell.radio &&
    (cell.id !== 0 || cells.psc[i] === cell.psc)
  );
}

/**
 * Negative if row i comes before the cell, in the order of radio/cell-order.ts. Readings of one cell go on by age and timing advance,
 * neighbours without an identity by physical identity.
 */
function rankCells(cells: CellReadings, i: number, cell: CellReading): number {
  return (
    orderOfCells(
      cells.serving[i] - cell.serving,
      Number(cells.id[i] > 0) - Number(cell.id > 0),
      cells.dbm[i] - cell.dbm,
      cells.radio[i] - cell.radio,
      cells.mcc[i] - cell.mcc,
      cells.mnc[i] - cell.mnc,
      cells.area[i] - cell.area,
      cells.id[i] - cell.id,
    ) ||
    cells.ageMs[i] - cell.ageMs ||
    Number(cell.ta >= 0) - Number(cells.ta[i] >= 0) ||
    cells.ta[i] - cell.ta ||
    cells.psc[i] - cell.psc
  );
}

/**
 * Physical identity of the strongest other cell of row i's radio and network (most neighbours tell none), of equals the least, -1 =
 * none. What is learnt is filed under the same (observations/serving.ts).
 */
export function strongestNeighbour(cells: CellReadings, i: number): number {
  const { radio, mcc, mnc, psc, dbm } = cells;
  let best = -1;
  for (let j = 0; j < cells.count; j++) {
    if (j === i || radio[j] !== radio[i] || psc[j] < 0) continue;
    if (mcc[j] !== 0 && (mcc[j] !== mcc[i] || mnc[j] !== mnc[i])) continue;
    if (best < 0 || dbm[j] > dbm[best] || (dbm[j] === dbm[best] && psc[j] < psc[best])) best = j;
  }
  return best < 0 ? -1 : psc[best];
}

// What one request wants to know of the map, as columns: addresses and cells together, so that an index can fetch all of it at
// once. Promises: a fixed number of rows, no allocation after creation; a row that does not fit is not added. Judges nothing.
import type { FoundStations, MacKind, StationReader } from './index-contract.ts';

/** Kind of a row that is a cell; others are MAC_KIND. */
export const CELL_ROW = 3;

/** `id` is the MAC or the cell id; the others are the rest of a cell's identity. */
export type StationKeys = {
  count: number;
  readonly kind: Uint8Array;
  readonly id: Float64Array;
  readonly radio: Uint8Array;
  readonly mcc: Uint16Array;
  readonly mnc: Uint16Array;
  readonly area: Float64Array;
};

export function createStationKeys(rows: number): StationKeys {
  return {
    count: 0,
    kind: new Uint8Array(rows),
    id: new Float64Array(rows),
    radio: new Uint8Array(rows),
    mcc: new Uint16Array(rows),
    mnc: new Uint16Array(rows),
    area: new Float64Array(rows),
  };
}

/** Adds the first `count` of some addresses; returns the row of the first, the others follow. */
export function addMacKeys(keys: StationKeys, kind: MacKind, macs: Float64Array, count: number): number {
  const first = keys.count;
  const n = Math.min(count, keys.id.length - first);
  for (let i = 0; i < n; i++) {
    keys.kind[first + i] = kind;
    keys.id[first + i] = macs[i];
  }
  keys.count = first + n;
  return first;
}

/** Adds a cell; returns its row, or -1 if there is no room. */
export function addCellKey(
  keys: StationKeys,
  radio: number,
  mcc: number,
  mnc: number,
  area: number,
  cellId: number,
): number {
  const row = keys.count;
  if (row === keys.id.length) return -1;
  keys.count++;
  keys.kind[row] = CELL_ROW;
  keys.id[row] = cellId;
  keys.radio[row] = radio;
  keys.mcc[row] = mcc;
  keys.mnc[row] = mnc;
  keys.area[row] = area;
  return row;
}

/** `findAll` for readers that gain nothing by a batch: row by row. */
export function findEach(
  reader: Pick<StationReader, 'findMacs' | 'findCell'>,
  keys: StationKeys,
  out: FoundStations,
  found: Uint8Array,
): void {
  const { kind, id, radio, mcc, mnc, area } = keys;
  const all = Object.values(out) as (typeof out)[keyof typeof out][];
  for (let i = 0; i < keys.count; i++) {
    if (kind[i] === CELL_ROW) found[i] = reader.findCell(radio[i], mcc[i], mnc[i], area[i], id[i], out, i) ? 1 : 0;
    else {
      const [lat, lon, radiusM, samples, lastSeenDay, flags, detail] = all.map((column) =>
        column.subarray(i),
      ) as never[];
      const row = { lat, lon, radiusM, samples, lastSeenDay, flags, detail };
      reader.findMacs(kind[i] as MacKind, id.subarray(i), 1, row, found.subarray(i));
    }
  }
}

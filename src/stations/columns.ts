// A batch of stations as columns of numbers, between the readers of files and the store: two million rows pass through
// without an object each. Promises: NaN in a column = unknown (never in identities and blockCount); a batch is full at its capacity and says so, it never grows.
// Does not check what is put in: the readers do (station.ts).

import { SOURCE, type Station, type StationType } from './station.ts';

/** Stations of one type. Identity columns that the type does not have stay untouched. */
export type StationColumns = {
  count: number;
  readonly mac: Float64Array;
  readonly radio: Float64Array;
  readonly mcc: Float64Array;
  readonly mnc: Float64Array;
  readonly area: Float64Array;
  readonly cellId: Float64Array;
  readonly psc: Float64Array;
  readonly lat: Float64Array;
  readonly lon: Float64Array;
  readonly radiusM: Float64Array;
  readonly samples: Float64Array;
  readonly weight: Float64Array;
  readonly source: Float64Array;
  readonly createdAt: Float64Array;
  readonly modifiedAt: Float64Array;
  readonly lastSeenAt: Float64Array;
  readonly blockedAt: Float64Array;
  readonly blockCount: Float64Array;
};
export type ColumnName = Exclude<keyof StationColumns, 'count'>;

/** Stations of any type on their way into the store: `count` of them, at most `capacity`. */
export type StationBatch = { readonly capacity: number; count: number } & {
  readonly [T in StationType]: StationColumns;
};

function createColumns(capacity: number): StationColumns {
  const column = () => new Float64Array(capacity);
  return {
    count: 0,
    mac: column(),
    radio: column(),
    mcc: column(),
    mnc: column(),
    area: column(),
    cellId: column(),
    psc: column(),
    lat: column(),
    lon: column(),
    radiusM: column(),
    samples: column(),
    weight: column(),
    source: column(),
    createdAt: column(),
    modifiedAt: column(),
    lastSeenAt: column(),
    blockedAt: column(),
    blockCount: column(),
  };
}

export function createBatch(capacity: number): StationBatch {
  const columns = () => createColumns(capacity);
  return { capacity, count: 0, cell: columns(), area: columns(), wifi: columns(), bluetooth: columns() };
}

export function clearBatch(batch: StationBatch): void {
  batch.count = 0;
  for (const columns of [batch.cell, batch.area, batch.wifi, batch.bluetooth]) columns.count = 0;
}

/** Appends one station to a batch that is not full. */
export function putStation(batch: StationBatch, station: Station): void {
  const into = batch[station.type];
  const i = into.count++;
  batch.count++;
  if (station.type === 'cell' || station.type === 'area') {
    into.radio[i] = station.radio;
    into.mcc[i] = station.mcc;
    into.mnc[i] = station.mnc;
    into.area[i] = station.area;
    if (station.type === 'cell') {
      into.cellId[i] = station.cellId;
      into.psc[i] = station.psc ?? Number.NaN;
    }
  } else {
    into.mac[i] = station.mac;
  }
  into.lat[i] = station.lat ?? Number.NaN;
  into.lon[i] = station.lon ?? Number.NaN;
  into.radiusM[i] = station.radiusM ?? Number.NaN;
  into.samples[i] = station.samples ?? Number.NaN;
  into.weight[i] = station.weight ?? Number.NaN;
  into.source[i] = station.source === null ? Number.NaN : SOURCE[station.source];
  into.createdAt[i] = station.createdAt ?? Number.NaN;
  into.modifiedAt[i] = station.modifiedAt ?? Number.NaN;
  into.lastSeenAt[i] = station.lastSeenAt ?? Number.NaN;
  into.blockedAt[i] = station.blockedAt ?? Number.NaN;
  into.blockCount[i] = station.blockCount;
}

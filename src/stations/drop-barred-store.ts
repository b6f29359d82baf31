// Keeps access points and beacons whose owners had them barred out of a batch on its way into the store. Promises: what is
// left keeps its order; cells and areas are never asked about; nobody bars one between the question and the end of the
// transaction, so that an import that runs beside a removal does not bring back what it took away. Does not know how the list is
// kept: it is given the question.
import type { ClientBase } from 'pg';
import { BARRING_LOCK } from '../storage/locks.ts';
import type { ColumnName, StationBatch, StationColumns } from './columns.ts';

/** Which of these addresses are barred. */
export type BarredAmong = (client: ClientBase, macs: readonly number[]) => Promise<ReadonlySet<number>>;

/** Removes barred stations from the batch, in the transaction that will write it; resolves with how many. */
export async function dropBarred(client: ClientBase, batch: StationBatch, barredAmong: BarredAmong): Promise<number> {
  if (batch.wifi.count + batch.bluetooth.count === 0) return 0;
  await client.query(`select pg_advisory_xact_lock_shared(${BARRING_LOCK})`);
  let dropped = 0;
  for (const columns of [batch.wifi, batch.bluetooth]) {
    if (columns.count === 0) continue;
    const barred = await barredAmong(client, [...columns.mac.subarray(0, columns.count)]);
    if (barred.size > 0) dropped += dropRows(columns, (i) => barred.has(columns.mac[i]));
  }
  batch.count -= dropped;
  return dropped;
}

function dropRows(columns: StationColumns, isDropped: (i: number) => boolean): number {
  const { count, ...arrays } = columns;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if (isDropped(i)) continue;
    if (kept < i) for (const name of Object.keys(arrays) as ColumnName[]) arrays[name][kept] = arrays[name][i];
    kept++;
  }
  columns.count = kept;
  return count - kept;
}

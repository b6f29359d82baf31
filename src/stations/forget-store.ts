// The end of a learnt station: nobody has heard it for so long that it is not there any more. Promises: its position leaves all
// answers by the change feed and what was learnt of it goes; short transactions, never beside a fold; imported stations that
// were never heard are not touched. The row stays, without a position, for indexes that have not followed yet, until
// empty-store.ts deletes it.
import type { Pool, PoolClient } from 'pg';
import { LEARNING_LOCK } from '../storage/locks.ts';
import { MAC_KIND } from './index-contract.ts';

const DAY_MS = 86_400_000;
/** Stations forgotten in one transaction. */
const BATCH = 2_000;
/** Of each kind in one run: some ten seconds' work. What is left over waits for the next run. */
const MAX_BATCHES = 200;
const NO_POSITION = 'lat = null, lon = null, radius_m = null, samples = null, weight = null, source = null';

/**
 * Forgets learnt stations last heard more than `afterDays` days ago, `maxBatches` transactions of each kind at most; stops
 * between two when the signal aborts. Resolves with how many.
 */
export async function forgetStations(
  db: Pool,
  nowMs: number,
  afterDays: number,
  signal?: AbortSignal,
  maxBatches: number = MAX_BATCHES,
): Promise<number> {
  const beforeDay = Math.floor(nowMs / DAY_MS) - afterDays;
  let forgotten = 0;
  for (const forget of [forgetMacs, forgetCells]) {
    for (let batch = 0, n = BATCH; n === BATCH && batch < maxBatches && !signal?.aborted; batch++) {
      n = await inTransaction(db, (client) => forget(client, beforeDay, nowMs));
      forgotten += n;
    }
  }
  return forgotten;
}

async function forgetMacs(client: PoolClient, beforeDay: number, nowMs: number): Promise<number> {
  const { rows } = await client.query(
    `delete from mac_learning where ctid = any(array(select ctid from mac_learning where last_day < $1 limit ${BATCH}))
     returning kind, mac`,
    [beforeDay],
  );
  for (const [kind, table] of [
    [MAC_KIND.wifi, 'wifi_stations'],
    [MAC_KIND.bluetooth, 'bluetooth_stations'],
  ] as const) {
    const macs = rows.filter((row) => row.kind === kind).map((row) => row.mac);
    await client.query(
      `update ${table} set ${NO_POSITION}, modified_at = $2, changed = pg_current_xact_id() where mac = any($1::int8[]) and lat is not null`,
      [macs, nowMs],
    );
  }
  return rows.length;
}

async function forgetCells(client: PoolClient, beforeDay: number, nowMs: number): Promise<number> {
  const { rowCount, rows } = await client.query(
    `delete from cell_learning where ctid = any(array(select ctid from cell_learning where last_day < $1 limit ${BATCH}))
     returning radio, mcc, mnc, area, cell_id`,
    [beforeDay],
  );
  const column = (name: string) => rows.map((row) => row[name]);
  await client.query(
    `update cells e set ${NO_POSITION}, modified_at = $6, changed = pg_current_xact_id()
     from unnest($1::int2[], $2::int2[], $3::int2[], $4::int4[], $5::int8[]) as u(radio, mcc, mnc, area, cell_id)
     where (e.radio, e.mcc, e.mnc, e.area, e.cell_id) = (u.radio, u.mcc, u.mnc, u.area, u.cell_id) and lat is not null`,
    [column('radio'), column('mcc'), column('mnc'), column('area'), column('cell_id'), nowMs],
  );
  return rowCount ?? 0;
}

async function inTransaction<T>(db: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.connect();
  let broken: Error | undefined;
  try {
    await client.query(`begin; select pg_advisory_xact_lock(${LEARNING_LOCK})`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

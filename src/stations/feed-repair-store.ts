// The change feed after a dump was restored: rows keep the transaction numbers of the server they were written on, which may lie
// ahead of this one's, and whoever looks for changes (deriving areas, above all) would find them again and again until this
// server has counted so far. Promises: one pass over each table in short transactions, safe to be killed and run again, and
// nothing at all where nothing lies ahead.
import type { Pool } from 'pg';
import { blocksOf } from './feed-store.ts';

/** Every table of stations or keys with a `changed` column. */
const TABLES = ['cells', 'areas', 'wifi_stations', 'bluetooth_stations', 'api_keys'] as const;
/** Blocks of 8 KB in one transaction: some 10,000 rows. */
const BLOCKS = 125;

const AHEAD = 'changed >= pg_snapshot_xmax(pg_current_snapshot())';

/** Tables with rows that lie ahead. */
export async function tablesAhead(pool: Pool): Promise<string[]> {
  const found: string[] = [];
  for (const table of TABLES) {
    const { rows } = await pool.query<{ ahead: boolean }>(
      `select exists (select from ${table} where ${AHEAD}) as ahead`,
    );
    if (rows[0].ahead) found.push(table);
  }
  return found;
}

/** Counts rows that lie ahead as changed now; stops between two transactions when the signal aborts. Resolves with how many. */
export async function repairFeed(pool: Pool, signal?: AbortSignal): Promise<number> {
  let repaired = 0;
  for (const table of await tablesAhead(pool)) {
    const blocks = await blocksOf(pool, table);
    for (let block = 0; block < blocks && !signal?.aborted; block += BLOCKS) {
      const { rowCount } = await pool.query(
        `update ${table} set changed = pg_current_xact_id() where ${AHEAD} and ctid >= $1::tid and ctid < $2::tid`,
        [`(${block},0)`, `(${block + BLOCKS},0)`],
      );
      repaired += rowCount ?? 0;
    }
  }
  return repaired;
}

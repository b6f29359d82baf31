// Rows of stations that hold no position any more: faded ones, barred addresses, moved ones that nobody heard again. Promises:
// such a row is deleted for good, but no sooner than EMPTY_DAYS after the change that emptied it was there for every index to
// see, told by transactions and not by dates that an import may set; a station of which something is still learnt keeps its
// row; short transactions, never beside a fold. An index that followed nothing for so long must be read anew: snapshots
// older than a week are refused (feed.ts).
import type { ClientBase, Pool } from 'pg';
import { DAY_MS } from '../time/spans.ts';
import { inBatches } from './in-batches-store.ts';
import { MAC_KIND } from './index-contract.ts';

/** Twice the age of the oldest snapshot that is read. */
export const EMPTY_DAYS = 14;
/** Rows in one transaction, and transactions of each table in one run. */
const BATCH = 2_000;
const MAX_BATCHES = 200;

const CELL_KEY = ['radio', 'mcc', 'mnc', 'area', 'cell_id'];
const isSame = (columns: readonly string[]) => columns.map((name) => `l.${name} = s.${name}`).join(' and ');
/** Each table, and what says that a station of it is being learnt. */
const TABLES = {
  cells: `select from cell_learning l where ${isSame(CELL_KEY)}`,
  wifi_stations: `select from mac_learning l where l.kind = ${MAC_KIND.wifi} and l.mac = s.mac`,
  bluetooth_stations: `select from mac_learning l where l.kind = ${MAC_KIND.bluetooth} and l.mac = s.mac`,
} as const;

/** Deletes what has been empty for long enough; stops between two transactions when the signal aborts. Resolves with how many rows. */
export async function deleteEmpty(db: Pool, nowMs: number, signal?: AbortSignal): Promise<number> {
  const upto = await markDay(db, Math.floor(nowMs / DAY_MS));
  if (upto === null) return 0;
  let deleted = 0;
  for (const table of Object.keys(TABLES) as (keyof typeof TABLES)[]) {
    const batches = { rows: BATCH, most: MAX_BATCHES, signal };
    deleted += await inBatches(db, batches, (client) => deleteSome(client, table, upto));
  }
  return deleted;
}

/** Notes where the change feed stands today, forgets what is no longer needed, and tells where it stood EMPTY_DAYS ago; null = not known. */
async function markDay(db: Pool, day: number): Promise<string | null> {
  // Marks of a server from whose dump this one was restored lie ahead, or mean nothing.
  await db.query(
    `delete from feed_positions where reader like 'empty %' and upto > pg_snapshot_xmin(pg_current_snapshot())`,
  );
  await db.query(
    `insert into feed_positions (reader, upto) values ('empty ' || $1::int4, pg_snapshot_xmin(pg_current_snapshot()))
     on conflict (reader) do nothing`,
    [day],
  );
  const { rows } = await db.query<{ reader: string; day: number; upto: string }>(
    `select reader, substr(reader, 7)::int4 as day, upto::text from feed_positions
     where reader like 'empty %' and substr(reader, 7)::int4 <= $1 order by day desc`,
    [day - EMPTY_DAYS],
  );
  await db.query('delete from feed_positions where reader = any($1)', [rows.slice(1).map(({ reader }) => reader)]);
  return rows.length === 0 ? null : rows[0].upto;
}

async function deleteSome(client: ClientBase, table: keyof typeof TABLES, upto: string): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${table} where ctid = any(array(
       select ctid from ${table} s where lat is null and changed < $1::xid8 and not exists (${TABLES[table]}) limit ${BATCH}
     )) and lat is null`,
    [upto],
  );
  return rowCount ?? 0;
}

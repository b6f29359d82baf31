// Retention in the store: what is over is deleted, table by table, from the registry alone. Promises: a row under a legal hold
// stays until the hold ends; short transactions; whoever runs it twice finds nothing the second time. Tables whose rows need
// more than a delete (the map, the ledger, devices) have jobs of their own; `countOverdue` looks at all of them.
import type { ClientBase, Pool } from 'pg';
import { allowDeletes } from '../storage/append-only.ts';
import { transact } from '../storage/transaction.ts';
import { overdueSql, REGISTRY, type TableEntry } from './registry.ts';

/** Rows deleted at once: some 10 ms, also on the embedded store. */
const BATCH = 5_000;

/** The primary key of row `t` as text: what a hold names. */
function rowKeySql({ key }: TableEntry): string {
  return `concat_ws('/', ${key.map((column) => `t.${column}::text`).join(', ')})`;
}

/** True of a row `t` that a hold keeps, with now as `$1`. */
export function heldSql(table: string, entry: TableEntry): string {
  return `exists (select from legal_holds h where h.table_name = '${table}' and h.ends_at > $1::int8
    and h.row_key = ${rowKeySql(entry)})`;
}

/** Deletes what is over and nothing holds, until the signal aborts. Returns how many rows went, by table. */
export async function sweepExpired(db: Pool, nowMs: number, signal?: AbortSignal): Promise<Record<string, number>> {
  const gone: Record<string, number> = {};
  // Rows that last as long as others go after those.
  const late = ([, entry]: [string, TableEntry]) => (entry.life.kind === 'when' ? 1 : 0);
  for (const [table, entry] of Object.entries(REGISTRY).sort((a, b) => late(a) - late(b))) {
    const overdue = overdueSql(entry);
    if (overdue === null || entry.endedBy !== 'sweep') continue;
    const sql = `delete from ${table} where ctid = any(array(
      select t.ctid from ${table} t where ${overdue} and not ${heldSql(table, entry)} limit ${BATCH}))`;
    for (let n = BATCH; n === BATCH && !signal?.aborted; ) {
      n = await transact(db, async (client) => {
        await allowDeletes(client, 'retention');
        return (await client.query(sql, [nowMs])).rowCount ?? 0;
      });
      if (n > 0) gone[table] = (gone[table] ?? 0) + n;
    }
  }
  return gone;
}

/** Rows whose time is over, by table, held ones left out; tables without any are absent. Reads every table. */
export async function countOverdue(db: Pool | ClientBase, nowMs: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [table, entry] of Object.entries(REGISTRY)) {
    const overdue = overdueSql(entry);
    if (overdue === null) continue;
    const sql = `select count(*)::float8 as n from ${table} t where ${overdue} and not ${heldSql(table, entry)}`;
    const { rows } = await db.query(sql, [nowMs]);
    if (rows[0].n > 0) found[table] = rows[0].n;
  }
  return found;
}

type HoldRequest = {
  readonly id: string;
  readonly table: string;
  readonly rowKey: string;
  readonly reason: string;
  readonly placedBy: string;
  readonly endsAt: number;
};

/** Places go when whoever was there says so, whoever would like to keep them. */
const PLACES = ['last_locations', 'coarse_states', 'visits'];

/** Tables whose rows can be held: those that the sweep or an erasure would delete, and nothing else. */
export function canBeHeld(table: string): boolean {
  const entry = Object.hasOwn(REGISTRY, table) ? REGISTRY[table] : undefined;
  return (
    entry !== undefined &&
    (entry.endedBy === 'sweep' || entry.subject?.by === 'device') &&
    table !== 'legal_holds' &&
    !PLACES.includes(table)
  );
}

/** Holds one row; false if there is no such row. */
export async function placeHold(client: ClientBase | Pool, hold: HoldRequest, nowMs: number): Promise<boolean> {
  if (!canBeHeld(hold.table)) return false;
  const entry = REGISTRY[hold.table];
  const device = entry.subject?.by === 'device' ? `t.${entry.subject.column}` : 'null::uuid';
  const { rowCount } = await client.query(
    `insert into legal_holds (id, table_name, row_key, device, reason, placed_by, placed_at, ends_at)
     select $1, $2, $3, ${device}, $4, $5, $6, $7 from ${hold.table} t where ${rowKeySql(entry)} = $3`,
    [hold.id, hold.table, hold.rowKey, hold.reason, hold.placedBy, nowMs, hold.endsAt],
  );
  return (rowCount ?? 0) > 0;
}

/** Ends a hold now; false if it is not there or over. */
export async function endHold(client: ClientBase | Pool, id: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await client.query('update legal_holds set ends_at = $2 where id = $1 and ends_at > $2', [
    id,
    nowMs,
  ]);
  return (rowCount ?? 0) > 0;
}

export async function isHold(client: ClientBase, id: string): Promise<boolean> {
  return (await client.query('select from legal_holds where id = $1', [id])).rows.length > 0;
}

/** Holds that are in force at `nowMs`, what ends first at the top. */
export async function listHolds(db: Pool, nowMs: number) {
  const { rows } = await db.query(
    `select id, table_name as "table", row_key as "rowKey", reason, placed_by as "placedBy", placed_at::float8 as "placedAt",
       ends_at::float8 as "endsAt" from legal_holds where ends_at > $1 order by ends_at, id`,
    [nowMs],
  );
  return rows as {
    id: string;
    table: string;
    rowKey: string;
    reason: string;
    placedBy: string;
    placedAt: number;
    endsAt: number;
  }[];
}

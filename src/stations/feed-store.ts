// What the feed asks the store: where its change feed stands, and pages of stations, all of them or those that became
// visible between two places. Promises: a place is a pg_snapshot, so a transaction that commits late is neither missed nor
// waited for, and no row is read twice; every query is short, bounded in rows and by itself, so nobody waits for a page.
import type { Pool } from 'pg';
import { type FeedTable, keyColumns, packSql } from './feed-rows.ts';

export type FeedPage = { readonly rows: number; readonly packed: Buffer };

/** Where a read of a table goes on: the last row's values in the order of its keys, as text. */
export type Cursor = readonly string[];

/**
 * Identity of the store: its own id, and of the server and database its transaction numbers belong to, so that a copy
 * restored elsewhere is another store.
 */
export async function storeIdentity(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ store: string; database: string }>(
    'select store::text, (select oid::text from pg_database where datname = current_database()) as database from store_meta',
  );
  if (rows.length !== 1) throw new Error('store_meta must have one row');
  return `${rows[0].store} ${await serverIdentity(pool)} ${rows[0].database}`;
}

async function serverIdentity(pool: Pool): Promise<string> {
  try {
    const { rows } = await pool.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
    return rows[0].id;
  } catch (error) {
    // 42501: a hoster may keep this function for itself; the store's id must do.
    if ((error as { code?: string }).code === '42501') return '-';
    throw error;
  }
}

/** The present place in the change feed. */
export async function currentPosition(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ position: string }>('select pg_current_snapshot()::text as position');
  return rows[0].position;
}

/** The present place, and whether transaction numbers went back since `position`: then the store was restored from a backup. */
export async function positionSince(pool: Pool, position: string): Promise<{ position: string; wentBack: boolean }> {
  const { rows } = await pool.query<{ position: string; went_back: boolean }>(
    `select pg_current_snapshot()::text as position,
       pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::pg_snapshot) as went_back`,
    [position],
  );
  return { position: rows[0].position, wentBack: rows[0].went_back };
}

/** A page of all stations of a table in key order, after `after`. */
export function readAll(pool: Pool, table: FeedTable, after: Cursor | null, limit: number): Promise<FeedPage> {
  const columns = keyColumns(table);
  const names = columns.map(({ name }) => name).join(', ');
  const values: unknown[] = [limit];
  let where = '';
  if (after !== null) {
    where = `where (${names}) > (${columns.map(({ type }, i) => `$${i + 2}::${type}`).join(', ')})`;
    values.push(...after.slice(1));
  }
  return readPage(pool, table, names, where, values);
}

/** A page of the stations that changed between two places (visible at `to`, not at `from`), oldest transaction first. */
export function readChanges(
  pool: Pool,
  table: FeedTable,
  from: string,
  to: string,
  after: Cursor | null,
  limit: number,
): Promise<FeedPage> {
  const columns = [{ name: 'changed', type: 'xid8' }, ...keyColumns(table)];
  const names = columns.map(({ name }) => name).join(', ');
  const values: unknown[] = [limit, from, to];
  let where = `where changed >= pg_snapshot_xmin($2::pg_snapshot) and changed < pg_snapshot_xmax($3::pg_snapshot)
    and not pg_visible_in_snapshot(changed, $2::pg_snapshot) and pg_visible_in_snapshot(changed, $3::pg_snapshot)`;
  if (after !== null) {
    where += ` and changed >= $4::xid8 and (${names}) > (${columns.map(({ type }, i) => `$${i + 4}::${type}`).join(', ')})`;
    values.push(...after);
  }
  return readPage(pool, table, names, where, values);
}

async function readPage(
  pool: Pool,
  table: FeedTable,
  order: string,
  where: string,
  values: unknown[],
): Promise<FeedPage> {
  const { rows } = await pool.query<{ n: number; packed: Buffer | null }>(
    `select count(*)::int as n, string_agg(${packSql(table)}, ''::bytea order by ${order}) as packed
     from (select * from ${table} ${where} order by ${order} limit $1) page`,
    values,
  );
  return { rows: rows[0].n, packed: rows[0].packed ?? Buffer.alloc(0) };
}

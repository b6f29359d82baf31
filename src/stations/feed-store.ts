// What the feed asks the store: where its change feed stands, and pages of stations, all of them or those that became
// visible between two places. Promises: a place is a pg_snapshot, so a transaction that commits late is neither missed nor
// waited for; every query is short and bounded in rows, so nobody waits for a page; no plan depends on statistics, which an
// embedded store never gathers (there, `order by changed, key limit n` sorted all that was left, for every page anew).
import type { Pool } from 'pg';
import { type FeedTable, keyColumns, lastKey, packSql } from './feed-rows.ts';

/** Transactions looked at together at most, when they are small. */
const MAX_TRANSACTIONS = 1 << 16;

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

/** All stations of a table in key order, page by page. A page is the caller's to change. */
export async function* allPages(pool: Pool, table: FeedTable, pageRows: number): AsyncGenerator<Buffer> {
  const columns = keyColumns(table);
  const names = columns.map(({ name }) => name).join(', ');
  const after = `where (${names}) > (${columns.map(({ type }, i) => `$${i + 2}::${type}`).join(', ')})`;
  for (let key: readonly string[] | null = []; key !== null; ) {
    const source = `(select * from ${table} ${key.length > 0 ? after : ''} order by ${names} limit $1) page`;
    const page: FeedPage = await readPage(pool, table, source, [pageRows, ...key], `order by ${names}`);
    key = page.rows < pageRows ? null : lastKey(table, page.packed);
    yield page.packed;
  }
}

/**
 * The stations that changed between two places (visible at `to`, not at `from`), by windows of transactions so wide that
 * they hold about `pageRows`; a single transaction of more than twice as many goes by ranges of the table's blocks.
 */
export async function* changedPages(
  pool: Pool,
  table: FeedTable,
  from: string,
  to: string,
  pageRows: number,
): AsyncGenerator<Buffer> {
  const most = 2 * pageRows;
  const range = `changed >= $1::xid8 and changed < $2::xid8
    and not pg_visible_in_snapshot(changed, $3::pg_snapshot) and pg_visible_in_snapshot(changed, $4::pg_snapshot)`;
  let width = 1;
  let start = await nextChange(pool, table, from.split(':')[0], to);
  while (start !== null) {
    const end: number = Number(start) + width;
    const window = [start, String(end), from, to];
    const source = `(select * from ${table} where ${range} limit ${most}) page`;
    const page: FeedPage = await readPage(pool, table, source, window);
    if (page.rows === most && width > 1) {
      width = 1;
      continue;
    }
    if (page.rows === most) yield* blockPages(pool, table, range, window, pageRows);
    else yield page.packed;
    if (page.rows < pageRows / 2) width = Math.min(width * 2, MAX_TRANSACTIONS);
    else if (page.rows > pageRows) width = Math.max(1, width >> 1);
    start = await nextChange(pool, table, String(end), to);
  }
}

/** The first transaction from `start` on and before the end of `to` that changed a row which is still as it left it. */
async function nextChange(pool: Pool, table: FeedTable, start: string, to: string): Promise<string | null> {
  const { rows } = await pool.query<{ next: string }>(
    `select changed::text as next from ${table}
     where changed >= $1::xid8 and changed < pg_snapshot_xmax($2::pg_snapshot) order by changed limit 1`,
    [start, to],
  );
  return rows.length === 0 ? null : rows[0].next;
}

/** Rows of one big transaction, by ranges of blocks: one pass over the table, however many rows it is. */
async function* blockPages(
  pool: Pool,
  table: FeedTable,
  range: string,
  window: readonly string[],
  pageRows: number,
): AsyncGenerator<Buffer> {
  const { rows } = await pool.query<{ blocks: number }>(
    `select (pg_relation_size('${table}') / current_setting('block_size')::int)::int as blocks`,
  );
  // A row takes 100 bytes at least, so 80 fit a block at most.
  const step = Math.max(1, Math.floor(pageRows / 80));
  for (let block = 0; block < rows[0].blocks; block += step) {
    const source = `${table} where ${range} and ctid >= $5::tid and ctid < $6::tid`;
    yield (await readPage(pool, table, source, [...window, `(${block},0)`, `(${block + step},0)`])).packed;
  }
}

type FeedPage = { readonly rows: number; readonly packed: Buffer };

async function readPage(
  pool: Pool,
  table: FeedTable,
  source: string,
  values: readonly unknown[],
  order = '',
): Promise<FeedPage> {
  const { rows } = await pool.query<{ n: number; packed: Buffer | null }>(
    `select count(*)::int as n, string_agg(${packSql(table)}, ''::bytea ${order}) as packed from ${source}`,
    [...values],
  );
  return { rows: rows[0].n, packed: rows[0].packed ?? Buffer.alloc(0) };
}

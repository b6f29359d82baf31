// What the feed asks the store: where its change feed stands, and pages of stations, all of them or those that became
// visible between two places. Promises: a place is a pg_snapshot, so a transaction that commits late is neither missed nor
// waited for; a place means something within one epoch only, since a crash may lose transactions whose commit did not wait for
// the disk, and give their numbers to others; every query is short and bounded in rows, so nobody waits for a page; no plan
// depends on statistics, which an embedded store never gathers (there, `order by changed, key limit n` sorted all that was
// left, for every page anew).
import type { Pool } from 'pg';
import { timedQuery } from '../storage/pool.ts';
import { type FeedTable, keyColumns, lastKey, packSql } from './feed-rows.ts';

/** Transactions looked at together at most, when they are small. */
const MAX_TRANSACTIONS = 1 << 16;

/**
 * Identity of the store: its own id, and of the server, timeline, database and table its transaction numbers belong to, so
 * that a copy restored elsewhere or over this one, or a standby that took over, is another store.
 */
export async function storeIdentity(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ store: string; database: string; table: string }>(
    `select store::text, (select oid::text from pg_database where datname = current_database()) as database,
       'store_meta'::regclass::oid::text as table from store_meta`,
  );
  if (rows.length !== 1) throw new Error('store_meta must have one row');
  const [{ store, database, table }] = rows;
  const server = await ifAllowed(pool, 'select system_identifier::text as it from pg_control_system()');
  // The first eight digits of a file of the log name the timeline.
  const timeline = await ifAllowed(pool, 'select left(pg_walfile_name(pg_current_wal_lsn()), 8) as it');
  return [store, server, timeline, database, table].join(' ');
}

/** What a function says that a hoster may keep for itself, or not have; then the rest must do. */
async function ifAllowed(pool: Pool, text: string): Promise<string> {
  try {
    return (await pool.query<{ it: string }>(text)).rows[0].it;
  } catch (error) {
    // 42501 not permitted, 42883 no such function, 0A000 not supported, 55000 not in this state.
    if (['42501', '42883', '0A000', '55000'].includes((error as { code?: string }).code ?? '')) return '-';
    throw error;
  }
}

/** Empty after a crash, whoever recovered from it; the table's number tells one that was restored from the one before. */
const EPOCH = `(select epoch || ' ' || 'feed_epoch'::regclass::oid from feed_epoch)`;

/** The epoch of the store; begins one if there is none. */
export async function currentEpoch(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ epoch: string | null }>(`select ${EPOCH} as epoch`);
  if (rows[0].epoch !== null) return rows[0].epoch;
  await pool.query('insert into feed_epoch default values on conflict do nothing');
  return currentEpoch(pool);
}

/** The present place in the change feed. */
export async function currentPosition(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ position: string }>('select pg_current_snapshot()::text as position');
  return rows[0].position;
}

type PositionSince = {
  readonly position: string;
  /** Transaction numbers went back: the store was restored from a backup. */
  readonly wentBack: boolean;
  /** As currentEpoch has it; null if there is none since a crash. */
  readonly epoch: string | null;
};

/** The present place, and what became of the store since `position`. */
export async function positionSince(pool: Pool, position: string): Promise<PositionSince> {
  const { rows } = await pool.query<{ position: string; went_back: boolean; epoch: string | null }>(
    `select pg_current_snapshot()::text as position, ${EPOCH} as epoch,
       pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::pg_snapshot) as went_back`,
    [position],
  );
  return { position: rows[0].position, wentBack: rows[0].went_back, epoch: rows[0].epoch };
}

/** A commit that waits for the disk takes milliseconds; a store that needs longer than this is not there. */
const SETTLE_MS = 5_000;

/**
 * Resolves when everything that was visible before the call survives a crash, and no transaction number below the present one
 * can be used again: a commit of ours has reached the disk, and the log is written in order. Rejects if another epoch began.
 */
export async function settleChanges(pool: Pool, epoch: string): Promise<void> {
  const { rows } = await pool.query<{ epoch: string | null }>(
    timedQuery(
      `with waiting as materialized (select set_config('synchronous_commit', 'local', true) as how)
       update store_meta set store = store from waiting where how is not null returning ${EPOCH} as epoch`,
      SETTLE_MS,
    ),
  );
  if (rows[0]?.epoch !== epoch) throw new Error('the store crashed while its changes were being kept');
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

/** The access points or beacons with a position whose last block began within (`afterMs`, `untilMs`], page by page in key order. */
export async function* blockedPages(
  pool: Pool,
  table: 'wifi_stations' | 'bluetooth_stations',
  { afterMs, untilMs, pageRows }: { afterMs: number; untilMs: number; pageRows: number },
): AsyncGenerator<Buffer> {
  // Those first, by their own index, however many rows lie before them in the table.
  const blocked = `(select * from ${table} where blocked_at > $2 and blocked_at <= $3 and lat is not null offset 0) blocked`;
  for (let key: readonly string[] | null = ['-1']; key !== null; ) {
    const source = `(select * from ${blocked} where mac > $4::int8 order by mac limit $1) page`;
    const page: FeedPage = await readPage(pool, table, source, [pageRows, afterMs, untilMs, key[0]], 'order by mac');
    key = page.rows < pageRows ? null : lastKey(table, page.packed);
    yield page.packed;
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

/** How many blocks a table's file has; of a table by a name of ours, never one from outside. */
export async function blocksOf(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ blocks: number }>(
    `select (pg_relation_size('${table}') / current_setting('block_size')::int)::int as blocks`,
  );
  return rows[0].blocks;
}

/** Rows of one big transaction, by ranges of blocks: one pass over the table, however many rows it is. */
async function* blockPages(
  pool: Pool,
  table: FeedTable,
  range: string,
  window: readonly string[],
  pageRows: number,
): AsyncGenerator<Buffer> {
  const blocks = await blocksOf(pool, table);
  // A row takes 100 bytes at least, so 80 fit a block at most.
  const step = Math.max(1, Math.floor(pageRows / 80));
  for (let block = 0; block < blocks; block += step) {
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

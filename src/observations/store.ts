// The inbox's SQL: rows in, rows counted, rows gone. Promises: `insertRows` resolves once the rows are durable in the store;
// a row that is already there is left alone; a row older than RAW_TTL_MS is invisible to every query before the job removes it.
// Who may read payloads is the fold (jobs/fold.ts) alone.
import type { ClientBase, Pool } from 'pg';
import { binaryArray, binaryBytes } from '../storage/binary-array.ts';
import { timedQuery } from '../storage/pool.ts';
import { DAY_MS } from '../time/spans.ts';
import type { InboxRow } from './inbox.ts';
import { PROVENANCE } from './provenance.ts';

/** Raw reports live this long, folded or not (privacy row S1, crowd submissions). */
export const RAW_TTL_MS = 7 * DAY_MS;
/** Rows deleted at once: a transaction of some 10 ms, also on the embedded store. */
const EXPIRY_BATCH = 5_000;

/** An insert takes 30 ms; whoever sent the reports would rather hear 503 than wait longer than this, for the one before theirs and their own. */
const INSERT_MS = 7_000;

const INSERT = `insert into inbox (digest, received_at, contributor, trusted, provenance, payload)
  select d, r, c, t <> 0, w, p
  from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int2[], $5::int2[], $6::bytea[]) as u(d, r, c, t, w, p)
  on conflict (digest) do nothing`;

/**
 * Writes rows in one statement, in their order. Rejects if the store does, and then none is there, or if it does not answer
 * within `timeoutMs`, and then they may be: sent again they are the same rows.
 */
export async function insertRows(
  db: Pool | ClientBase,
  rows: readonly InboxRow[],
  timeoutMs: number = INSERT_MS,
): Promise<void> {
  const order = rows.map((_, i) => i);
  const column = (type: 'int2' | 'int8', of: (row: InboxRow) => number) =>
    binaryArray(type, Float64Array.from(rows, of), order, order.length);
  const values = [
    binaryBytes(
      'uuid',
      rows.map((row) => row.digest),
    ),
    column('int8', (row) => row.receivedAtMs),
    column('int8', (row) => row.contributor),
    column('int2', (row) => (row.trusted ? 1 : 0)),
    column('int2', (row) => PROVENANCE[row.provenance ?? 'crowd']),
    binaryBytes(
      'bytea',
      rows.map((row) => row.payload),
    ),
  ];
  await db.query(timedQuery(INSERT, timeoutMs, values));
}

/** How full the inbox is: rows not yet folded (at most this many; gaps count) and bytes on disk, indexes included. */
export async function measureInbox(db: Pool): Promise<{ pendingRows: number; bytes: number }> {
  const { rows } =
    await db.query(`select (select coalesce(max(id) - min(id) + 1, 0) from inbox where folded_at is null)::text as pending,
    pg_total_relation_size('inbox')::text as bytes`);
  return { pendingRows: Number(rows[0].pending), bytes: Number(rows[0].bytes) };
}

/** Numbers of the first and the last report that nobody folded; they count up in the order of arrival. */
export type WaitingReports = { readonly oldestId: number; readonly newestId: number };

/** Null if none waits. */
export async function waitingReports(db: Pool): Promise<WaitingReports | null> {
  const { rows } = await db.query(
    'select min(id)::text as oldest, max(id)::text as newest from inbox where folded_at is null',
  );
  const [{ oldest, newest }] = rows;
  return oldest === null ? null : { oldestId: Number(oldest), newestId: Number(newest) };
}

/** Deletes what is older than RAW_TTL_MS, a batch at a time until the signal aborts. Returns how many rows went. */
export async function expireInbox(db: Pool, nowMs: number, signal?: AbortSignal): Promise<number> {
  let gone = 0;
  for (;;) {
    const { rowCount } = await db.query(
      `delete from inbox where ctid = any(array(select ctid from inbox where received_at < $1 limit ${EXPIRY_BATCH}))`,
      [nowMs - RAW_TTL_MS],
    );
    gone += rowCount ?? 0;
    if ((rowCount ?? 0) < EXPIRY_BATCH || signal?.aborted) return gone;
  }
}

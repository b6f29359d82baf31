// The ledger as it is read and thinned out: pages of rows, its two ends, and the drop of rows that are past their time.
// Promises: reading takes no lock; a drop takes the oldest rows only, as one run from the beginning, and is itself a row, so
// that rows that somebody removed by hand are never taken for rows that were dropped for age.
import type { ClientBase, Pool } from 'pg';
import type { MasterKeys } from '../devices/master-keys.ts';
import { allowDeletes } from '../storage/append-only.ts';
import { YEAR_MS } from '../time/spans.ts';
import type { InChain } from './chain.ts';
import { KIND, type Kind, type LedgerEntry } from './entry.ts';
import { readForgedConsent } from './forged-consent-store.ts';
import { readForgedDevice } from './forged-device-store.ts';
import type { ReadLedger } from './verify.ts';

/** Evidence is kept three years (privacy.md S1); consent itself ends within one. */
export const LEDGER_TTL_MS = 3 * YEAR_MS;
/** Rows dropped in one transaction: writers wait for it. */
const DROP_ROWS = 5_000;
/** How a drop says up to which row it went. */
export const droppedDetail = (seq: number): string => `dropped to ${seq}`;

type LedgerRow = { readonly seq: number; readonly hash: Buffer; readonly entry: LedgerEntry };
type LedgerEnds = {
  readonly seq: number;
  readonly hash: Buffer;
  /** The last row that was dropped, 0 if none was. */
  readonly droppedSeq: number;
  readonly droppedHash: Buffer;
};

/** Null if the row that says so was deleted. */
export async function readEnds(pool: Pool | ClientBase): Promise<LedgerEnds | null> {
  const { rows } = await pool.query(
    'select seq::float8, hash, dropped_seq::float8 as "droppedSeq", dropped_hash as "droppedHash" from ledger_head',
  );
  return rows[0] ?? null;
}

/** Up to `limit` rows after number `after`, in order. */
export async function readRows(pool: Pool | ClientBase, after: number, limit: number): Promise<LedgerRow[]> {
  const { rows } = await pool.query(
    `select seq::float8, hash, at::float8, kind, application, subject, purpose, basis, precision,
       event_seq::float8 as "eventSeq", policy_version as "policyVersion", tick, detail
     from ledger where seq > $1 order by seq limit $2`,
    [after, limit],
  );
  return rows.map(({ seq, hash, ...entry }) => ({ seq, hash, entry: { ...entry, kind: entry.kind as Kind } }));
}

/** In one statement, which sees rows and ends as of one moment. */
async function readBeyondEnds(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query(
    `select coalesce(
       (select l.seq from ledger l where l.seq <= h.dropped_seq order by l.seq limit 1),
       (select l.seq from ledger l where l.seq > h.seq order by l.seq limit 1))::float8 as seq from ledger_head h`,
  );
  return rows[0]?.seq ?? null;
}

/** The ledger as verify.ts reads it; devices only with the keys that open them. */
export function ledgerReader(pool: Pool, masters?: MasterKeys): ReadLedger {
  return {
    ends: () => readEnds(pool),
    rows: (after, limit) => readRows(pool, after, limit),
    beyondEnds: () => readBeyondEnds(pool),
    forgedConsent: () => readForgedConsent(pool),
    forgedDevice: async () => (masters === undefined ? null : await readForgedDevice(pool, masters)),
    droppedDetail,
  };
}

/**
 * Drops rows older than LEDGER_TTL_MS, and says so in the ledger. Returns how many; what a run leaves, the next one takes. Throws,
 * and drops nothing, if they are not what was written: what somebody changed or removed would else be gone for age.
 */
export function dropAgedRows(inChain: InChain, nowMs: number): Promise<number> {
  return inChain(async (client, chain) => {
    const isAged = ({ entry }: LedgerRow) => entry.at <= nowMs - LEDGER_TTL_MS;
    // Writers wait: mostly there is nothing to drop.
    if (!(await readRows(client, -1, 1)).some(isAged)) return 0;
    const { droppedSeq, droppedHash } = (await readEnds(client))!;
    if (droppedSeq > 0 && !(await isTold(client, droppedSeq))) throw new Error(notWritten(1));
    let last: { seq: number; hash: Buffer } = { seq: droppedSeq, hash: droppedHash };
    for (const row of await readRows(client, -1, DROP_ROWS)) {
      if (!isAged(row)) break;
      const { seq, hash, entry } = row;
      if (seq !== last.seq + 1 || !chain.follows(last.hash, seq, entry, hash))
        throw new Error(notWritten(last.seq + 1));
      last = { seq, hash };
    }
    await allowDeletes(client, 'retention');
    await client.query('delete from ledger where seq <= $1', [last.seq]);
    await client.query('update ledger_head set dropped_seq = $1, dropped_hash = $2', [last.seq, last.hash]);
    chain.append({ at: nowMs, kind: KIND.staff, detail: droppedDetail(last.seq) });
    return last.seq - droppedSeq;
  });
}

const notWritten = (seq: number) =>
  `row ${seq} of the ledger is missing or was changed: none is dropped (honeyguide audit verify)`;

/** True if a row says that rows were dropped up to that one; the last one that does is near the end. */
async function isTold(client: ClientBase, droppedSeq: number): Promise<boolean> {
  const { rows } = await client.query(
    'select 1 from ledger where kind = $1 and detail = $2 order by seq desc limit 1',
    [KIND.staff, droppedDetail(droppedSeq)],
  );
  return rows.length > 0;
}

/** One line of what was counted instead of written down: regions given without a device token, and refusals of those. */
export type CountRow = {
  readonly application: string;
  readonly tick: number;
  readonly outcome: Kind;
  readonly count: number;
};

/** Adds to the counts. Rows come in one order from everybody, so that two gateways don't wait for each other in a circle. */
export async function addCounts(pool: Pool, rows: readonly CountRow[]): Promise<void> {
  await pool.query(
    `insert into disclosure_counts (application, tick, outcome, count)
     select * from unnest($1::text[], $2::int[], $3::smallint[], $4::bigint[]) as c(application, tick, outcome, count)
     order by 1, 2, 3
     on conflict (application, tick, outcome) do update set count = disclosure_counts.count + excluded.count`,
    [
      rows.map((row) => row.application),
      rows.map((row) => row.tick),
      rows.map((row) => row.outcome),
      rows.map((row) => row.count),
    ],
  );
}

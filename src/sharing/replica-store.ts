// A gateway among others, as its main thread keeps it: reads what is to be forgotten, has the threads forget it, and tells the
// store so; doing that in time is its lease to answer from memory. Promises: the lease is counted from before the store was
// told; whoever lost it, if only for a moment, forgets everybody before taking it again; without a store it runs out by
// itself. How the other side waits is disclosures/settle.ts. Stops answers from memory after a withdrawal (attack A11).
import type { Pool } from 'pg';
import { LEASE_MS } from '../disclosures/settle.ts';
import { timedQuery } from '../storage/pool.ts';
import type { Clocks, LeaseWriter } from './lease-memory.ts';

/** Shorter than what others wait: two crystals differ by 0.01 %, a loaded machine's timers by more. */
const HELD_MS = LEASE_MS - 200;
const RENEW_MS = 500;
/** How long a change of mind waits for us, at most, while all is well. */
const POLL_MS = 100;
const PAGE = 500;
/** A store that needs longer is not there. */
const ANSWER_MS = 2_000;

type ReplicaDeps = {
  readonly pool: Pool;
  /** Of this process, random. */
  readonly id: string;
  readonly lease: LeaseWriter;
  readonly clocks: Clocks;
  /** Told once each time that the store cannot be asked. */
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
};

export type Replica = {
  /** Looks once, now; never rejects. */
  poll(): Promise<void>;
  /** Gives the lease back: nobody waits for us any more. */
  stop(): Promise<void>;
};

type Change = {
  readonly head: number;
  readonly seq: number | null;
  readonly device: string | null;
  readonly application: string | null;
};

const CHANGES = `select h.seq::float8 as head, c.seq::float8 as seq, c.device::text, c.application
  from ledger_head h
  left join lateral (select seq, device, application from privacy_changes where seq > $1 order by seq limit ${PAGE}) c on true
  order by c.seq`;
const RENEW = `with told as (
    insert into replicas (id, seen, lease_until)
    values ($2, $1, clock_timestamp() + interval '${LEASE_MS} milliseconds')
    on conflict (id) do update set seen = excluded.seen, lease_until = excluded.lease_until)
  ${CHANGES}`;

/** Resolves when the lease was taken, or could not be for now. */
export async function joinReplicas(deps: ReplicaDeps): Promise<Replica> {
  const { pool, id, lease, clocks, onError, pollMs = POLL_MS } = deps;
  /** The last change that every thread was told of; null = nothing is known to be true. */
  let seen: number | null = null;
  let told = -1;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let heldUntil = { monotonicMs: 0, wallMs: 0 };
  let failing = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  const isHeld = () => clocks.monotonicMs() < heldUntil.monotonicMs && clocks.wallMs() < heldUntil.wallMs;

  /** One look; true if there is more to read or to tell. */
  async function look(): Promise<boolean> {
    const before = { monotonicMs: clocks.monotonicMs(), wallMs: clocks.wallMs() };
    if (seen === null || !isHeld()) return begin();
    const renews = seen !== told || before.monotonicMs - renewedAt >= RENEW_MS;
    const from = seen;
    const { rows } = renews
      ? await pool.query<Change>(timedQuery(RENEW, ANSWER_MS, [from, id]))
      : await pool.query<Change>(timedQuery(CHANGES, ANSWER_MS, [from]));
    if (!isHeld() || rows.length === 0 || rows[0].head < from) return begin();
    if (renews) {
      told = from;
      hold(before);
    }
    let changes = 0;
    for (const { seq, device, application } of rows) {
      if (seq === null) continue;
      lease.forget(device, application);
      seen = seq;
      changes++;
    }
    return changes > 0;
  }

  /** Takes the lease anew, with nothing remembered. */
  async function begin(): Promise<boolean> {
    lease.end();
    heldUntil = { monotonicMs: 0, wallMs: 0 };
    const { rows } = await pool.query<{ head: number }>(
      timedQuery('select seq::float8 as head from ledger_head', ANSWER_MS),
    );
    if (rows.length === 0) throw new Error('the ledger has no head');
    seen = rows[0].head;
    const before = { monotonicMs: clocks.monotonicMs(), wallMs: clocks.wallMs() };
    await pool.query(timedQuery(RENEW, ANSWER_MS, [seen, id]));
    told = seen;
    lease.forget(null);
    hold(before);
    return true;
  }

  function hold(before: { monotonicMs: number; wallMs: number }): void {
    // What was asked before the stop comes back after it: nobody waits for this gateway then, and it would tell what was taken back.
    if (stopped) return;
    renewedAt = before.monotonicMs;
    heldUntil = { monotonicMs: before.monotonicMs + HELD_MS, wallMs: before.wallMs + HELD_MS };
    lease.hold(heldUntil.monotonicMs, heldUntil.wallMs);
  }

  async function run(): Promise<void> {
    try {
      while (!stopped && (await look()));
      failing = false;
    } catch (error) {
      if (!failing && !stopped) onError(error);
      failing = true;
    }
  }

  function poll(): Promise<void> {
    looking ??= run().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  function again(): void {
    timer = setTimeout(async () => {
      await poll();
      if (!stopped) again();
    }, pollMs);
  }

  await poll();
  again();
  return {
    poll,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      lease.end();
      await looking;
      await pool.query(timedQuery('delete from replicas where id = $1', ANSWER_MS, [id])).catch(() => {});
    },
  };
}

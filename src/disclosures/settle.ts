// How a change of mind is waited for: until every gateway that answers from memory has forgotten what the change is about.
// Promises: nothing is held meanwhile; no clock but our own monotonic one is trusted, so that a store whose clock is set does
// no harm; a gateway that is gone or cut off delays it by WORST_WAIT_MS at most, once, after which it may not answer from
// memory (sharing/replica-store.ts counts the same time from before it asked for it) and nobody waits for it again.
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

/** How long a gateway may answer from memory after it last told the store what it has forgotten. */
export const LEASE_MS = 3_000;
/** Waits between looks: short at first, because gateways that are well need only their poll. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;
/** Beyond the lease: timers and the crystals of two machines are not exact. */
const SLACK_MS = 200;
/** What a gateway that vanished costs who changes their mind, beside the first look at the store and the last. */
export const WORST_WAIT_MS = LEASE_MS + SLACK_MS + LONGEST_PAUSE_MS;

type Lagging = { readonly id: string; readonly lease: string };

/**
 * Resolves once no gateway remembers anything from before change number `seq`; rejects if the store cannot be asked.
 * `wait` is for tests, whose clock goes on by it.
 */
export async function settleEverywhere(
  pool: Pool,
  seq: number,
  monotonicMs: () => number,
  wait: (ms: number) => Promise<unknown> = pause,
): Promise<void> {
  const seenSince = new Map<string, number>();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    // From when a look came back to when the last one set out: no more than the lease was surely left alone.
    const lookMs = monotonicMs();
    const { rows } = await pool.query<Lagging>(
      'select id::text, lease_until::text as lease from replicas where seen < $1',
      [seq],
    );
    // Whoever tells the store again has a new lease, and a word of its own on what it has forgotten.
    const isGone = ({ id, lease }: Lagging) => lookMs - (seenSince.get(id + lease) ?? lookMs) > LEASE_MS + SLACK_MS;
    await forgetGone(pool, rows.filter(isGone));
    const waiting = rows.filter((one) => !isGone(one));
    if (waiting.length === 0) return;
    const backMs = monotonicMs();
    for (const { id, lease } of waiting) if (!seenSince.has(id + lease)) seenSince.set(id + lease, backMs);
    await wait(pauseMs);
  }
}

async function forgetGone(pool: Pool, gone: readonly Lagging[]): Promise<void> {
  for (const { id, lease } of gone)
    await pool.query('delete from replicas where id = $1 and lease_until::text = $2', [id, lease]);
}

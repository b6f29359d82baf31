// How a process that answers nothing itself waits until a change of mind is in force: until every gateway whose lease still
// runs has forgotten what the change is about. Promises: nothing held while it waits; a gateway that is gone or cut off
// delays it by no more than its lease (a few seconds), after which it may not answer from memory.
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

const POLL_MS = 50;

/** Resolves once no live gateway remembers anything from before change number `seq`. */
export async function settleEverywhere(pool: Pool, seq: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      'select exists (select from replicas where seen < $1 and lease_until > clock_timestamp()) as waits',
      [seq],
    );
    if (rows[0].waits !== true) return;
    await pause(POLL_MS);
  }
}

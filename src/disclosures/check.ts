// One check of the ledger for whoever asks for it. Promises: at most one runs in a process at a time, whoever asks meanwhile
// waits for that one, and a verdict is good for a minute, so that asking often costs no more than asking once a minute. A
// check that failed (a store that is away) is no verdict and is not kept.
import type { Verdict } from './verify.ts';

/** How long a verdict is told again instead of being found anew. */
export const VERDICT_MS = 60_000;

/** A verdict, and when the check that found it ended (epoch milliseconds). */
export type Checked = { readonly verdict: Verdict; readonly at: number };

/** `verify` checks the whole ledger (verify.ts). Rejects as it does. */
export function createLedgerCheck(verify: () => Promise<Verdict>, now: () => number): () => Promise<Checked> {
  let running: Promise<Checked> | null = null;
  let last: Checked | null = null;

  async function run(): Promise<Checked> {
    try {
      const verdict = await verify();
      last = { verdict, at: now() };
      return last;
    } finally {
      running = null;
    }
  }

  return () => {
    if (running !== null) return running;
    if (last !== null && now() - last.at < VERDICT_MS) return Promise.resolve(last);
    running = run();
    return running;
  };
}

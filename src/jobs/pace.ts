// How fast the fold goes beside serving. Promises: PostgreSQL, which works at a priority that is not ours to set, gets a batch
// at a time and rests in between; more than the pace can work off is worked off. In the gateway's own process and at
// half of the time instead, p99 of look-ups was 3.4 times that without a fold (bench/fold-serving.ts).
import { setTimeout } from 'node:timers/promises';
import { measureInbox } from '../observations/store.ts';
import type { Store } from '../storage/open.ts';

/**
 * Batches of at most so many rows, and rests that make it so many observations a second. From so many waiting rows on, and
 * always on the embedded store, where everybody waits for a batch, it rests as long as it works.
 */
export type Pace = { readonly rows: number; readonly observationsPerS: number; readonly hurryFromRows: number };

/** A batch that hung (a slow disk) is no reason to rest as long. */
const MOST_REST_MS = 1_000;

/** What to await after a batch that took so long and held so many observations. */
export async function startPacing(
  store: Store,
  pace?: Pace,
): Promise<(tookMs: number, observations: number) => Promise<void>> {
  if (pace === undefined) return async () => {};
  const asLong = store.kind === 'embedded' || (await measureInbox(store.pool)).pendingRows >= pace.hurryFromRows;
  return (tookMs, observations) => {
    const restMs = asLong ? tookMs : (observations / pace.observationsPerS) * 1000 - tookMs;
    return setTimeout(Math.min(Math.max(restMs, 0), MOST_REST_MS));
  };
}

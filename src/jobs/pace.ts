// How fast the fold goes beside serving: no faster than it must. A station answers on its second day at the earliest, so nobody
// waits for a fold, and a phone that asks does wait for a core. Promises: what waits is spread over a time, so that a steady
// stream of reports becomes a steady trickle of small batches; PostgreSQL, which works at a priority that is not ours to
// set, rests in between; more than can be worked off so is worked off. bench/fold-serving.ts says what it does to look-ups.
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { measureInbox } from '../observations/store.ts';
import type { Store } from '../storage/open.ts';

/**
 * Rests after which the rows that waited at the start of a run would be folded after `overMs`; not more than so many
 * observations a second, and a batch a second at least (MOST_REST_MS). Batches hold at most so many rows; below
 * `unhurriedToRows` that wait, what waits for a second (UNHURRIED). From `hurryFromRows` on, and always on the embedded store,
 * where everybody waits for a batch, it rests as long as it works.
 */
export type Pace = {
  readonly rows: number;
  readonly overMs: number;
  readonly observationsPerS: number;
  readonly unhurriedToRows: number;
  readonly hurryFromRows: number;
};

/** What a batch took and held. */
type Batch = { readonly tookMs: number; readonly rows: number; readonly observations: number };

/** A batch that hung (a slow disk) is no reason to rest as long; a few reports are no reason to fold them one by one. */
const MOST_REST_MS = 1_000;

/** How long to rest after a batch, in ms; `waitingRows` is what waited when the run began. */
export function restAfter(batch: Batch, pace: Pace, waitingRows: number, isEmbedded: boolean): number {
  if (isEmbedded || waitingRows >= pace.hurryFromRows) return Math.min(batch.tookMs, MOST_REST_MS);
  const spreadMs = (batch.rows / Math.max(waitingRows, 1)) * pace.overMs;
  const leastMs = (batch.observations / pace.observationsPerS) * 1000;
  return Math.min(Math.max(Math.max(spreadMs, leastMs) - batch.tookMs, 0), MOST_REST_MS);
}

/**
 * How a run goes: at most so many rows in a batch and so many stations in each of its statements, what its transaction is spoken
 * through, and what to await between two batches.
 */
export type Pacing = {
  readonly rows: number;
  readonly stations: number;
  speaker(client: PoolClient): PoolClient;
  rest(batch: Batch): Promise<void>;
};

/**
 * Of a run that has time: a batch as seldom as may be (a station costs little more for being heard often), but before each of
 * its statements a pause, and none that keeps PostgreSQL for longer than a millisecond or two: whoever finds a core taken waits
 * until the kernel thinks that it was had for long enough, some 3 ms.
 */
const UNHURRIED = { everyMs: 1_000, pauseMs: 10, mostPauses: 100, stations: 150, leastRows: 20 };

/** How a run that begins now goes; without a pace, as fast as it can. */
export async function startPacing(store: Store, pace?: Pace): Promise<Pacing> {
  const whole = { stations: Number.POSITIVE_INFINITY, speaker: (client: PoolClient) => client };
  if (pace === undefined) return { ...whole, rows: Number.POSITIVE_INFINITY, rest: async () => {} };
  const { pendingRows } = await measureInbox(store.pool);
  const isEmbedded = store.kind === 'embedded';
  const rest = (batch: Batch) => setTimeout(restAfter(batch, pace, pendingRows, isEmbedded));
  if (isEmbedded || pendingRows >= pace.unhurriedToRows) return { ...whole, rows: pace.rows, rest };
  const rows = Math.max(UNHURRIED.leastRows, Math.ceil((pendingRows * UNHURRIED.everyMs) / pace.overMs));
  return { rows, stations: UNHURRIED.stations, speaker: (client) => unhurried(client), rest };
}

/** The client, but for a pause before each of its first statements: of crowded reports a batch has hundreds, and others wait for its rows. */
export function unhurried(client: PoolClient, pause = () => setTimeout(UNHURRIED.pauseMs)): PoolClient {
  let left = UNHURRIED.mostPauses;
  const query = async (...statement: Parameters<PoolClient['query']>) => {
    if (left-- > 0) await pause();
    return await client.query(...statement);
  };
  return new Proxy(client, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name, target)) });
}

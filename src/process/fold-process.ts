// The fold in a process of its own: what it computes, compiles and collects shares no thread, no heap and none of V8's helper
// threads with what serves. Promises: folds when asked, a slice at a time; left alone, by a gateway that stops or was killed, it
// ends after the batch in flight. Signals say nothing to it (fold-entry.ts).
import { describeError } from '../http/bug-log.ts';
import { createFoldDeps, type FoldDeps, type FoldSummary, foldFor } from '../jobs/fold.ts';
import { connectStore, type Store } from '../storage/open.ts';
import { SERVER_QUERY_MS, type StoreAddress } from '../storage/pool.ts';
import { createAtRest } from './at-rest.ts';
import { giveWay } from './give-way.ts';
import { createLog } from './log.ts';

/** What it works with. Comes as a message: arguments and environments are seen by others. */
export type FoldSetup = {
  readonly store: StoreAddress;
  readonly stationKey: Uint8Array;
  readonly barredKey: Uint8Array;
  readonly logLevel: string;
};
export type ToFold = { kind: 'start'; setup: FoldSetup } | { kind: 'fold' };
export type FromFold =
  | { kind: 'folded'; summary: FoldSummary }
  | { kind: 'failed'; error: ReturnType<typeof describeError> };

/** A fold pauses after a slice, so that a long one does not look like a stuck one. */
const SLICE_MS = 7_500;
/**
 * What waits is spread over a minute. PostgreSQL works at a priority that is not ours to set, so it gets little at once: a batch
 * is some 10 ms of its work, and if few wait, a statement one or two. More than the pace folds in a minute make it hurry.
 */
const PACE = {
  rows: 100,
  overMs: 60_000,
  observationsPerS: 25_000,
  unhurriedToRows: 20_000,
  hurryFromRows: 100_000,
};
/** Areas derived after a slice, a second's work or so; what an import of a planet leaves takes many slices. */
const AREAS_A_SLICE = 2_000;

const stopping = new AbortController();
let store: Store | undefined;
let deps: FoldDeps;
let log = createLog('info', 'fold');
let folding = Promise.resolve();

// Node would print all that an error carries, and a driver's carries what was asked for.
process.on('uncaughtException', (error) => {
  log.fatal(describeError(error), 'uncaught');
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
process.once('disconnect', async () => {
  stopping.abort();
  await folding;
  await store?.close();
});
process.on('message', (message: ToFold) => {
  if (message.kind === 'start') start(message.setup);
  else folding = fold();
});

function start({ store: address, stationKey, barredKey, logLevel }: FoldSetup): void {
  // Not on the embedded store: everybody waits for whoever is inside a transaction, so nobody may dawdle there. Not before the
  // code is loaded either, which a machine that is busy all over would then take half a minute for.
  if (address.kind === 'postgres') giveWay();
  log = createLog(logLevel, 'fold');
  const fault = (what: string) => (error: unknown) => log.error(describeError(error), what);
  store = connectStore(address, fault('store connection lost'), SERVER_QUERY_MS);
  deps = createFoldDeps(store, createAtRest(stationKey), barredKey, fault('station not folded'));
}

async function fold(): Promise<void> {
  try {
    const how = { signal: stopping.signal, enoughAreas: AREAS_A_SLICE, pace: PACE };
    tell({ kind: 'folded', summary: await foldFor(SLICE_MS, deps, how) });
  } catch (error) {
    tell({ kind: 'failed', error: describeError(error) });
  }
}

/** A gateway that has hung up does not want to know. */
function tell(message: FromFold): void {
  if (process.connected) process.send?.(message);
}

// The server threads as the main thread sees them: started, told of new keys, replaced when they crash, stopped.
// Promises: the first start fails loudly; after that a crashed thread is replaced for as long as the process lives, at once
// the first time, then after a growing pause, on the same port; the others (and the kernel's queue) bridge the gap.
import { type Transferable, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { describeError } from '../http/scope.ts';
import type { KeyRingEntry } from '../partners/key-ring.ts';
import type { FromThread, ThreadData, ToThread } from './server-thread.ts';

export type ServerThreads = {
  /** The port all threads share: the one asked for, or the free one that 0 found. */
  readonly port: number;
  restarts(): number;
  setKeys(entries: readonly KeyRingEntry[]): void;
  /** Stops accepting, waits until what is in flight was answered, ends the threads. */
  stop(): Promise<void>;
};

/** What one thread is started with; asked for again at each restart. */
export type ThreadSetup = (
  thread: number,
  port: number,
) => { data: Omit<ThreadData, 'keys'>; transfer: Transferable[] };

/** Pause before the second, third ... restart of a thread that does not stay up: this much, doubled each time. */
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** A thread that lived this long was well: the next crash is a first one. */
const WELL_MS = 60_000;
/** Longer than a thread needs to drain (server-thread.ts), after which it is ended by force. */
const STOP_MS = 6_000;

export async function startServerThreads(
  count: number,
  port: number,
  keys: readonly KeyRingEntry[],
  setup: ThreadSetup,
  log: Logger,
): Promise<ServerThreads> {
  const workers: (Worker | undefined)[] = new Array(count).fill(undefined);
  const pauses = new Set<NodeJS.Timeout>();
  let entries = keys;
  let stopping = false;
  let restarts = 0;

  /** Starts one thread; resolves with its port when it listens, rejects if it ends before that. */
  function start(thread: number, onPort: number, crashes: number): Promise<number> {
    const { data, transfer } = setup(thread, onPort);
    const workerData: ThreadData = { ...data, keys: entries };
    const worker = new Worker(new URL('./server-thread.ts', import.meta.url), { workerData, transferList: transfer });
    const startedMs = performance.now();
    workers[thread] = worker;
    return new Promise((resolve, reject) => {
      let listening = false;
      let failure: unknown = new Error('the server thread ended before it listened');
      worker.on('message', (message: FromThread) => {
        listening = true;
        // Keys may have changed since the thread was given its own.
        worker.postMessage({ kind: 'keys', entries } satisfies ToThread);
        resolve(message.port);
      });
      worker.on('error', (error) => {
        failure = error;
        log.error({ thread, ...describeError(error) }, 'server thread crashed');
      });
      worker.on('exit', () => {
        workers[thread] = undefined;
        if (stopping) return;
        if (!listening) reject(failure);
        if (listening || restarts > 0) restart(thread, performance.now() - startedMs > WELL_MS ? 0 : crashes);
      });
    });
  }

  function restart(thread: number, crashes: number): void {
    const pauseMs = crashes === 0 ? 0 : Math.min(PAUSE_MS * 2 ** (crashes - 1), MAX_PAUSE_MS);
    const pause = setTimeout(() => {
      pauses.delete(pause);
      restarts++;
      start(thread, shared, crashes + 1).then(
        () => log.warn({ thread }, 'server thread restarted'),
        () => {},
      );
    }, pauseMs);
    pauses.add(pause);
  }

  const shared = await start(0, port, 0);
  await Promise.all(workers.slice(1).map((_, i) => start(i + 1, shared, 0)));

  return {
    port: shared,
    restarts: () => restarts,
    setKeys(next) {
      entries = next;
      for (const worker of workers) worker?.postMessage({ kind: 'keys', entries } satisfies ToThread);
    },
    async stop() {
      stopping = true;
      for (const pause of pauses) clearTimeout(pause);
      await Promise.all(workers.filter((worker) => worker !== undefined).map(end));
    },
  };
}

async function end(worker: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.postMessage({ kind: 'stop' } satisfies ToThread);
  const force = setTimeout(() => worker.terminate(), STOP_MS);
  await ended;
  clearTimeout(force);
}

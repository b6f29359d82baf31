// The server threads as the main thread sees them: started, told of new keys, replaced when they crash, stopped.
// Promises: the first start fails loudly; after that a crashed thread is replaced for as long as the process lives, at once
// the first time, then after a growing pause, on the same port; the others (and the kernel's queue) bridge the gap.
import { type Transferable, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { describeError } from '../http/bug-log.ts';
import type { KeyRingEntry } from '../partners/key-ring.ts';
import type { FromThread, ThreadData, ToThread } from './server-thread.ts';

export type ServerThreads = {
  /** Gives every thread what it needs; resolves with the port they share once all listen. Rejects if one cannot. */
  start(port: number, keys: readonly KeyRingEntry[], setup: ThreadSetup): Promise<number>;
  restarts(): number;
  setKeys(entries: readonly KeyRingEntry[]): void;
  /** Stops accepting, waits until what is in flight was answered, ends the threads; at any time. */
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

/** Starts threads that load their code, compiled by an earlier start if `codeCache` names a folder, and then wait for `start`. */
export function spawnServerThreads(count: number, log: Logger, codeCache?: string): ServerThreads {
  const workers: (Worker | undefined)[] = [];
  const pauses = new Set<NodeJS.Timeout>();
  let entries: readonly KeyRingEntry[] = [];
  const listening = new WeakSet<Worker>();
  let stopping = false;
  let restarts = 0;

  function spawn(thread: number): Worker {
    const worker = new Worker(new URL('./thread-entry.ts', import.meta.url), { workerData: { codeCache } });
    workers[thread] = worker;
    worker.on('error', (error) => log.error({ thread, ...describeError(error) }, 'server thread crashed'));
    worker.once('exit', () => {
      if (workers[thread] === worker) workers[thread] = undefined;
    });
    return worker;
  }

  /** Resolves with the worker's port when it listens, rejects if it ends before that. */
  function listen(worker: Worker, thread: number, port: number, setup: ThreadSetup): Promise<number> {
    const { data, transfer } = setup(thread, port);
    worker.postMessage({ kind: 'start', data: { ...data, keys: entries } } satisfies ToThread, transfer);
    return new Promise((resolve, reject) => {
      let failure: unknown = new Error('the server thread ended before it listened');
      worker.once('error', (error) => {
        failure = error;
      });
      worker.once('exit', () => reject(failure));
      worker.once('message', (message: FromThread) => {
        listening.add(worker);
        resolve(message.port);
      });
    });
  }

  /** Replaces the worker whenever it ends, for as long as nobody stops it. */
  function keepUp(worker: Worker, thread: number, port: number, setup: ThreadSetup, crashes: number): void {
    const startedMs = performance.now();
    worker.once('exit', () => {
      if (stopping) return;
      const before = performance.now() - startedMs > WELL_MS ? 0 : crashes;
      const pauseMs = before === 0 ? 0 : Math.min(PAUSE_MS * 2 ** (before - 1), MAX_PAUSE_MS);
      const pause = setTimeout(() => {
        pauses.delete(pause);
        restarts++;
        const next = spawn(thread);
        keepUp(next, thread, port, setup, before + 1);
        listen(next, thread, port, setup).then(
          () => log.warn({ thread }, 'server thread restarted'),
          () => {},
        );
      }, pauseMs);
      pauses.add(pause);
    });
  }

  for (let thread = 0; thread < count; thread++) spawn(thread);

  return {
    async start(port, keys, setup) {
      entries = keys;
      const waiting = workers.map((worker) => {
        if (worker === undefined) throw new Error('a server thread ended while it loaded its code');
        return worker;
      });
      const shared = await listen(waiting[0], 0, port, setup);
      await Promise.all(waiting.slice(1).map((worker, i) => listen(worker, i + 1, shared, setup)));
      waiting.forEach((worker, thread) => {
        keepUp(worker, thread, shared, setup, 0);
      });
      return shared;
    },
    restarts: () => restarts,
    setKeys(next) {
      entries = next;
      for (const worker of workers) worker?.postMessage({ kind: 'keys', entries } satisfies ToThread);
    },
    async stop() {
      stopping = true;
      for (const pause of pauses) clearTimeout(pause);
      const there = workers.filter((worker) => worker !== undefined);
      // Who does not listen yet answers nobody, and would first load all of its code: a start that fails, or is stopped, need not wait for that.
      await Promise.all(there.map((worker) => (listening.has(worker) ? end(worker) : worker.terminate())));
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

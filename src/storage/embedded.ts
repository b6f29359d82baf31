// The embedded store of a data folder: this process runs it, or reaches the process that does.
// Promises: one owner at a time whatever was killed before; a command works beside a running server; a server that finds a
// command at work waits for it. If the owner goes away, the others' queries fail until a new one serves the same socket.

import { createHash } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { makeFolder } from './make-folder.ts';
import { type FolderLock, type Holder, lockFolder, readHolder } from './store-lock.ts';

/** pg names a socket by its folder and this port. */
export const SOCKET_PORT = 5432;
/** sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAX_SOCKET_PATH_BYTES = 103;
const POLL_MS = 100;
/** Longer than a first start takes on a slow machine (about 10 s), and than a server may take to stop. */
const PATIENCE_MS = 60_000;
const SERVER_STOP_MS = 15_000;
/** A store that dies within its first seconds is started again after a pause that doubles up to the longest. */
const QUICK_DEATH_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

type EmbeddedOptions = {
  role: Holder['role'];
  /** Told once, in a sentence for people, when somebody else holds the folder and we wait. */
  onWait?: (message: string) => void;
  /** Told each time the store's thread failed, or could not be started again; it is tried until it can. */
  onLost?: (error: Error) => void;
  /** Gives up an opening that is not done, at once; it then rejects with the signal's reason. What was half made is made anew next time. */
  signal?: AbortSignal;
};

/** `isOurs`: this process runs it, another one does not. */
type Embedded = { socketFolder: string; isOurs: boolean; close(): Promise<void> };

/** Opens or reaches the store below `dataDir`. Rejects with a sentence for people if neither is possible in time. */
export async function openEmbedded(dataDir: string, options: EmbeddedOptions): Promise<Embedded> {
  const folder = join(dataDir, 'embedded');
  makeFolder(folder);
  const socketFolder = socketFolderOf(realpathSync(folder));
  const startedMs = performance.now();
  for (let told = false; ; await sleep(POLL_MS)) {
    options.signal?.throwIfAborted();
    const lock = lockFolder(folder, options.role);
    if (lock) return own(folder, socketFolder, lock, options);
    if (options.role === 'command' && (await answers(socketPath(socketFolder)))) {
      return { socketFolder, isOurs: false, close: async () => {} };
    }
    const holder = readHolder(folder);
    const who = holder ? `${holder.role === 'server' ? 'a server' : 'a command'} (process ${holder.pid})` : 'a process';
    const waitedMs = performance.now() - startedMs;
    if (options.role === 'server' && holder?.role === 'server' && waitedMs > SERVER_STOP_MS) {
      throw new Error(`the store of this data folder is served by ${who}; stop it, or choose another DATA_DIR`);
    }
    if (options.role === 'command' && waitedMs > PATIENCE_MS) {
      throw new Error(`the store of this data folder is held by ${who} that does not answer`);
    }
    if (!told && waitedMs > 1000) {
      told = true;
      options.onWait?.(`the store of this data folder is in use by ${who}; waiting for it`);
    }
  }
}

/** Runs the store in a thread for as long as this process holds the lock, again and again if the thread dies. */
async function own(
  folder: string,
  socketFolder: string,
  lock: FolderLock,
  { onLost, signal }: EmbeddedOptions,
): Promise<Embedded> {
  const closing = new AbortController();
  let quickDeaths = 0;
  let worker: Worker | null = null;
  let restarting: Promise<void> = Promise.resolve();

  async function start(giveUp?: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    const onDeath = (error: Error) => {
      worker = null;
      if (closing.signal.aborted) return;
      onLost?.(error);
      quickDeaths = performance.now() - startedMs < QUICK_DEATH_MS ? quickDeaths + 1 : 0;
      restarting = restart();
    };
    worker = await startThread(folder, socketPath(socketFolder), onDeath, giveUp);
  }

  async function restart(): Promise<void> {
    for (;;) {
      if (quickDeaths > 0) await pause(quickDeaths, closing.signal);
      if (closing.signal.aborted) return;
      try {
        await start();
        return;
      } catch (error) {
        quickDeaths++;
        onLost?.(error as Error);
      }
    }
  }

  try {
    await start(signal);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    socketFolder,
    isOurs: true,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await restarting;
      if (worker !== null) await stopThread(worker);
      lock.release();
    },
  };
}

/** Waits longer after each of a row of failures, not at all once `stop` aborts. */
async function pause(failures: number, stop: AbortSignal): Promise<void> {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  await sleep(pauseMs, undefined, { signal: stop }).catch(() => {});
}

/** Resolves when the thread accepts clients; `onDeath` is told if it ends after that. `giveUp` ends it before that, its reason is why. */
function startThread(
  folder: string,
  path: string,
  onDeath: (error: Error) => void,
  giveUp?: AbortSignal,
): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
      workerData: { folder, socketPath: path },
      // Options of this process (--watch, --inspect, --input-type) are not meant for it.
      execArgv: [],
    });
    let ready = false;
    let cause = new Error('the embedded store ended');
    const end = () => {
      cause = giveUp?.reason;
      worker.terminate();
    };
    giveUp?.addEventListener('abort', end, { once: true });
    worker.once('message', () => {
      giveUp?.removeEventListener('abort', end);
      ready = true;
      resolve(worker);
    });
    worker.on('error', (error: unknown) => {
      cause = asError(error);
    });
    worker.once('exit', () => (ready ? onDeath(cause) : reject(cause)));
  });
}

/** What Emscripten, and PGlite, say of a PostgreSQL that gave up; why, it writes where nobody reads: damage, or no file left to open. */
const GAVE_UP = /^(Aborted\(|PGlite failed to initialize)/;
const ABORTED =
  'the embedded store gave up: its files, in DATA_DIR, are damaged or not all there, or the system lets it open too few (ulimit -n, LimitNOFILE: 512 are enough); if not that, put back a copy of the folder, or begin with an empty one';

/** What PGlite's file system throws is no Error, only a number of its own (WASI's: 51 is ENOSPC). */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return GAVE_UP.test(thrown.message) ? new Error(ABORTED) : thrown;
  const { errno } = (thrown ?? {}) as { errno?: number };
  return new Error(errno === 51 ? 'no space is left in DATA_DIR' : `the embedded store failed (errno ${errno})`);
}

async function stopThread(worker: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    worker.once('message', () => resolve());
    worker.once('exit', () => resolve());
  });
  worker.postMessage('close');
  await ended;
  await worker.terminate();
}

const socketPath = (socketFolder: string): string => join(socketFolder, `.s.PGSQL.${SOCKET_PORT}`);

/**
 * Where the socket of a store lies: in its folder, or if that path is too long, in a folder of our own below the system's
 * temporary one, named by a hash. The socket asks for no password, so that folder must be ours alone.
 */
export function socketFolderOf(folder: string, temporary: string = tmpdir()): string {
  if (Buffer.byteLength(socketPath(folder)) <= MAX_SOCKET_PATH_BYTES) return folder;
  const { uid } = userInfo();
  const short = join(temporary, `honeyguide-${createHash('sha256').update(folder).digest('hex').slice(0, 20)}`);
  makeFolder(short);
  const found = lstatSync(short);
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid) || (found.mode & 0o077) !== 0) {
    throw new Error('the temporary folder for the store socket belongs to somebody else; choose a shorter DATA_DIR');
  }
  return short;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

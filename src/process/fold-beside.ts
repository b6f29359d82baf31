// The fold's process as the gateway sees it. Promises: it is there while there is something to fold, and gone some minutes after,
// so that a gateway nobody reports to, or whose store is away, needs no memory for it; one that ends early fails the fold it was asked for, of which the
// store keeps whole batches only, and the next fold starts another; when the gateway stops it ends with its batch, or is ended.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { type FoldSummary, isAnythingToFold } from '../jobs/fold.ts';
import type { FoldSetup, FromFold, ToFold } from './fold-process.ts';

export type FoldBeside = {
  /** Folds a slice; null if there was nothing to do or the gateway stops. Rejects if it failed. One at a time. */
  fold(): Promise<FoldSummary | null>;
  /** Resolves when there is no process (any more). */
  ended(): Promise<void>;
};

/** Folds in a row without anything to do, ten seconds each (five while the store is away), before the process ends. */
const IDLE_FOLDS = 30;
/** Of the ten seconds of a stop. What it had not committed then is folded by the next start. */
const BATCH_MS = 5_000;
const ENTRY = fileURLToPath(new URL('./fold-entry.ts', import.meta.url));

type Asked = { resolve(summary: FoldSummary | null): void; reject(error: unknown): void };
/** `asked` is the child's own: one that was let go may end after the next was asked for something. */
type Running = { readonly child: ChildProcess; readonly ended: Promise<void>; asked?: Asked };

/** Nothing runs yet. The process ends when `stopping` aborts. */
export function openFoldBeside(pool: Pool, setup: FoldSetup, codeCache: string, stopping: AbortSignal): FoldBeside {
  let running: Running | undefined;
  /** Those let go, while they end. */
  const leaving = new Set<Promise<void>>();
  let idle = 0;

  function start(): Running {
    const child = fork(ENTRY, [codeCache], { serialization: 'advanced', execArgv: [] });
    const { promise: ended, resolve: isOver } = Promise.withResolvers<void>();
    const own: Running = { child, ended };
    const end = (error: unknown) => {
      if (running === own) running = undefined;
      if (stopping.aborted && error === undefined) own.asked?.resolve(null);
      else own.asked?.reject(error ?? new Error('the fold ended'));
      isOver();
    };
    child.on('error', end);
    child.once('exit', (code, signal) => end(code === 0 ? undefined : new Error(`the fold ended: ${code ?? signal}`)));
    child.on('message', (answer: FromFold) => {
      if (answer.kind === 'folded') own.asked?.resolve(answer.summary);
      else own.asked?.reject(errorOf(answer.error));
    });
    child.send({ kind: 'start', setup } satisfies ToFold);
    return own;
  }

  function hangUp(): void {
    if (running?.child.connected) running.child.disconnect();
  }

  function letGo(): void {
    hangUp();
    if (running === undefined) return;
    const { ended } = running;
    leaving.add(ended);
    ended.then(() => leaving.delete(ended));
    running = undefined;
  }

  stopping.addEventListener('abort', () => {
    const child = running?.child;
    hangUp();
    const force = setTimeout(() => child?.kill('SIGKILL'), BATCH_MS);
    if (running === undefined) clearTimeout(force);
    else running.ended.then(() => clearTimeout(force));
  });

  /** One more without work, whether there is none or the store, which has it, is away. */
  function passIdly(): void {
    if (++idle === IDLE_FOLDS) letGo();
  }

  return {
    async fold() {
      const isWaiting = await isAnythingToFold(pool).catch((error) => {
        passIdly();
        throw error;
      });
      if (!isWaiting) {
        passIdly();
        return null;
      }
      if (stopping.aborted) return null;
      idle = 0;
      running ??= start();
      const own = running;
      return await new Promise((resolve, reject) => {
        own.asked = { resolve, reject };
        own.child.send({ kind: 'fold' } satisfies ToFold);
      });
    },
    ended: async () => void (await Promise.all([...leaving, running?.ended])),
  };
}

/** What describeError said of it there, as it would be said of it here. */
function errorOf({ type, code, stack = [] }: Extract<FromFold, { kind: 'failed' }>['error']): Error {
  const error = Object.assign(new Error('the fold failed'), { name: type, code });
  error.stack = [error.message, ...stack].join('\n');
  return error;
}

// Child processes of a test: a program given as text, its lines as they come, its end.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './root.ts';
import { afterFile } from './store.ts';

export { ROOT };

/** What vitest.config.ts tells the compiler of this process, told to those it starts: they may open an embedded store too. */
const COMPILER_FLAGS = process.execArgv.filter((flag) => flag === '--liftoff-only');

export type Child = {
  process: ChildProcess;
  /** The next line of standard output; rejects with what it wrote to standard error if it ends before. */
  line(): Promise<string>;
  /** Exit code or signal name, when it has ended. */
  ended: Promise<number | string>;
  errors(): string;
};

/** Runs `node ARGS` in the project's root; killed after the test file if still there. */
export function startNode(args: string[], env: Record<string, string> = {}): Child {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [...COMPILER_FLAGS, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  afterFile(() => void child.kill('SIGKILL'));
  return {
    process: child,
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`ended early (${await ended}): ${errors}`);
      return value;
    },
    ended,
    errors: () => errors,
  };
}

/** Runs an ES module given as text; `src/...` in its imports is found. */
export function startScript(source: string, env: Record<string, string> = {}): Child {
  const absolute = source.replaceAll(`'src/`, `'${new URL('../../src/', import.meta.url).href}`);
  return startNode(['--input-type=module', '-e', absolute], env);
}

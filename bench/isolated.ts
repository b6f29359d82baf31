// Runs a bench in a process of its own, with V8 flags of its own, so that benches don't inherit each other's heap, compiled
// code or memory. The module called answers once over the fork's channel; dying without an answer is an error.

import { fork } from 'node:child_process';
import { once } from 'node:events';

/** For counting allocations: collections by hand only, and a young generation that holds a whole batch. */
export const ALLOCATION_FLAGS = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Forks the module and resolves to the one message it sends. */
export async function runIsolated<T>(
  module: URL,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<T> {
  const child = fork(module, args, { execArgv: [...execArgv], serialization: 'advanced' });
  const settled = new AbortController();
  const { signal } = settled;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a bench ended with ${code} before it had a result`);
  });
  try {
    const [result] = await Promise.race([once(child, 'message', { signal }), gone]);
    return result as T;
  } finally {
    gone.catch(() => {});
    settled.abort();
    if (child.connected) child.disconnect();
  }
}

/** In the forked module: hands over the result, or prints it when the module was started by hand. */
export function answerParent(result: unknown): void {
  if (process.send) process.send(result);
  else console.log(result);
}

// Three flags that the main thread raises and every server thread reads for /readyz, in shared memory so that a thread that
// is asked need not ask anyone. `index` is down while the process stops.
import type { Readiness } from '../http/ops.ts';

const FLAGS = ['store', 'index', 'jobs'] as const;

export function createStatusMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(FLAGS.length * 4);
}

export function setStatus(memory: SharedArrayBuffer, flag: (typeof FLAGS)[number], up: boolean): void {
  Atomics.store(new Int32Array(memory), FLAGS.indexOf(flag), up ? 1 : 0);
}

export function readStatus(memory: SharedArrayBuffer): Readiness {
  const [store, index, jobs] = new Int32Array(memory);
  return { store: store === 1, index: index === 1, jobs: jobs === 1 };
}

// What all server threads counted together of the limits off the happy path (limiter.ts), in memory that they share: else each
// would let as much pass as all together may. Promises: synchronous; windows begin by the clock of the day; a thread that is replaced
// forgets nothing; no name is kept, only counts at hashed places: two names that meet in both rows share a limit (one pair in
// four thousand million).
import { hash } from 'node:crypto';
import { MINUTE_MS } from '../time/spans.ts';
import { addInWindow } from './quotas.ts';

/** Counts one more of `name` in the window that runs now; `ttl` = ms until that ends, as @fastify/rate-limit calls it. */
export type LimitCounts = (name: string, windowMs: number) => { current: number; ttl: number };

const SLOTS = 1 << 16;
const ROWS = 2;
/** Minutes and hours have tables of their own, or one would start the other anew. */
const TABLES = 2;

export function createLimitMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(TABLES * ROWS * SLOTS * 4);
}

export function openLimitCounts(memory: SharedArrayBuffer, now: () => number): LimitCounts {
  const table = new Int32Array(memory);
  return (name, windowMs) => {
    const nowMs = now();
    const window = Math.floor(nowMs / windowMs);
    const places = hash('sha256', name, 'buffer');
    let current = Number.POSITIVE_INFINITY;
    for (let row = 0; row < ROWS; row++) {
      const start = ((windowMs > MINUTE_MS ? ROWS : 0) + row) * SLOTS;
      current = Math.min(current, addInWindow(table, start + places.readUInt16LE(2 * row), window));
    }
    return { current, ttl: windowMs - (nowMs % windowMs) };
  };
}

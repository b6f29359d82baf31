// Time and allocation of one call, measured so that the garbage collector can neither hide nor blur them.
// Time: batches of about 12 ms each, the median of their means. Bytes: growth of the used heap over a batch in which no
// collection ran (asked of V8's GC profiler; a batch with one is thrown away and halved), after a warm-up that lets the
// optimising compiler finish. What a call finds in the cache is decided by `prepare`, which runs untimed before
// every block of calls. Needs `--expose-gc` and a large young generation (`--min-semi-space-size`); `isolated.ts` gives them.

import { GCProfiler } from 'node:v8';
import { abba, median, pairedRatio } from './statistics.ts';

/** A piece of work to time. `call(k)` gets a number in [0, BLOCK); `prepare` sets the stage, untimed, for the next BLOCK calls. */
export type Work = { call(k: number): number; prepare?(): void };
export const BLOCK = 32;

/** Keeps results alive so that nothing is optimised away. */
export const sink = new Float64Array(1);

/** Median time of a call in ns over batches of about `batchMs`. */
export function nsPerCall(work: Work, batches = 21, batchMs = 12): number {
  const blocks = blocksIn(work, batchMs);
  const times: number[] = [];
  for (let batch = 0; batch < batches; batch++) times.push((timed(work, blocks) * 1e6) / (blocks * BLOCK));
  return median(times);
}

/** Median of (time of `work` / time of `unit`) over batches in alternation: a cost in units that a slow machine shares. */
export function costInUnits(work: Work, unit: Work, pairs = 31, batchMs = 12): number {
  const blocks = blocksIn(work, batchMs);
  const unitBlocks = blocksIn(unit, batchMs);
  const ofWork: number[] = [];
  const ofUnit: number[] = [];
  for (const turn of abba(pairs)) {
    if (turn === 'a') ofWork.push(timed(work, blocks) / blocks);
    else ofUnit.push(timed(unit, unitBlocks) / unitBlocks);
  }
  return pairedRatio(ofWork, ofUnit);
}

/** How many blocks fill a batch of so many milliseconds, once the compiler is done with them. */
function blocksIn(work: Work, batchMs: number): number {
  let blocks = 4;
  for (let warm = 0; warm < 12; warm++) {
    const tookMs = Math.max(timed(work, blocks), 0.01);
    blocks = Math.max(1, Math.min(blocks * 4, Math.round((blocks * batchMs) / tookMs)));
  }
  return blocks;
}

/** Milliseconds that the calls of so many blocks take, preparations left out. */
function timed(work: Work, blocks: number): number {
  let sum = 0;
  let tookMs = 0;
  for (let block = 0; block < blocks; block++) {
    work.prepare?.();
    const startMs = performance.now();
    for (let k = 0; k < BLOCK; k++) sum += work.call(k);
    tookMs += performance.now() - startMs;
  }
  sink[0] += sum;
  return tookMs;
}

function repeat(work: Work, calls: number): void {
  let sum = 0;
  for (let i = 0; i < calls; i++) sum += work.call(i % BLOCK);
  sink[0] += sum;
}

/** Bytes of heap that a call allocates, averaged over a batch without a collection; the least of several batches. Not under 0. */
export function bytesPerCall(work: Work, calls = 20_000): number {
  work.prepare?.();
  repeat(work, 5_000);
  let batch = calls;
  let least = Infinity;
  let clean = 0;
  for (let tries = 0; clean < 5; tries++) {
    if (tries > 40) throw new Error('no batch without a garbage collection: run with a large young generation');
    collect();
    const profiler = new GCProfiler();
    profiler.start();
    const before = process.memoryUsage().heapUsed;
    repeat(work, batch);
    const after = process.memoryUsage().heapUsed;
    const collections = profiler.stop()?.statistics.length ?? 0;
    if (collections > 0) {
      batch = Math.max(100, batch >> 1);
      continue;
    }
    clean++;
    least = Math.min(least, (after - before) / batch);
  }
  return Math.max(0, least);
}

/** Bytes by which the heap is larger after so many calls than before, both after full collections. */
export function heapGrowth(work: Work, calls: number): number {
  work.prepare?.();
  repeat(work, 50_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  repeat(work, calls);
  collect();
  return process.memoryUsage().heapUsed - before;
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
}

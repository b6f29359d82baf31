// Time and allocation of one call, measured so that the garbage collector can neither hide nor blur them.
// Time: blocks of 32 calls, and of those the undisturbed ones. Bytes: growth of the used heap over a batch in which no
// collection ran (asked of V8's GC profiler; a batch with one is thrown away and halved), after a warm-up that lets the
// optimising compiler finish. What a call finds in the cache is decided by `prepare`, which runs untimed before
// every block of calls. Needs `--expose-gc` and a large young generation (`--min-semi-space-size`); `isolated.ts` gives them.

import { GCProfiler } from 'node:v8';
import { abba, quantile } from './statistics.ts';

/** A piece of work to time. `call(k)` gets a number in [0, BLOCK); `prepare` sets the stage, untimed, for the next BLOCK calls. */
export type Work = { call(k: number): number; prepare?(): void };
export const BLOCK = 32;

/** Keeps results alive so that nothing is optimised away. */
const sink = new Float64Array(1);

/**
 * The share of blocks that count as undisturbed. On a busy machine the median of short blocks wanders by 30 % with what else
 * runs, their second percentile by 2 % (seen on two cores at a load of 10), so that is what is reported: the cost of a call
 * while nobody interferes.
 */
export const UNDISTURBED = 0.02;

/** Nanoseconds of a call, undisturbed, from blocks that fill so many milliseconds. */
export function nsPerCall(work: Work, sampleMs = 400): number {
  warmUp(work);
  const times: number[] = [];
  for (let spentMs = 0; spentMs < sampleMs; spentMs += times[times.length - 1]) times.push(timedBlock(work));
  return (quantile(times, UNDISTURBED) * 1e6) / BLOCK;
}

/** Cost of a call in units of another, both undisturbed, block by block in alternation: a slow machine slows both. */
export function costInUnits(work: Work, unit: Work, sampleMs = 2_500): number {
  warmUp(work);
  warmUp(unit);
  const ofWork: number[] = [];
  const ofUnit: number[] = [];
  for (let spentMs = 0; spentMs < sampleMs; ) {
    for (const turn of abba(2)) {
      const tookMs = timedBlock(turn === 'a' ? work : unit);
      (turn === 'a' ? ofWork : ofUnit).push(tookMs);
      spentMs += tookMs;
    }
  }
  return quantile(ofWork, UNDISTURBED) / quantile(ofUnit, UNDISTURBED);
}

/** Until the optimising compiler is done: 100 ms were enough for all that is measured here. */
function warmUp(work: Work): void {
  for (let spentMs = 0; spentMs < 200; ) spentMs += timedBlock(work);
}

/** Milliseconds that one block of calls takes, its preparation left out. */
function timedBlock(work: Work): number {
  let sum = 0;
  work.prepare?.();
  const startMs = performance.now();
  for (let k = 0; k < BLOCK; k++) sum += work.call(k);
  const tookMs = performance.now() - startMs;
  sink[0] += sum;
  return Math.max(tookMs, 1e-6);
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

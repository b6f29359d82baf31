// A clock that a bench can set, for processes it starts: loaded before the program (`node --import`), it makes Date.now() tell
// the time that a file names, in every thread, going on from there at the pace of the real clock. Promises: without BENCH_CLOCK
// in the environment nothing is changed; timers and performance.now() stay real. For benches only.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** How old, in real ms, the last look at the file may be. */
const LOOK_MS = 50;
const realNow = Date.now;

type Clock = { readonly path: string; set(nowMs: number): Promise<void> };

/** A clock file that still tells real time. `set` resolves when all processes that use it must have seen it. */
export function createClock(path: string): Clock {
  const write = (offsetMs: number) => {
    writeFileSync(`${path}.new`, `${offsetMs}`);
    renameSync(`${path}.new`, path);
  };
  write(0);
  return {
    path,
    async set(nowMs) {
      write(Math.round(nowMs - realNow()));
      await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS));
    },
  };
}

function follow(path: string): void {
  let offsetMs = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  Date.now = () => {
    const real = realNow();
    if (real - lookedAt > LOOK_MS) {
      lookedAt = real;
      offsetMs = Number(readFileSync(path, 'utf8'));
    }
    return real + offsetMs;
  };
}

if (process.env.BENCH_CLOCK) follow(process.env.BENCH_CLOCK);

// How late a thread's loop is, with real time: what is measured is Node's own.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type LoopWatch, watchLoop } from '../../src/process/watch-loop.ts';

let watch: LoopWatch;
afterEach(() => watch.stop());

/** Longer than an answer may be late. */
const LONG_MS = 1_500;

function standStill(): void {
  const untilMs = performance.now() + LONG_MS;
  while (performance.now() < untilMs);
}

async function isEverOverloaded(): Promise<boolean> {
  let overloaded = false;
  for (let turns = 0; turns < 24; turns++) {
    await sleep(50);
    overloaded ||= watch.overloaded();
  }
  return overloaded;
}

test('a thread that took long to be built turns nobody away when it begins to listen', async () => {
  watch = watchLoop({ loopDelay: () => {} });
  await sleep(50);
  standStill();
  watch.begin();
  expect(await isEverOverloaded()).toBe(false);
});

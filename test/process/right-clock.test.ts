import { expect, test } from 'vitest';
import { createRightClock, MAX_APART_MS, storeClock } from '../../src/process/right-clock.ts';
import { openTestStore } from '../support/store.ts';

test('a clock is right while it is near the store’s, ahead or behind, and the log hears of each change once', async () => {
  const said: string[] = [];
  const say = (facts: object, message: string) => void said.push(`${JSON.stringify(facts)} ${message}`);
  const isRight = createRightClock(async () => 1e12, { info: say, error: say } as never);
  const apart = [0, MAX_APART_MS, -MAX_APART_MS, 2 * MAX_APART_MS, 2 * MAX_APART_MS, -2 * MAX_APART_MS, 0];
  const right = [];
  for (const ms of apart) right.push(await isRight(1e12 + ms));
  expect(right).toEqual([true, true, true, false, false, false, true]);
  expect(said).toEqual([
    '{"aheadS":7200} this clock and the store’s are hours apart: nothing is expired or forgotten',
    '{"aheadS":0} this clock and the store’s agree again',
  ]);
});

test('the store tells its time in milliseconds', async () => {
  const { pool } = await openTestStore();
  expect(Math.abs((await storeClock(pool)) - Date.now())).toBeLessThan(MAX_APART_MS);
});

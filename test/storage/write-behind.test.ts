import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWriteBehind } from '../../src/storage/write-behind.ts';

type Row = { readonly name: string; readonly count: number };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(maxWaiting = Number.POSITIVE_INFINITY) {
  const store = { isAway: false, tries: 0, written: [] as Row[][] };
  const errors: unknown[] = [];
  const rule = {
    ...{ keyOf: (row: Row) => row.name, maxWaiting },
    sum: (before: Row, row: Row) => ({ ...before, count: before.count + row.count }),
  };
  const write = async (rows: readonly Row[]) => {
    store.tries++;
    if (store.isAway) throw new Error('away');
    store.written.push([...rows]);
  };
  return { store, errors, rows: createWriteBehind(rule, write, (error) => errors.push(error)) };
}

test('rows of one key are written as one, within a second', async () => {
  const { store, rows } = setUp();
  for (const name of ['a', 'b', 'a']) rows.add({ name, count: 1 });
  expect(store.tries).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  rows.add({ name: 'a', count: 1 });
  await rows.stop();
  expect(store.written).toEqual([
    [
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
    ],
    [{ name: 'a', count: 1 }],
  ]);
});

test('rows are kept while the store is away, up to a bound, and get there later', async () => {
  const { store, errors, rows } = setUp(2);
  store.isAway = true;
  for (const name of ['a', 'b', 'c']) rows.add({ name, count: 1 });
  await vi.advanceTimersByTimeAsync(3_500);
  expect(errors).toHaveLength(3);
  store.isAway = false;
  rows.add({ name: 'a', count: 1 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(store.written).toEqual([
    [
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
    ],
  ]);
});

test('after the stop nothing is tried again: not what the store did not take then, not what comes later', async () => {
  const { store, rows } = setUp();
  store.isAway = true;
  rows.add({ name: 'a', count: 1 });
  await expect(rows.stop()).rejects.toThrow('away');
  rows.add({ name: 'b', count: 1 });
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(store.tries).toBe(1);
});

test('what the store did not take just before the stop is written by it', async () => {
  const { store, errors, rows } = setUp();
  store.isAway = true;
  rows.add({ name: 'a', count: 1 });
  await vi.advanceTimersByTimeAsync(1_000);
  store.isAway = false;
  await rows.stop();
  expect([errors.length, store.written, vi.getTimerCount()]).toEqual([1, [[{ name: 'a', count: 1 }]], 0]);
});

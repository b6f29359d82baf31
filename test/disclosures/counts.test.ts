import { expect, test, vi } from 'vitest';
import { createDisclosureCounts } from '../../src/disclosures/counts.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { addCounts } from '../../src/disclosures/store.ts';
import { openTestStore } from '../support/store.ts';

const { pool } = await openTestStore();

test('are added up per application, tick and outcome, by two gateways', async () => {
  const counters = [0, 1].map(() =>
    createDisclosureCounts(
      (rows) => addCounts(pool, rows),
      () => {},
    ),
  );
  for (const counts of counters) {
    counts.note('a', 1_959_000, KIND.region);
    counts.note('a', 1_959_000, KIND.region);
    counts.note('a', 1_959_000, KIND.refused);
    counts.note('b', 1_959_001, KIND.region);
  }
  await Promise.all(counters.map((counts) => counts.stop()));
  const { rows } = await pool.query(
    'select application, tick, outcome, count::int from disclosure_counts order by 1, 2, 3',
  );
  expect(rows).toEqual([
    { application: 'a', tick: 1_959_000, outcome: KIND.region, count: 4 },
    { application: 'a', tick: 1_959_000, outcome: KIND.refused, count: 2 },
    { application: 'b', tick: 1_959_001, outcome: KIND.region, count: 2 },
  ]);
});

test('are kept while the store is away, and get there later', async () => {
  vi.useFakeTimers();
  const errors: unknown[] = [];
  const add = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(undefined);
  const counts = createDisclosureCounts(add, (error) => errors.push(error));
  counts.note('a', 5, KIND.region);
  expect(add).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(errors).toHaveLength(1);
  counts.note('a', 5, KIND.region);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(add).toHaveBeenLastCalledWith([{ application: 'a', tick: 5, outcome: KIND.region, count: 2 }]);
  await counts.stop();
  expect(add).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

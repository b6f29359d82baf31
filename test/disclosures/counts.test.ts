import { expect, test } from 'vitest';
import { COUNT_RULE } from '../../src/disclosures/counts.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { addCounts } from '../../src/disclosures/store.ts';
import { createWriteBehind } from '../../src/storage/write-behind.ts';
import { openTestStore } from '../support/store.ts';

const { pool } = await openTestStore();

test('are added up per application, tick and outcome, by two gateways', async () => {
  const counters = [0, 1].map(() =>
    createWriteBehind(
      COUNT_RULE,
      (rows) => addCounts(pool, rows),
      () => {},
    ),
  );
  for (const counts of counters) {
    counts.add({ application: 'a', tick: 1_959_000, outcome: KIND.region, count: 1 });
    counts.add({ application: 'a', tick: 1_959_000, outcome: KIND.region, count: 1 });
    counts.add({ application: 'a', tick: 1_959_000, outcome: KIND.refused, count: 1 });
    counts.add({ application: 'b', tick: 1_959_001, outcome: KIND.region, count: 1 });
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

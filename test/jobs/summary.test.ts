import { expect, test } from 'vitest';
import { createCounterMemory, openStripe, ROUTE, sumCounters } from '../../src/http/counters.ts';
import { createSummary } from '../../src/jobs/summary.ts';

test('tells the growth of each outcome since the line before, and nothing when nothing happened', () => {
  const memory = createCounterMemory(1);
  const stripe = openStripe(memory, 0);
  const lines: object[] = [];
  const run = createSummary(
    () => sumCounters(memory),
    (counts) => lines.push(counts),
  );
  run();
  stripe.answered(ROUTE.geolocate, 'located', 2, 1);
  stripe.answered(ROUTE.geolocate, 'located', 4, 1);
  run();
  stripe.answered(ROUTE.country, 'keyInvalid', 0, 1);
  run();
  run();
  expect(lines).toEqual([{ 'geolocate.located': 2 }, { 'country.keyInvalid': 1 }]);
});

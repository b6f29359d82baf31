import { expect, test } from 'vitest';
import { createCounterMemory, openStripe, ROUTE, sumCounters } from '../../src/http/counters.ts';

test('stripes add up, each answer in one bucket, unused ones left out', () => {
  const memory = createCounterMemory(2);
  const [first, second] = [openStripe(memory, 0), openStripe(memory, 1)];
  first.answered(ROUTE.geolocate, 'located', 2, 0.2);
  second.answered(ROUTE.geolocate, 'located', 2, 9000);
  second.answered(ROUTE.country, 'bug', 0, 0);
  first.loopDelay(1, 2, 3);
  const sums = sumCounters(memory);
  expect(sums.answers).toEqual([
    { route: 'geolocate', outcome: 'located', source: 'wifi', count: 2 },
    { route: 'country', outcome: 'bug', source: 'none', count: 1 },
  ]);
  const [geolocate] = sums.latency;
  expect(geolocate.buckets.reduce((a, b) => a + b)).toBe(2);
  expect(geolocate.buckets.at(-1)).toBe(1);
  expect(geolocate.sumS).toBeCloseTo(9.0002, 9);
  expect(sums.loops).toEqual([
    { meanMs: 1, p99Ms: 2, maxMs: 3 },
    { meanMs: 0, p99Ms: 0, maxMs: 0 },
  ]);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { honestFactors, honestHalves, leastErrorM, truthsApartM, waysOf } from '../../bench/accuracy/bounds.ts';
import type { DataSet, Method } from '../../bench/accuracy/method.ts';
import { measure } from '../../bench/accuracy/metrics.ts';
import { createNearestReports } from '../../bench/accuracy/oracle-nearest.ts';
import { simulateWifi, WIFI_WORLDS } from '../../bench/accuracy/simulator-wifi.ts';
import type { Scan } from '../../bench/accuracy/traces.ts';
import { M_PER_DEG_LAT, mPerDegLon } from '../../src/geo/distance.ts';

const at = (x: number, y: number) => ({ lat: 50 + y / M_PER_DEG_LAT, lon: 4 + x / mPerDegLon(50) });
const LIKE: Scan = { ...simulateWifi({ ...WIFI_WORLDS[1], sizeM: 150 }).test[0], wifi: [], cells: [] };
/** A scan at a place that hears one transmitter. */
const scan = (x: number, y: number, mac: number, fields: Partial<Scan> = {}): Scan => ({
  ...LIKE,
  ...at(x, y),
  wifi: [{ mac, dbm: -60 }],
  ...fields,
});
const truth = fc.record({
  x: fc.integer({ min: -300, max: 300 }),
  y: fc.integer({ min: -300, max: 300 }),
  mac: fc.integer({ min: 1, max: 3 }),
});

it('no answers, even such as know the truths, beat the least error of a set', () => {
  fc.assert(
    fc.property(
      fc.array(truth, { minLength: 3, maxLength: 20 }),
      fc.array(truth, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(0.5, 0.95),
      fc.boolean(),
      (truths, guesses, share, fromTruths) => {
        const test = truths.map(({ x, y, mac }) => scan(x, y, mac));
        const all = fromTruths ? truths : guesses;
        // Any fixed answer for each question: a guess, or the middle of the truths.
        const answers = [1, 2, 3].map((mac) => {
          const mine = fromTruths ? all.filter((t) => t.mac === mac) : [guesses[mac - 1]];
          const n = Math.max(mine.length, 1);
          return at(mine.reduce((s, t) => s + t.x, 0) / n, mine.reduce((s, t) => s + t.y, 0) / n);
        });
        const method: Method = {
          name: 'any',
          learn: () => {},
          locate: ({ wifi }) => ({ ...answers[wifi[0].mac - 1], accuracyM: 1 }),
        };
        const { medianM, p95M } = measure(method, { name: '', kind: 'wifi', learn: [], test });
        expect(leastErrorM(test, share)).toBeLessThanOrEqual((share === 0.5 ? medianM : p95M) + 0.01);
      },
    ),
  );
});

it('the least error of one question asked at three places is the circle around them, of different questions nothing', () => {
  const places = [
    [0, 0],
    [100, 0],
    [50, 10],
  ];
  expect(
    leastErrorM(
      places.map(([x, y]) => scan(x, y, 1)),
      1,
    ),
  ).toBeCloseTo(50, 0);
  expect(
    leastErrorM(
      places.map(([x, y]) => scan(x, y, 1)),
      0.6,
    ),
  ).toBeCloseTo(25.5, 0);
  expect(
    leastErrorM(
      places.map(([x, y], i) => scan(x, y, i)),
      1,
    ),
  ).toBeLessThan(1);
});

it('truths are compared between phones of one session and time only', () => {
  const scans = [
    scan(0, 0, 1, { device: 'a', timeMs: 0 }),
    scan(30, 0, 2, { device: 'b', timeMs: 1_000 }),
    scan(900, 0, 3, { device: 'a', timeMs: 1_500 }),
    scan(500, 0, 4, { device: 'c', timeMs: 60_000 }),
    scan(700, 0, 5, { device: 'd', timeMs: 0, group: 'elsewhere' }),
  ];
  expect(truthsApartM(scans, 1_200, 0.5)).toBeCloseTo(30, 0);
  expect(truthsApartM(scans.slice(3), 1_200, 0.5)).toBeNull();
});

it('circles that were made as much wider as is said hold 93 and 97 %', () => {
  const test = Array.from({ length: 200 }, (_, i) => scan(i, 0, 1));
  const set: DataSet = { name: '', kind: 'wifi', learn: [], test };
  const method = (wider: number): Method => ({
    name: 'west',
    learn: () => {},
    locate: () => ({ ...at(0, 0), accuracyM: 40 * wider }),
  });
  const [least, most] = honestFactors(method(1), set);
  expect(measure(method(least + 0.001), set).inside).toBeCloseTo(0.93, 2);
  expect(measure(method(most + 0.001), set).inside).toBeCloseTo(0.97, 2);
});

it('a way ends where its phone or trace does, where time goes back, and with a pause of more than ten minutes', () => {
  const scans = [
    scan(0, 0, 1, { device: 'a', timeMs: 0 }),
    scan(1, 0, 1, { device: 'a', timeMs: 600_000 }),
    scan(2, 0, 1, { device: 'a', timeMs: 1_200_001 }),
    scan(3, 0, 1, { device: 'b', timeMs: 1_200_002 }),
    scan(4, 0, 1, { device: 'b', timeMs: 0 }),
    scan(5, 0, 1, { device: 'b', timeMs: 1, trace: 'another' }),
  ];
  expect(waysOf(scans).map((way) => way.length)).toEqual([2, 1, 1, 1, 1]);
  expect(waysOf([])).toEqual([]);
});

it('half of many ways tells how wide circles are to be, half of few that differ does not, and of one there is no half', () => {
  const ways = (count: number, errorM: (way: number, i: number) => number) =>
    Array.from({ length: count }, (_, way) =>
      Array.from({ length: 50 }, (_, i) => scan(errorM(way, i), 0, 1, { trace: String(way), timeMs: i })),
    ).flat();
  const method: Method = { name: 'west', learn: () => {}, locate: () => ({ ...at(0, 0), accuracyM: 10 }) };
  const halves = (test: Scan[]) => honestHalves(method, { name: '', kind: 'wifi', learn: [], test });
  expect(halves(ways(40, (_, i) => 1 + i))).toBe(1);
  expect(halves(ways(6, (way, i) => (1 + way) * (1 + i)))).toBeLessThan(0.3);
  expect(halves(ways(1, (_, i) => 1 + i))).toBeNull();
});

it('the oracle finds in a small mall what no map of ours can hold', () => {
  const mall = simulateWifi({ ...WIFI_WORLDS[2], sizeM: 80 });
  const few = { ...mall, test: mall.test.filter((_, i) => i % 20 === 0) };
  const oracle = createNearestReports();
  oracle.learn(mall.learn);
  const { answered, p95M } = measure(oracle, few);
  expect(answered).toBe(1);
  expect(p95M).toBeLessThan(6);
});

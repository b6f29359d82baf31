import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../fixtures/random.ts';
import { createPathLoss, lossDb, millsRatio } from '../../src/positioning/path-loss.ts';
import { createPoints } from '../../src/positioning/points.ts';
import { reachPull, WIFI_REACH } from '../../src/positioning/reach.ts';
import { createSolution, solve } from '../../src/positioning/solve.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';

type Heard = { x: number; y: number; dbm: number };
const SIGMA_M = 50;

/** The mean of stations and what strengths make of it, of so many devices (all, unless told). */
function answers(heard: readonly Heard[], sigmaM = SIGMA_M, devices = heard.length) {
  const points = createPoints(128);
  points.count = heard.length;
  heard.forEach(({ x, y, dbm }, i) => {
    Object.entries({ x, y, dbm, sigmaM, trust: 0.9, member: 1, pull: reachPull(WIFI_REACH, dbm, sigmaM) }).forEach(
      ([name, value]) => {
        (points[name as 'x'] as Float64Array)[i] = value;
      },
    );
  });
  const solution = createSolution();
  solve(points, 0, true, solution);
  const mean = { ...solution };
  createPathLoss(128)(points, devices, solution);
  return { mean, led: { ...solution } };
}

/** What is heard at (x, y) of stations, with shadows of so many dB: nothing under -90 dBm. */
function hear(stations: readonly { x: number; y: number }[], x: number, y: number, shadowDb: number, seed: number) {
  const chance = createRandom(seed);
  return stations
    .map((s) => ({
      ...s,
      dbm: Math.round(-33 - 30 * Math.log10(Math.hypot(s.x - x, s.y - y, 3)) + shadowDb * chance.normal(0, 1)),
    }))
    .filter(({ dbm }) => dbm > -90);
}

/** Stations all over a square of so many metres, its corner at 0, 0. */
function square(sizeM: number, count: number, seed: number) {
  const chance = createRandom(seed);
  return Array.from({ length: count }, () => ({ x: sizeM * chance.next(), y: sizeM * chance.next() }));
}

const apart = (a: { x: number; y: number }, x: number, y: number) => Math.hypot(a.x - x, a.y - y);
const median = (all: number[]) => [...all].sort((a, b) => a - b)[all.length >> 1];
const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);

describe('strengths of many stations', () => {
  it('lead the answer to the outer wall of a mall, where the mean of its access points lies far inside', () => {
    const found = SEEDS.map((seed) => {
      const { mean, led } = answers(hear(square(160, 60, seed), 5, 5, 5, seed));
      return { mean: apart(mean, 5, 5), led: apart(led, 5, 5) };
    });
    expect(median(found.map(({ mean }) => mean))).toBeGreaterThan(20);
    expect(median(found.map(({ led }) => led))).toBeLessThan(0.7 * median(found.map(({ mean }) => mean)));
  });

  it('cost little in the middle of a field of them, where the mean is right', () => {
    const found = SEEDS.map((seed) => {
      const { mean, led } = answers(hear(square(400, 150, seed), 200, 200, 6, seed));
      return { mean: apart(mean, 200, 200), led: apart(led, 200, 200) };
    });
    expect(median(found.map(({ led }) => led))).toBeLessThan(1.25 * median(found.map(({ mean }) => mean)));
  });

  it('give away an access point that was carried to beside the phone and would draw the mean to where it once stood', () => {
    const found = SEEDS.map((seed) => {
      const honest = hear(square(160, 60, seed), 40, 40, 5, seed);
      const { mean, led } = answers([...honest, { x: 130, y: 130, dbm: -35 }]);
      return { mean: apart(mean, 40, 40), led: apart(led, 40, 40) };
    });
    expect(median(found.map(({ mean }) => mean))).toBeGreaterThan(80);
    expect(median(found.map(({ led }) => led))).toBeLessThan(30);
  });

  it('say nothing of fewer than ten devices, however many addresses, nor of what is heard in one room', () => {
    const heard = hear(square(160, 60, 7), 5, 5, 5, 7);
    const few = answers(heard, SIGMA_M, 9);
    expect(few.led).toEqual(few.mean);
    const narrow = answers(heard, 8);
    expect(narrow.led).toEqual(narrow.mean);
    const silent = answers(heard.map((h, i) => (i < 9 ? h : { ...h, dbm: UNKNOWN_DBM })));
    expect(silent.led).toEqual(silent.mean);
    expect(answers(heard).led).not.toEqual(answers(heard).mean);
  });

  it('never lead anywhere but among the stations or a few of their reaches from them, whatever a client claims', () => {
    const one = fc.record({
      x: fc.integer({ min: -120, max: 120 }),
      y: fc.integer({ min: -120, max: 120 }),
      dbm: fc.oneof(fc.constant(UNKNOWN_DBM), fc.integer({ min: -100, max: -10 })),
    });
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 10, maxLength: 40 }),
        fc.integer({ min: 5, max: 300 }),
        (heard, sigmaM) => {
          const { mean, led } = answers(heard, sigmaM);
          expect(apart(led, mean.x, mean.y)).toBeLessThan(4 * sigmaM);
          expect(Number.isFinite(led.scatterM + led.reachM)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('weigh the same for stations mirrored or turned: no side is preferred', () => {
    const heard = hear(square(160, 50, 3), 20, 70, 5, 3);
    const { led } = answers(heard);
    const mirrored = answers(heard.map(({ x, y, dbm }) => ({ x: -x, y, dbm }))).led;
    const turned = answers(heard.map(({ x, y, dbm }) => ({ x: -y, y: x, dbm }))).led;
    expect([mirrored.x, mirrored.y]).toEqual([expect.closeTo(-led.x, 6), expect.closeTo(led.y, 6)]);
    expect([turned.x, turned.y]).toEqual([expect.closeTo(-led.y, 6), expect.closeTo(led.x, 6)]);
  });
});

it('the tables say what the formulas say', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 2 ** 31, noNaN: true }), (d2) => {
      expect(lossDb(d2)).toBeCloseTo(30 * Math.log10(Math.sqrt(d2)), 4);
    }),
  );
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const step = 1 / 1024;
  let below = 0;
  for (let z = -12; z <= 6; z += step) {
    if (z >= -6) expect(Math.abs(millsRatio(z) - density(z) / below)).toBeLessThan(0.001);
    below += step * density(z + step / 2);
  }
});

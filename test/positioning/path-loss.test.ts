import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../fixtures/random.ts';
import { createPathLoss } from '../../src/positioning/path-loss.ts';
import { lossDb, millsRatio } from '../../src/positioning/path-loss-tables.ts';
import { createPoints } from '../../src/positioning/points.ts';
import { reachPull, WIFI_REACH } from '../../src/positioning/reach.ts';
import { createSolution, solve } from '../../src/positioning/solve.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';

type Heard = { x: number; y: number; dbm: number };
const SIGMA_M = 50;

/** The mean of stations and what strengths make of it, each station a device of its own, or as told. */
function answers(
  heard: readonly Heard[],
  sigmaOf: number | ((i: number) => number) = SIGMA_M,
  deviceOf = (i: number) => i,
) {
  const points = createPoints(128);
  points.count = heard.length;
  heard.forEach(({ x, y, dbm }, i) => {
    const sigmaM = typeof sigmaOf === 'number' ? sigmaOf : sigmaOf(i);
    Object.entries({ x, y, dbm, sigmaM, trust: 0.9, member: 1, pull: reachPull(WIFI_REACH, dbm, sigmaM) }).forEach(
      ([name, value]) => {
        (points[name as 'x'] as Float64Array)[i] = value;
      },
    );
    points.device[i] = deviceOf(i);
  });
  const solution = createSolution();
  solve(points, 0, true, solution);
  const mean = { ...solution };
  const followed = createPathLoss(128)(points, solution);
  return { mean, led: { ...solution }, followed };
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

  it('are believed less of who is heard far off: a strong transmitter is no nearer for that', () => {
    const found = SEEDS.map((seed) => {
      const chance = createRandom(seed);
      // Heard twice as far, or half as far, for 9 dB more or less.
      const town = square(300, 120, seed).map((s) => ({ ...s, octaves: chance.normal(0, 0.6) }));
      const heard = town
        .map((s) => ({ ...s, dbm: hear([s], 150, 150, 5, Math.round(1e6 * s.x))[0]?.dbm + 9 * s.octaves }))
        .filter(({ dbm }) => dbm > -90);
      const told = answers(heard, (i) => SIGMA_M * 2 ** heard[i].octaves).led;
      return { alike: apart(answers(heard).led, 150, 150), told: apart(told, 150, 150) };
    });
    expect(median(found.map(({ told }) => told))).toBeLessThan(0.93 * median(found.map(({ alike }) => alike)));
  });

  it('are half believed where stations stand over as much as their reach: there the mean is right, and going all the way is noise', () => {
    const found = SEEDS.map((seed) => {
      const { mean, led } = answers(hear(square(400, 150, seed), 200, 200, 6, 1_000 + seed), 40);
      return { mean: apart(mean, 200, 200), led: apart(led, 200, 200) };
    });
    expect(median(found.map(({ led }) => led))).toBeLessThan(1.02 * median(found.map(({ mean }) => mean)));
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
    const few = answers(heard, SIGMA_M, (i) => i % 9);
    expect(few).toEqual({ mean: few.mean, led: few.mean, followed: false });
    const narrow = answers(heard, 8);
    expect(narrow).toEqual({ mean: narrow.mean, led: narrow.mean, followed: false });
    // Ten tell nothing, two of many addresses do.
    const silent = answers(
      heard.map((h, i) => (i % 12 < 2 ? h : { ...h, dbm: UNKNOWN_DBM })),
      SIGMA_M,
      (i) => i % 12,
    );
    expect(silent).toEqual({ mean: silent.mean, led: silent.mean, followed: false });
    expect(answers(heard, SIGMA_M, (i) => i % 10).followed).toBe(true);
  });

  it('say nothing if they are one number, or nearly', () => {
    const heard = hear(square(160, 60, 7), 5, 5, 5, 7);
    for (const dbmOf of [() => -50, (i: number) => -60 - (i % 2), (i: number) => -80 + (i % 7)]) {
      const same = answers(heard.map((h, i) => ({ ...h, dbm: dbmOf(i) })));
      expect(same).toEqual({ mean: same.mean, led: same.mean, followed: false });
    }
  });

  it('give no say to whom place and trust outvoted, however loud others are made: one address finds nobody (A10)', () => {
    const list = (target: Heard) => [
      ...Array.from({ length: 11 }, (_, i) => ({ x: 20 * Math.cos(i), y: 20 * Math.sin(i), dbm: -100 })),
      { x: 100, y: 5, dbm: -30 },
      { x: 100, y: -5, dbm: -30 },
      target,
    ];
    for (const away of [180, 200, 240])
      for (const dbm of [-30, -60, -85, -100]) {
        const before = answers(list({ x: away, y: 0, dbm })).led;
        for (const moved of [
          { x: away + 20, y: 0, dbm },
          { x: away, y: 40, dbm },
        ]) {
          const after = answers(list(moved)).led;
          expect(apart(after, before.x, before.y)).toBeLessThan(0.5);
        }
      }
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

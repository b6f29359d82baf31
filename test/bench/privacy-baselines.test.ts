import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  androidCalibrated,
  androidFudger,
  driftingOffset,
  GRID_M,
  OFFSET_SIGMA_M,
} from '../../bench/privacy/baseline-android.ts';
import { androidDensity, densityRule } from '../../bench/privacy/baseline-android-density.ts';
import { planarLaplace } from '../../bench/privacy/baseline-planar-laplace.ts';
import { landmarksOf } from '../../bench/privacy/baseline-rfc6772.ts';
import { s2Cell, s2Centre, s2EdgeM, s2Parent } from '../../bench/privacy/s2.ts';
import { createCountry } from '../../bench/privacy/world.ts';
import { createRandom } from '../../fixtures/random.ts';
import { distanceM } from '../../src/geo/distance.ts';
import { HOUR_MS } from '../../src/time/spans.ts';

const START = Date.UTC(2026, 5, 1);

describe("RFC 6772's zones", () => {
  test('give every landmark, and every edge, a third of a square', () => {
    const steps = 600;
    const areas = new Map<string, number>();
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < steps; j++) {
        const ends = landmarksOf((i + 0.5) / steps, (j + 0.5) / steps);
        const zone = ends.length === 1 ? 'corner' : 'edge';
        areas.set(zone, (areas.get(zone) ?? 0) + 1 / steps ** 2);
      }
    }
    // Four corner zones round a landmark; an edge has a zone in each of two squares, of four.
    expect(areas.get('corner')).toBeCloseTo(1 / 3, 2);
    expect(areas.get('edge')! / 2).toBeCloseTo(1 / 3, 2);
  });

  test('never name a landmark farther away than d', () => {
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(share, share, (x, y) => {
        for (const [cornerX, cornerY] of landmarksOf(x, y))
          expect(Math.hypot(x - cornerX, y - cornerY)).toBeLessThan(1);
      }),
    );
  });
});

describe("Android's fudger", () => {
  test('keeps the spread of its offset while the offset wanders: 15 m in an hour, 73 m in a day', () => {
    const random = createRandom(1);
    const spread = { hour: 0, day: 0, later: 0 };
    const phones = 4_000;
    for (let i = 0; i < phones; i++) {
      const offset = driftingOffset(random.fork(String(i)), [0, 0]);
      offset.at(START);
      spread.hour += offset.at(START + HOUR_MS)[0] ** 2 / phones;
      spread.day += offset.at(START + 24 * HOUR_MS)[0] ** 2 / phones;
      const own = driftingOffset(random.fork(`own ${i}`));
      own.at(START);
      spread.later += own.at(START + 240 * HOUR_MS)[0] ** 2 / phones;
    }
    expect(Math.sqrt(spread.hour)).toBeGreaterThan(14);
    expect(Math.sqrt(spread.hour)).toBeLessThan(16);
    expect(Math.sqrt(spread.day)).toBeGreaterThan(69);
    expect(Math.sqrt(spread.day)).toBeLessThan(77);
    expect(Math.sqrt(spread.later)).toBeGreaterThan(0.95 * OFFSET_SIGMA_M);
    expect(Math.sqrt(spread.later)).toBeLessThan(1.05 * OFFSET_SIGMA_M);
  });

  test('answers from a grid of two kilometres, once in ten minutes', () => {
    const phone = androidCalibrated(0).phone(createRandom(2));
    const here = phone(52.1, 5.1, START)!;
    expect(distanceM(52.1, 5.1, here.lat, here.lon)).toBeLessThan(GRID_M / Math.SQRT2 + 1);
    expect(phone(52.9, 5.1, START + 599_000)).toBe(here);
    expect(phone(52.9, 5.1, START + 600_000)).not.toEqual(here);
    expect(androidFudger().phone(createRandom(3))(52.1, 5.1, START)!.radiusM).toBe(GRID_M);
  });
});

describe("Android's density rule", () => {
  const { residents, towns } = createCountry('sparse', 1);
  const rule = densityRule(residents);

  test('names the finest S2 cell that holds a thousand, level 12 in a town and coarser in the country', () => {
    expect(rule(towns[0].lat, towns[0].lon)!.level).toBe(12);
    const levels = [...residents.keys()].length;
    expect(levels).toBeGreaterThan(1_000);
    const lonely = rule(towns[0].lat + 0.9, towns[0].lon)!;
    expect(lonely.level).toBeLessThan(12);
    expect(androidDensity(rule).phone(createRandom(1))(towns[0].lat, towns[0].lon, START)!.radiusM).toBeCloseTo(
      2_270,
      -2,
    );
  });

  test("finds points in their cells, whose centres lie within and whose parents' centres lie near", () => {
    const lat = fc.double({ min: -89, max: 89, noNaN: true });
    const lon = fc.double({ min: -180, max: 180, noNaN: true });
    fc.assert(
      fc.property(lat, lon, fc.integer({ min: 3, max: 12 }), (atLat, atLon, level) => {
        const cell = s2Cell(atLat, atLon, level);
        const [centreLat, centreLon] = s2Centre(cell);
        expect(s2Cell(centreLat, centreLon, level)).toEqual(cell);
        expect(s2Cell(centreLat, centreLon, level - 1)).toEqual(s2Parent(cell));
        expect(distanceM(atLat, atLon, centreLat, centreLon)).toBeLessThan(1.3 * s2EdgeM(level));
      }),
    );
  });
});

test('planar Laplace is 252 m off at the median, and its circle holds 95 of 100', () => {
  const random = createRandom(4);
  const phone = planarLaplace().phone(random);
  const answers = Array.from({ length: 20_000 }, () => phone(48, 11, START)!);
  const errors = answers.map(({ lat, lon }) => distanceM(48, 11, lat, lon)).sort((a, b) => a - b);
  // ln 4 / 200 m: r eps at the median of Gamma(2, 1) is 1.678.
  expect(errors[10_000]).toBeGreaterThan(236);
  expect(errors[10_000]).toBeLessThan(248);
  const inside = errors.filter((m) => m <= answers[0].radiusM).length / errors.length;
  expect(inside).toBeGreaterThan(0.945);
  expect(inside).toBeLessThan(0.955);
});

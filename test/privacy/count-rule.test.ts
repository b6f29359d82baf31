import { latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import {
  BUDGET_WINDOWS,
  DELTA,
  EPSILON,
  FEWEST_DEVICES,
  lastDueWindow,
  maySpend,
  noisyCounts,
  RELEASE_DELAY_MS,
  releaseThreshold,
  WINDOW_MS,
  windowOf,
} from '../../src/privacy/count-rule.ts';
import { drawDiscreteLaplace, type RandomBelow } from '../../src/privacy/discrete-laplace.ts';
import { keyOfCell, parentKey, resolutionOf } from '../../src/privacy/region-key.ts';
import { loudBelow, seededBelow } from '../support/chance.ts';

const EPS = EPSILON.numerator / EPSILON.denominator;

function releases(count: number, draws: number, randomBelow: RandomBelow): (number | null)[] {
  return Array.from({ length: draws }, () => noisyCounts(new Map([[7, count]]), randomBelow)[0]?.count ?? null);
}

describe('the rule for counts', () => {
  test('publishes a window when its last device was there a day ago, not a moment sooner', () => {
    const end = 82_000 * WINDOW_MS;
    expect(windowOf(end)).toBe(82_000);
    expect(lastDueWindow(end + RELEASE_DELAY_MS - 1)).toBe(81_998);
    expect(lastDueWindow(end + RELEASE_DELAY_MS)).toBe(81_999);
  });

  test('has the smallest threshold that the device which makes it 20 reaches once in a million', () => {
    const threshold = releaseThreshold();
    const a = Math.exp(-EPS);
    const atLeast = (t: number) => a ** t / (1 + a);
    expect(threshold).toBe(73);
    expect(atLeast(threshold - FEWEST_DEVICES)).toBeLessThanOrEqual(DELTA);
    expect(atLeast(threshold - 1 - FEWEST_DEVICES)).toBeGreaterThan(DELTA);
  });

  test('never names fewer than 20 devices, nor a noisy count under the threshold', () => {
    expect(drawDiscreteLaplace(EPSILON, loudBelow())).toBe(80);
    const loud = loudBelow();
    expect(releases(FEWEST_DEVICES - 1, 10, loud)).toEqual(Array(10).fill(null));
    expect(releases(FEWEST_DEVICES, 10, loud)).toEqual(Array(10).fill(FEWEST_DEVICES + 80));
    expect(releases(releaseThreshold(), 100, seededBelow(3))).toContain(releaseThreshold());
    for (const count of [30, 60, 73, 90, 500])
      for (const one of releases(count, 3_000, seededBelow(count)))
        expect(one === null || one >= releaseThreshold()).toBe(true);
  });

  test('is off by under 3 % on average at 500 devices', () => {
    const draws = releases(500, 20_000, seededBelow(9));
    const off = draws.reduce<number>((sum, one) => sum + Math.abs(one! - 500), 0) / draws.length / 500;
    expect(off).toBeLessThan(0.03);
  });

  /**
   * A9: the attacker knows of everybody else, sees one window, and names whether the target was among them by the best test
   * there is. Its advantage is the distance between the two laws of what is published.
   */
  test('gives whoever knows everybody else no more than 12 % of advantage a window', () => {
    const bound = (Math.exp(EPS) - 1) / (Math.exp(EPS) + 1);
    expect(bound).toBeLessThan(0.1244);
    for (const without of [19, 20, 60, 72, 73, 200]) {
      const draws = 120_000;
      const laws = [without, without + 1].map((count, i) => {
        const law = new Map<number | null, number>();
        for (const one of releases(count, draws, seededBelow(77 + i))) law.set(one, (law.get(one) ?? 0) + 1 / draws);
        return law;
      });
      // The best test by the theory, measured on the draws: below the midpoint says out, above it says in.
      const cut = Math.max(without + 1, releaseThreshold());
      const says = (law: Map<number | null, number>) =>
        [...law].reduce((sum, [one, share]) => sum + (one !== null && one >= cut ? share : 0), 0);
      const advantage = says(laws[1]) - says(laws[0]);
      expect(advantage).toBeLessThan(bound + 0.01);
      if (without === 200) expect(advantage).toBeGreaterThan(bound - 0.01);
    }
  });

  test('never names a region of empty country, whoever is there, and does name one among people (A14)', () => {
    const cell = keyOfCell(latLngToCell(64.6, 27.2, 7));
    const crowds = new Map([2, 3, 4, 5, 6, 7].map((res) => [parentKey(cell, res), 500]));
    const named = noisyCounts(crowds, seededBelow(3)).map(({ region }) => resolutionOf(region));
    expect(named).toEqual([6, 7]);
  });
});

describe('the budget', () => {
  test('lasts for exactly 120 windows of any 30 days, and comes back as they pass', () => {
    const spent = new Map<number, number>();
    for (let window = 1000; window < 1000 + 3 * BUDGET_WINDOWS; window++) {
      expect(maySpend(spent, window, 30_000)).toBe(true);
      spent.set(window, 250);
    }
  });

  test('of half as much refuses after 60 windows until 60 others have passed', () => {
    const spent = new Map<number, number>();
    const allowed: number[] = [];
    for (let window = 0; window < 240; window++) {
      if (!maySpend(spent, window, 15_000)) continue;
      allowed.push(window);
      spent.set(window, 250);
    }
    expect(allowed).toEqual([...Array(60).keys(), ...Array.from({ length: 60 }, (_, i) => 120 + i)]);
  });

  test('counts windows on both sides, so that a clock that went back spends nothing twice', () => {
    const after = new Map(Array.from({ length: 60 }, (_, i) => [100 + i, 250]));
    expect(maySpend(after, 99, 15_000)).toBe(false);
    expect(maySpend(after, 99, 15_250)).toBe(true);
    expect(maySpend(after, 99 - BUDGET_WINDOWS, 15_000)).toBe(true);
    expect(maySpend(new Map(), 5, 0)).toBe(false);
    // The last 120 windows that it could be one of begin with itself.
    const to = (last: number) => new Map(Array.from({ length: 60 }, (_, i) => [last - i, 250]));
    expect(maySpend(to(99 + BUDGET_WINDOWS - 1), 99, 15_000)).toBe(false);
    expect(maySpend(to(99 + BUDGET_WINDOWS), 99, 15_000)).toBe(true);
  });

  test('counts a window once that is written down already', () => {
    expect(maySpend(new Map([[5, 250]]), 5, 250)).toBe(true);
  });
});

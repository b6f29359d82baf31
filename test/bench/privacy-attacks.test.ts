// The hard zeros of the attacks on coarse answers, small: what bench:privacy measures at length, CI refuses to lose.
import fc from 'fast-check';
import { getPentagons, gridDisk, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { allOurCounts, allSuppressedCounts, basesNamed, emptyPlaces } from '../../bench/privacy/attack-bases.ts';
import { membershipAdvantage, ourCounts, suppressedCounts } from '../../bench/privacy/attack-counts.ts';
import { crossing, WALK_M_S } from '../../bench/privacy/attack-crossing.ts';
import { edgeDwellers } from '../../bench/privacy/attack-edge.ts';
import { nameIn } from '../../bench/privacy/attack-singling-out.ts';
import { naiveH3 } from '../../bench/privacy/baseline-naive.ts';
import { buildMap, ours, oursWithoutToken, populationOf } from '../../bench/privacy/ours.ts';
import { type NameAt, partsOf, singledOut, together } from '../../bench/privacy/partition.ts';
import { area95M2, length95 } from '../../bench/privacy/posterior.ts';
import { createCountry } from '../../bench/privacy/world.ts';
import { createRandom } from '../../fixtures/random.ts';

const START = Date.UTC(2026, 5, 1);
const K = 1_000;
const sparse = createCountry('sparse', 11);
const parts = partsOf(sparse.residents);
const built = buildMap(populationOf(sparse.residents), K);

/** What a fresh phone is told. */
const fresh = (mechanism: ReturnType<typeof ours>): NameAt => {
  const random = createRandom(1);
  return (lat, lon) => mechanism.phone(random)(lat, lon, START)?.name ?? null;
};

describe('nobody is told something that fewer than K residents are told', () => {
  test('in a sparse country, where naive cells single out most people', () => {
    expect(singledOut(parts, nameIn(built), K).underK).toBe(0);
    expect(singledOut(parts, fresh(oursWithoutToken(built.map)), K).underK).toBe(0);
    expect(singledOut(parts, fresh(naiveH3(7)), K).underK).toBeGreaterThan(0.2);
  });

  test('whatever two partners put together: with and without a device, normal and strict map', () => {
    const strict = buildMap(populationOf(sparse.residents), 5 * K);
    const views = [nameIn(built), nameIn(strict), fresh(oursWithoutToken(built.map))];
    for (const a of views) for (const b of views) expect(singledOut(parts, together(a, b), K).underK).toBe(0);
    // The same question asked of two resolutions of plain cells leaves slivers.
    expect(singledOut(parts, together(fresh(naiveH3(7)), fresh(naiveH3(6))), K).underK).toBeGreaterThan(0.1);
  });

  test('in any population, round a pentagon too', () => {
    const cells = [
      ...gridDisk(latLngToCell(64, 27, 8), 12),
      ...getPentagons(8)
        .slice(0, 3)
        .flatMap((cell) => gridDisk(cell, 6)),
    ];
    const people = fc.array(
      fc.tuple(fc.integer({ min: 0, max: cells.length - 1 }), fc.integer({ min: 1, max: 2_500 })),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(people, (crowd) => {
        const residents = new Map(crowd.map(([i, count]) => [cells[i], count]));
        const map = buildMap(populationOf(residents), K);
        const found = singledOut(partsOf(residents), nameIn(map), K);
        expect(found.underK).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a border', () => {
  const dense = createCountry('dense', 11);
  const map = buildMap(populationOf(dense.residents), K).map;
  const centre = dense.towns[0];

  test('crossed on foot leaves a tenth of the area unknown at least, of plain cells a fiftieth', () => {
    const plan = { walkers: 1_200, reachM: 4_000, pollMs: 20_000 };
    expect(crossing(ours(map), centre, START, WALK_M_S, createRandom(5), plan).areaRatioP5).toBeGreaterThan(0.1);
    expect(crossing(naiveH3(7), centre, START, WALK_M_S, createRandom(5), plan).areaRatioP50).toBeLessThan(0.05);
  });

  test('lived on leaves a tenth unknown after a week', () => {
    const plan = { homes: 240, reachM: 4_000, days: 7 };
    expect(edgeDwellers(ours(map), centre, START, createRandom(6), plan).areaRatioP5).toBeGreaterThan(0.1);
    expect(edgeDwellers(naiveH3(7), centre, START, createRandom(6), plan).areaRatioP50).toBeLessThan(0.05);
  });
});

describe('published counts', () => {
  test('tell of one more device no more than their budget allows, where exact ones tell all', () => {
    const bound = (Math.exp(0.25) - 1) / (Math.exp(0.25) + 1);
    const random = createRandom(7);
    for (const others of [19, 72, 73, 300]) {
      expect(membershipAdvantage(ourCounts, others, 20_000, random)).toBeLessThan(bound + 0.02);
    }
    expect(membershipAdvantage(suppressedCounts, 300, 200, random)).toBe(1);
    expect(membershipAdvantage(suppressedCounts, 19, 200, random)).toBe(1);
  });

  test('never name the place of a lone group in empty country, however big, nor of one under twenty anywhere', () => {
    const places = emptyPlaces(sparse, 20, createRandom(8));
    for (const size of [19, 60, 500]) {
      expect(basesNamed(allOurCounts, built.map, places, size, 30, createRandom(8))).toBe(0);
    }
    expect(basesNamed(allSuppressedCounts, built.map, places, 60, 1, createRandom(8))).toBe(20);
    const inTown = sparse.towns.slice(0, 1);
    expect(basesNamed(allOurCounts, built.map, inTown, 19, 120, createRandom(8))).toBe(0);
    expect(basesNamed(allOurCounts, built.map, inTown, 500, 1, createRandom(8))).toBe(1);
  });
});

describe('the yardsticks of the attacks', () => {
  test('measure the area of what is believed: a square, and a thin strip in it', () => {
    const random = createRandom(9);
    const square = Array.from({ length: 4_000 }, () => ({ x: random.between(0, 1_000), y: random.between(0, 1_000) }));
    expect(area95M2(square) / 1e6).toBeGreaterThan(0.85);
    expect(area95M2(square) / 1e6).toBeLessThan(1.05);
    const strip = square.map(({ x }) => ({ x, y: random.between(0, 20) }));
    expect(area95M2(strip) / 1e6).toBeLessThan(0.04);
  });

  test('measure the shortest stretch that holds 95 of 100', () => {
    const values = Array.from({ length: 101 }, (_, i) => i);
    expect(length95(values)).toBe(95);
    expect(length95([...values.slice(0, 96), 1e6, 2e6, 3e6, 4e6, 5e6])).toBe(95);
  });
});

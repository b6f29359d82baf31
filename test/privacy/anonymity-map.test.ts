import fc from 'fast-check';
import { cellToCenterChild, cellToChildren, cellToLatLng, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { anonymityMapOf, MIN_RADIUS_M, regionCircle, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { cellOfKey, keyOfCell, parentKey, type RegionKey, resolutionOf } from '../../src/privacy/region-key.ts';

const K = 1_000;

/** Populations of finest cells under a few coarse ones, from empty to crowded: where the rule has to choose. */
const populations = fc
  .array(
    fc.record({
      lat: fc.double({ min: 51.5, max: 53, noNaN: true }),
      lon: fc.double({ min: 4, max: 7, noNaN: true }),
      residents: fc.oneof(
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 900, max: 1_100 }),
        fc.integer({ max: 50_000, min: 0 }),
      ),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((towns) => {
    const residents = new Map<RegionKey, number>();
    for (const { lat, lon, residents: count } of towns) {
      const key = keyOfCell(latLngToCell(lat, lon, 7));
      residents.set(key, (residents.get(key) ?? 0) + count);
    }
    return residents;
  });

/** The same of finest cells that are all neighbours, a few of which are next to K: where what is left over crosses their parents. */
const NEIGHBOURS = cellToChildren(latLngToCell(52.09, 5.12, 5), 7).map(keyOfCell);
const crowds = fc
  .array(fc.constantFrom(0, 100, 300, 500, 1_300, 2_500, 6_000), {
    minLength: NEIGHBOURS.length,
    maxLength: NEIGHBOURS.length,
  })
  .map((counts) => new Map(NEIGHBOURS.map((key, i): [RegionKey, number] => [key, counts[i]])));

function mapOf(residents: Map<RegionKey, number>, k = K) {
  return anonymityMapOf(buildAnonymityMap(residents, k));
}

/** Residents by the region they are told to be in, the slow way. */
function residentsByRegion(residents: Map<RegionKey, number>, k = K): Map<RegionKey, number> {
  const map = mapOf(residents, k);
  const byRegion = new Map<RegionKey, number>();
  for (const [cell, count] of residents) {
    const region = map.regionOf(cell);
    byRegion.set(region, (byRegion.get(region) ?? 0) + count);
  }
  return byRegion;
}

describe('the anonymity map', () => {
  test('leaves nobody in a region under K, whatever the population', () => {
    fc.assert(
      fc.property(populations, fc.constantFrom(1, 500, K, 5_000), (residents, k) => {
        for (const [region, count] of residentsByRegion(residents, k)) {
          if (region !== SUPPRESSED && count > 0) expect(count).toBeGreaterThanOrEqual(k);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('withstands subtraction: a cell less any named cells inside it holds nobody or at least K', () => {
    fc.assert(
      fc.property(populations, (residents) => {
        const byRegion = residentsByRegion(residents);
        const regions = [...byRegion.keys()].filter((region) => region !== SUPPRESSED);
        // Whoever holds the total of a region and of those below it can subtract: every region is the rest of one cell.
        for (const name of regions) {
          const res = resolutionOf(name);
          let rest = 0;
          for (const [cell, count] of residents) {
            const inside = cellToParent(cellOfKey(cell), res) === cellOfKey(name);
            const finer = regions.some((r) => resolutionOf(r) > res && parentKey(cell, resolutionOf(r)) === r);
            if (inside && !finer) rest += count;
          }
          expect(rest === 0 || rest >= K).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('lies in the strict map of the same figures, so that who sees answers of both learns nothing by it', () => {
    fc.assert(
      fc.property(fc.oneof(populations, crowds), (residents) => {
        const [map, strict] = [mapOf(residents), mapOf(residents, 5_000)];
        const told = new Map<RegionKey, RegionKey>();
        for (const cell of residents.keys()) {
          const region = map.regionOf(cell);
          if (region === SUPPRESSED) expect(strict.regionOf(cell)).toBe(SUPPRESSED);
          else expect(strict.regionOf(cell)).toBe(told.get(region) ?? strict.regionOf(cell));
          told.set(region, strict.regionOf(cell));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('lies in the strict map also where towns would leave too few in a village that the strict map tells with them', () => {
    const [near, far] = [0, 1].map((digit) =>
      cellToChildren(cellToChildren(latLngToCell(52.09, 5.12, 5), 6)[digit], 7),
    );
    const [village, ...towns] = near.map(keyOfCell);
    const hamlet = keyOfCell(far[0]);
    const faraway = keyOfCell(cellToCenterChild(cellToParent(far[0], 2), 7));
    const residents = new Map([
      [village, 500],
      [hamlet, 600],
      // Taken in by those of whom too few are left.
      [faraway, 6_000],
      ...towns.map((town): [RegionKey, number] => [town, 1_300]),
    ]);
    const [map, strict] = [mapOf(residents), mapOf(residents, 5_000)];
    expect(strict.regionOf(village)).toBe(strict.regionOf(towns[0]));
    expect(strict.regionOf(village)).not.toBe(strict.regionOf(hamlet));
    expect(map.regionOf(village)).not.toBe(map.regionOf(hamlet));
  });

  test('names one of the ancestors of a place, and splits no finer than people allow', () => {
    fc.assert(
      fc.property(populations, (residents) => {
        const map = mapOf(residents);
        for (const [cell, count] of residents) {
          const region = map.regionOf(cell);
          if (region === SUPPRESSED) expect(count).toBeLessThan(K);
          else expect(parentKey(cell, resolutionOf(region))).toBe(region);
        }
      }),
    );
  });

  test('suppresses where nobody is known to live, and where fewer than K are', () => {
    const key = keyOfCell(latLngToCell(52.09, 5.12, 7));
    expect(mapOf(new Map()).regionOf(key)).toBe(SUPPRESSED);
    expect(mapOf(new Map([[key, K - 1]])).regionOf(key)).toBe(SUPPRESSED);
    expect(mapOf(new Map([[key, K]])).regionOf(key)).toBe(parentKey(key, 2));
    expect(() => buildAnonymityMap(new Map(), 0)).toThrow(RangeError);
  });

  test('leaves a town its own region, and hands the few round it up until they are K', () => {
    const town = latLngToCell(52.09, 5.12, 7);
    const [hamlet, ...others] = cellToChildren(cellToParent(town, 6), 7)
      .filter((cell) => cell !== town)
      .map(keyOfCell);
    const beside = cellToChildren(cellToParent(town, 5), 6).find((cell) => cell !== cellToParent(town, 6))!;
    const village = keyOfCell(cellToCenterChild(beside, 7));
    const farms = cellToChildren(cellToParent(town, 2), 3)
      .filter((cell) => cell !== cellToParent(town, 3))
      .map((cell) => keyOfCell(cellToCenterChild(cell, 7)));
    const residents = new Map([
      [keyOfCell(town), 4_000],
      [hamlet, 300],
      [others[0], 300],
      [village, 900],
    ]);
    const withFarms = mapOf(new Map([...residents, ...farms.map((key): [RegionKey, number] => [key, 200])]));
    expect(withFarms.regionOf(keyOfCell(town))).toBe(keyOfCell(town));
    for (const key of [hamlet, others[0], village]) expect(withFarms.regionOf(key)).toBe(parentKey(village, 5));
    for (const key of farms) expect(withFarms.regionOf(key)).toBe(parentKey(village, 2));
    // With nobody left for the coarsest cell, it takes in the region that loses least: not the town's.
    const alone = mapOf(residents);
    for (const key of [hamlet, village, farms[0]]) expect(alone.regionOf(key)).toBe(parentKey(village, 2));
    expect(alone.regionOf(keyOfCell(town))).toBe(keyOfCell(town));
  });

  test('never lets an area stand out in which nobody is known to live: a town is told with the empty country round it', () => {
    const cells = cellToChildren(cellToParent(latLngToCell(52.09, 5.12, 7), 6), 7).map(keyOfCell);
    const map = mapOf(new Map(cells.map((key, i) => [key, 50_000 - i])));
    expect(cells.map((key) => resolutionOf(map.regionOf(key)))).toEqual([7, 7, 7, 7, 7, 7, 2]);
    expect(map.regionOf(keyOfCell(latLngToCell(52.6, 5.9, 7)))).toBe(parentKey(cells[0], 2));
  });

  test('tells as finely as K allows: but for one that was taken in, no child of a region has K people of it', () => {
    fc.assert(
      fc.property(populations, (residents) => {
        const map = mapOf(residents);
        const shares = new Map<RegionKey, Map<RegionKey, number>>();
        for (const [cell, count] of residents) {
          const region = map.regionOf(cell);
          if (region === SUPPRESSED || resolutionOf(region) === 7) continue;
          const child = parentKey(cell, resolutionOf(region) + 1);
          const ofRegion = shares.get(region) ?? new Map<RegionKey, number>();
          ofRegion.set(child, (ofRegion.get(child) ?? 0) + count);
          shares.set(region, ofRegion);
        }
        for (const ofRegion of shares.values()) {
          const [most, second = 0, ...rest] = [...ofRegion.values()].sort((a, b) => b - a);
          expect(second).toBeLessThan(K);
          if (most >= K) expect(rest.reduce((sum, count) => sum + count, second)).toBeLessThan(K);
        }
      }),
    );
  });

  test('covers every cell of a region with its circle, and never says less than two kilometres', () => {
    const places = fc.tuple(
      fc.double({ min: -89, max: 89, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.integer({ min: 2, max: 7 }),
    );
    fc.assert(
      fc.property(places, ([lat, lon, res]) => {
        const name = latLngToCell(lat, lon, res);
        const circle = regionCircle(keyOfCell(name), 0);
        expect(circle.radiusM).toBeGreaterThanOrEqual(MIN_RADIUS_M);
        for (const cell of cellToChildren(name, res + 3)) {
          const [cellLat, cellLon] = cellToLatLng(cell);
          expect(distanceM(circle.lat, circle.lon, cellLat, cellLon)).toBeLessThanOrEqual(circle.radiusM);
        }
      }),
      { numRuns: 60 },
    );
  });
});

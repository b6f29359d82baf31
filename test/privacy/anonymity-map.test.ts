import fc from 'fast-check';
import { cellToChildren, cellToLatLng, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import {
  layOutAnonymityMap,
  MIN_RADIUS_M,
  openAnonymityMap,
  regionCircle,
  SUPPRESSED,
} from '../../src/privacy/anonymity-map.ts';
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

function mapOf(residents: Map<RegionKey, number>, k = K) {
  return openAnonymityMap(layOutAnonymityMap(buildAnonymityMap(residents, k)));
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
    expect(mapOf(new Map([[key, K]])).regionOf(key)).toBe(parentKey(key, 3));
    expect(() => buildAnonymityMap(new Map(), 0)).toThrow(RangeError);
  });

  test('keeps a lone city together with its empty country, instead of leaving the country under K', () => {
    const city = latLngToCell(52.09, 5.12, 7);
    const neighbours = cellToChildren(cellToParent(city, 6), 7).map(keyOfCell);
    const crowded = new Map(neighbours.map((key) => [key, 50_000]));
    expect(resolutionOf(mapOf(crowded).regionOf(keyOfCell(city)))).toBe(3);
    // The rest of every coarser cell inhabited as well, the city may be told apart down to the finest cell.
    for (const child of cellToChildren(cellToParent(city, 3), 7)) {
      const key = keyOfCell(child);
      if (!crowded.has(key)) crowded.set(key, K);
    }
    expect(resolutionOf(mapOf(crowded).regionOf(keyOfCell(city)))).toBe(7);
  });

  test('covers every cell of a region with its circle, and never says less than two kilometres', () => {
    const places = fc.tuple(
      fc.double({ min: -89, max: 89, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.integer({ min: 4, max: 7 }),
    );
    fc.assert(
      fc.property(places, ([lat, lon, res]) => {
        const name = latLngToCell(lat, lon, res);
        const circle = regionCircle(keyOfCell(name), 0);
        expect(circle.radiusM).toBeGreaterThanOrEqual(MIN_RADIUS_M);
        for (const cell of cellToChildren(name, Math.min(10, res + 3))) {
          const [cellLat, cellLon] = cellToLatLng(cell);
          expect(distanceM(circle.lat, circle.lon, cellLat, cellLon)).toBeLessThanOrEqual(circle.radiusM);
        }
      }),
      { numRuns: 60 },
    );
  });
});

import fc from 'fast-check';
import { getDistance } from 'geolib';
import { expect, test } from 'vitest';
import { distanceM, lonDeltaDeg, mPerDegLon, wrapLonDeg } from '../../src/geo/distance.ts';

const lat = fc.double({ min: -90, max: 90, noNaN: true });
const lon = fc.double({ min: -180, max: 180, noNaN: true });

test('great-circle distance agrees with geolib, which measures on a sphere of another radius, to 0.2 %', () => {
  fc.assert(
    fc.property(lat, lon, lat, lon, (lat1, lon1, lat2, lon2) => {
      const ours = distanceM(lat1, lon1, lat2, lon2);
      const theirs = getDistance({ lat: lat1, lon: lon1 }, { lat: lat2, lon: lon2 }, 0.01);
      expect(Math.abs(ours - theirs)).toBeLessThan(0.002 * theirs + 0.5);
    }),
    { numRuns: 500 },
  );
});

test('distance is symmetric, zero to itself and knows no antimeridian', () => {
  expect(distanceM(10, 179.999, 10, -179.999)).toBeCloseTo(distanceM(10, 0.001, 10, -0.001), 3);
  expect(distanceM(52, 13, 52, 13)).toBe(0);
  expect(distanceM(1, 2, 3, 4)).toBe(distanceM(3, 4, 1, 2));
});

test('longitudes fold into half-open ranges and a pole divides safely', () => {
  expect(lonDeltaDeg(179, -179)).toBe(2);
  expect(lonDeltaDeg(-179, 179)).toBe(-2);
  expect(wrapLonDeg(180)).toBe(-180);
  expect(wrapLonDeg(540)).toBe(-180);
  expect(mPerDegLon(90)).toBe(1);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { centrePlane, createPlane, planeLat, planeLon, planeX, planeY } from '../../src/geo/plane.ts';

const anywhere = fc.record({
  lat: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 90, 89.9999, -89.9999, 80, 0)),
  lon: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 179.9999, 0)),
});
const offset = fc.double({ min: -20_000, max: 20_000, noNaN: true });

test('a point of the plane comes back from degrees where it was, also over the antimeridian and at the poles', () => {
  const plane = createPlane();
  fc.assert(
    fc.property(anywhere, offset, offset, (centre, x, y) => {
      fc.pre(Math.abs(centre.lat) < 79.7 || Math.abs(centre.lat) > 80.3);
      centrePlane(plane, centre.lat, centre.lon);
      const lat = planeLat(plane, x, y);
      const lon = planeLon(plane, x, y);
      expect(lon).toBeGreaterThanOrEqual(-180);
      expect(lon).toBeLessThan(180);
      expect(Math.abs(planeX(plane, lat, lon) - x)).toBeLessThan(0.01);
      expect(Math.abs(planeY(plane, lat, lon) - y)).toBeLessThan(0.01);
    }),
    { numRuns: 1000 },
  );
});

test('lengths on the plane are great-circle distances to 0.5 % within 5 km, at any latitude', () => {
  const plane = createPlane();
  fc.assert(
    fc.property(anywhere, offset, offset, (centre, x, y) => {
      centrePlane(plane, centre.lat, centre.lon);
      const lat = planeLat(plane, x / 4, y / 4);
      const lon = planeLon(plane, x / 4, y / 4);
      const length = Math.hypot(x / 4, y / 4);
      expect(Math.abs(distanceM(centre.lat, centre.lon, lat, lon) - length)).toBeLessThan(0.005 * length + 0.01);
    }),
    { numRuns: 1000 },
  );
});

test('the far side of the Earth is far on a polar plane too', () => {
  const plane = createPlane();
  centrePlane(plane, 85, 0);
  expect(Math.hypot(planeX(plane, -85, 180), planeY(plane, -85, 180))).toBeGreaterThan(1_000_000);
});

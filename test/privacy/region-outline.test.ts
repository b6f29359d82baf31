import fc from 'fast-check';
import { latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { outlineOf } from '../../src/privacy/region-outline.ts';

test('an outline is closed, counter-clockwise and never runs round the world', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -75, max: 75, noNaN: true }),
      fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.double({ min: 179, max: 180, noNaN: true })),
      fc.integer({ min: 3, max: 7 }),
      (lat, lon, res) => {
        const ring = outlineOf(keyOfCell(latLngToCell(lat, lon, res)));
        expect(ring.length).toBeGreaterThanOrEqual(6);
        expect(ring.at(-1)).toEqual(ring[0]);
        let doubled = 0;
        for (let i = 1; i < ring.length; i++) {
          expect(Math.abs(ring[i][0] - ring[i - 1][0])).toBeLessThan(20);
          doubled += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
        }
        expect(doubled).toBeGreaterThan(0);
      },
    ),
  );
});

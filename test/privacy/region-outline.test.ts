import fc from 'fast-check';
import { latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { cutAtAntimeridian, outlineOf, type Ring } from '../../src/privacy/region-outline.ts';

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

/** Twice the area, signed: > 0 counter-clockwise. */
const doubledArea = (ring: Ring) =>
  ring.slice(1).reduce((sum, [lon, lat], i) => sum + ring[i][0] * lat - lon * ring[i][1], 0);

test('pieces of an outline lie between -180 and 180 degrees, are closed and counter-clockwise, and together are the outline', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -75, max: 75, noNaN: true }),
      fc.double({ min: 178, max: 182, noNaN: true }),
      fc.integer({ min: 3, max: 7 }),
      (lat, lon, res) => {
        const ring = outlineOf(keyOfCell(latLngToCell(lat, lon > 180 ? lon - 360 : lon, res)));
        const pieces = cutAtAntimeridian(ring);
        for (const piece of pieces) {
          for (const [at] of piece) expect(Math.abs(at)).toBeLessThanOrEqual(180);
          expect(piece.at(-1)).toEqual(piece[0]);
          expect(doubledArea(piece)).toBeGreaterThan(0);
        }
        const whole = doubledArea(ring);
        // Corners are rounded to six decimals.
        expect(Math.abs(pieces.reduce((sum, piece) => sum + doubledArea(piece), 0) - whole)).toBeLessThan(
          whole * 1e-3 + 1e-5,
        );
      },
    ),
  );
  for (const h3Cell of ['830d9efffffffff', latLngToCell(10, 180, 5), latLngToCell(-65, -180, 7)])
    expect([h3Cell, cutAtAntimeridian(outlineOf(keyOfCell(h3Cell))).length]).toEqual([h3Cell, 2]);
});

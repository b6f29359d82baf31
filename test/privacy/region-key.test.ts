import fc from 'fast-check';
import { cellToChildren, cellToParent, getPentagons, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { cellOfKey, childKey, keyOfCell, parentKey, resolutionOf } from '../../src/privacy/region-key.ts';

const anywhere = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
});

describe('region keys', () => {
  test('name every cell of resolution 3 to 7 exactly and go up as H3 does', () => {
    fc.assert(
      fc.property(anywhere, ({ lat, lon }) => {
        const cell = latLngToCell(lat, lon, 7);
        for (let res = 2; res <= 7; res++) {
          const key = parentKey(keyOfCell(cell), res);
          expect(cellOfKey(key)).toBe(cellToParent(cell, res));
          expect(keyOfCell(cellOfKey(key))).toBe(key);
          expect(resolutionOf(key)).toBe(res);
        }
      }),
    );
  });

  test('go down to exactly the children H3 names, pentagons included', () => {
    const pentagons = [2, 3, 4, 5, 6].flatMap((res) => getPentagons(res));
    const cells = fc.oneof(
      fc.constantFrom(...pentagons),
      fc.tuple(anywhere, fc.integer({ min: 3, max: 6 })).map(([{ lat, lon }, res]) => latLngToCell(lat, lon, res)),
    );
    fc.assert(
      fc.property(cells, (cell) => {
        const key = keyOfCell(cell);
        const real = new Set(cellToChildren(cell, resolutionOf(key) + 1));
        const ours = [0, 1, 2, 3, 4, 5, 6].map((digit) => cellOfKey(childKey(key, digit)));
        expect(ours.filter((child) => real.has(child))).toHaveLength(real.size);
      }),
    );
  });
});

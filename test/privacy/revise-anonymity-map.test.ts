import fc from 'fast-check';
import { cellToCenterChild, cellToChildren, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { anonymityMapOf } from '../../src/privacy/anonymity-map.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { keyOfCell, type RegionKey } from '../../src/privacy/region-key.ts';
import { reviseAnonymityMap } from '../../src/privacy/revise-anonymity-map.ts';
import { verifyAnonymityMap } from '../../src/privacy/verify-anonymity-map.ts';

const K = 1_000;

/** Towns whose people were counted twice: once for each version. Two coarse cells apart, so that one may change alone. */
const censuses = fc.array(
  fc.record({
    lat: fc.double({ min: 50, max: 50.6, noNaN: true }),
    lon: fc.oneof(fc.double({ min: 5, max: 5.6, noNaN: true }), fc.double({ min: 25, max: 25.6, noNaN: true })),
    before: fc.integer({ min: 0, max: 4_000 }),
    after: fc.integer({ min: 0, max: 4_000 }),
  }),
  { minLength: 1, maxLength: 50 },
);

function residentsOf(towns: readonly { lat: number; lon: number; count: number }[]): Map<RegionKey, number> {
  const residents = new Map<RegionKey, number>();
  for (const { lat, lon, count } of towns) {
    const cell = keyOfCell(latLngToCell(lat, lon, 7));
    residents.set(cell, (residents.get(cell) ?? 0) + count);
  }
  return residents;
}

describe('a new version of the anonymity map', () => {
  test('leaves nobody under K between it and the version before: new where it can, old where it must', () => {
    let [changed, kept] = [0, 0];
    fc.assert(
      fc.property(censuses, (towns) => {
        const old = buildAnonymityMap(residentsOf(towns.map((town) => ({ ...town, count: town.before }))), K);
        const residents = residentsOf(towns.map((town) => ({ ...town, count: town.after })));
        const fresh = buildAnonymityMap(residents, K);
        const revision = reviseAnonymityMap(fresh, [old], residents, K);
        const report = verifyAnonymityMap(revision.names, residents, K, [old]);
        expect(report.uncovered).toBe(0);
        // Kept regions were proven by the figures of their day; what is new holds by those of today.
        if (revision.kept === 0) {
          expect(revision.names).toEqual(fresh);
          expect(report).toMatchObject({ regionsUnderK: 0, crossingsUnderK: 0 });
          changed++;
        } else {
          kept++;
          const again = reviseAnonymityMap(revision.names, [revision.names], residents, K);
          expect(again.names).toEqual(revision.names);
        }
      }),
    );
    expect([changed > 0, kept > 0]).toEqual([true, true]);
  });

  test('keeps the regions of a coarse cell where a town would be split off, and renews those of another', () => {
    const middle = latLngToCell(50, 5, 6);
    const [one, two, three] = cellToChildren(middle, 7).map(keyOfCell);
    // Neighbours on every level, for a cell to be split from: a region is never what an empty remainder surrounds.
    const around = [4, 5, 6].map((res): [RegionKey, number] => {
      const own = cellToParent(middle, res);
      const sibling = cellToChildren(cellToParent(middle, res - 1), res).find((cell) => cell !== own)!;
      return [keyOfCell(cellToCenterChild(sibling, 7)), 2_000];
    });
    const [other, grown] = [21, 25].map((lon) => keyOfCell(latLngToCell(50, lon, 7)));
    // Each version is sound alone: first `one` stands alone, then `two`. Told both, the 600 of `three` stand out.
    const before = new Map([...around, [one, 1_500], [two, 600], [three, 600], [other, 5_000]]);
    const after = new Map([...around, [one, 1_050], [two, 1_500], [three, 600], [other, 5_000], [grown, 3_000]]);
    const [old, fresh] = [buildAnonymityMap(before, K), buildAnonymityMap(after, K)];
    expect(verifyAnonymityMap(fresh, after, K, [old])).toMatchObject({
      regionsUnderK: 0,
      crossingsUnderK: 1,
    });
    const { names, kept } = reviseAnonymityMap(fresh, [old], after, K);
    expect(kept).toBe(1);
    expect(verifyAnonymityMap(names, after, K, [old])).toMatchObject({
      regionsUnderK: 0,
      crossingsUnderK: 0,
    });
    for (const cell of [one, two, three])
      expect(anonymityMapOf(names).regionOf(cell)).toBe(anonymityMapOf(old).regionOf(cell));
    expect(anonymityMapOf(names).regionOf(grown)).toBe(anonymityMapOf(fresh).regionOf(grown));
    expect(anonymityMapOf(names).regionOf(grown)).not.toBe(anonymityMapOf(old).regionOf(grown));
  });

  test('without versions before it is simply new', () => {
    const fresh = Uint32Array.from([1, 2, 3]);
    expect(reviseAnonymityMap(fresh, [], new Map(), K)).toEqual({ names: fresh, kept: 0 });
  });
});

import { cellToChildren, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { layOutAnonymityMap, openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { keyOfCell, parentKey, type RegionKey } from '../../src/privacy/region-key.ts';
import { addTown } from '../../src/privacy/spread-residents.ts';
import { verifyAnonymityMap } from '../../src/privacy/verify-anonymity-map.ts';

const K = 1_000;
const HERE = latLngToCell(52.09, 5.12, 7);

function country(): Map<RegionKey, number> {
  const residents = new Map<RegionKey, number>();
  for (let i = 0; i < 120; i++) addTown(residents, 51.6 + (i % 11) * 0.13, 4.4 + (i % 13) * 0.19, 900 + i * i * 9);
  return residents;
}

function open(names: Uint32Array) {
  return openAnonymityMap(layOutAnonymityMap(names));
}

describe('verifying an anonymity map', () => {
  test('finds nothing wrong with what the builder makes', () => {
    const residents = country();
    for (const k of [K, 5_000]) {
      const names = buildAnonymityMap(residents, k);
      const report = verifyAnonymityMap(names, open(names), residents, k, [open(names)]);
      expect(report).toMatchObject({ regionsUnderK: 0, uncovered: 0, crossingsUnderK: 0 });
      expect(report.fewestResidents).toBeGreaterThanOrEqual(k);
    }
  });

  test("finds the people left alone by Android's rule, the finest ancestor with at least K", () => {
    const residents = country();
    const totals = new Map<RegionKey, number>();
    for (const [cell, count] of residents) {
      for (let res = 2; res <= 7; res++) {
        const ancestor = parentKey(cell, res);
        totals.set(ancestor, (totals.get(ancestor) ?? 0) + count);
      }
    }
    const finest = Uint32Array.from([...totals].filter(([, count]) => count >= K).map(([name]) => name)).sort();
    expect(verifyAnonymityMap(finest, open(finest), residents, K).regionsUnderK).toBeGreaterThan(0);
  });

  test('finds a name that leaves what surrounds it in no region, and a crossing of two maps that leaves too few', () => {
    const orphan = Uint32Array.from([keyOfCell(HERE)]);
    expect(verifyAnonymityMap(orphan, open(orphan), new Map(), K).uncovered).toBe(1);

    const children = cellToChildren(cellToParent(HERE, 6), 7).map(keyOfCell);
    const coarse = Uint32Array.from([2, 3, 4, 5, 6].map((res) => parentKey(children[0], res))).sort();
    const one = Uint32Array.from([...coarse, children[0]]).sort();
    const other = Uint32Array.from([...coarse, children[1]]).sort();
    const residents = new Map(children.map((cell): [RegionKey, number] => [cell, 600]));
    residents.set(children[0], K);
    residents.set(children[1], K);
    for (const cell of children.slice(3)) residents.set(cell, 0);
    expect(verifyAnonymityMap(one, open(one), residents, K).regionsUnderK).toBe(0);
    expect(verifyAnonymityMap(other, open(other), residents, K, [open(one)]).crossingsUnderK).toBe(1);
  });

  test('counts on half of the people of a town, each once, when it is spread over cells', () => {
    const residents = country();
    let expected = 0;
    for (let i = 0; i < 120; i++) expected += (900 + i * i * 9) / 2;
    expect([...residents.values()].reduce((sum, count) => sum + count, 0)).toBeCloseTo(expected, 3);
  });
});

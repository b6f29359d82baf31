import { cellArea, cellToChildren, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { anonymityMapOf } from '../../src/privacy/anonymity-map.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { cellOfKey, keyOfCell, parentKey, type RegionKey, resolutionOf } from '../../src/privacy/region-key.ts';
import { addTown } from '../../src/privacy/spread-residents.ts';
import { proves, verifyAnonymityMap } from '../../src/privacy/verify-anonymity-map.ts';

const K = 1_000;
const HERE = latLngToCell(52.09, 5.12, 7);

function country(): Map<RegionKey, number> {
  const residents = new Map<RegionKey, number>();
  for (let i = 0; i < 120; i++) addTown(residents, 51.6 + (i % 11) * 0.13, 4.4 + (i % 13) * 0.19, 900 + i * i * 9);
  return residents;
}

describe('verifying an anonymity map', () => {
  test('finds nothing wrong with what the builder makes', () => {
    const residents = country();
    for (const k of [K, 5_000]) {
      const names = buildAnonymityMap(residents, k);
      const report = verifyAnonymityMap(names, residents, k, [names]);
      expect(report).toMatchObject({ regionsUnderK: 0, emptyRegions: 0, uncovered: 0, crossingsUnderK: 0 });
      expect(proves(report)).toBe(true);
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
    expect(verifyAnonymityMap(finest, residents, K).regionsUnderK).toBeGreaterThan(0);
  });

  test('finds a name that leaves what surrounds it in no region, and a crossing of two maps that leaves too few', () => {
    const orphan = Uint32Array.from([keyOfCell(HERE)]);
    expect(verifyAnonymityMap(orphan, new Map(), K)).toMatchObject({ uncovered: 1, suppressedShare: 0 });
    // Nor does a cell that no place is ever looked up in cover anything, itself included.
    expect(verifyAnonymityMap(Uint32Array.from([parentKey(orphan[0], 1)]), new Map(), K).uncovered).toBe(1);

    const children = cellToChildren(cellToParent(HERE, 6), 7).map(keyOfCell);
    const coarse = Uint32Array.from([2, 3, 4, 5, 6].map((res) => parentKey(children[0], res))).sort();
    const one = Uint32Array.from([...coarse, children[0]]).sort();
    const other = Uint32Array.from([...coarse, children[1]]).sort();
    const residents = new Map(children.map((cell): [RegionKey, number] => [cell, 600]));
    residents.set(children[0], K);
    residents.set(children[1], K);
    for (const cell of children.slice(3)) residents.set(cell, 0);
    expect(verifyAnonymityMap(one, residents, K).regionsUnderK).toBe(0);
    expect(verifyAnonymityMap(other, residents, K, [one]).crossingsUnderK).toBe(1);
  });

  test('proves nothing by a report that has any fault, or several that add up', () => {
    const residents = country();
    const sound = verifyAnonymityMap(buildAnonymityMap(residents, K), residents, K);
    expect(proves(sound)).toBe(true);
    const faults = ['regionsUnderK', 'emptyRegions', 'uncovered', 'crossingsUnderK'];
    for (const one of faults)
      for (const other of faults)
        expect([one, other, proves({ ...sound, [one]: 1, [other]: 1 })]).toEqual([one, other, false]);
  });

  test('takes a cell of which it is said that nobody lives there, or what is no number, for empty', () => {
    const [finest, coarsest] = [keyOfCell(HERE), parentKey(keyOfCell(HERE), 2)];
    const beside = cellToChildren(cellOfKey(coarsest), 7)
      .map(keyOfCell)
      .find((cell) => cell !== finest)!;
    for (const nobody of [0, Number.NaN, -5]) {
      const residents = new Map([
        [finest, nobody],
        [beside, K],
      ]);
      const report = verifyAnonymityMap(Uint32Array.from([coarsest, finest]).sort(), residents, K);
      expect(report).toMatchObject({ emptyRegions: 1, regionsUnderK: 0, residents: K });
    }
  });

  describe('of a sound map that somebody doctored', () => {
    const residents = country();
    const sound = buildAnonymityMap(residents, K);
    const reportOf = (names: Iterable<number>) => {
      const doctored = Uint32Array.from(names).sort();
      return verifyAnonymityMap(doctored, residents, K);
    };
    const told = anonymityMapOf(sound);
    const peopleOf = (inside: (cell: RegionKey) => boolean) =>
      [...residents].reduce((sum, [cell, count]) => sum + (inside(cell) ? count : 0), 0);

    test('finds a village that was cut out of its region, by its own people', () => {
      const [village] = [...residents].find(([cell, count]) => count < K && resolutionOf(told.regionOf(cell)) < 7)!;
      const report = reportOf([...sound, village]);
      expect([report.regionsUnderK > 0, proves(report)]).toEqual([true, false]);
      expect(report.fewestResidents).toBeLessThan(K);
    });

    test('finds a town that was cut out of its region, by those whom subtracting it leaves', () => {
      // Enough people for a region, too few round it.
      const [town] = [...residents].find(([cell, count]) => {
        const region = told.regionOf(cell);
        const rest = peopleOf((other) => told.regionOf(other) === region) - count;
        return region !== cell && count >= K && rest > 0 && rest < K;
      })!;
      expect(reportOf([...sound, town])).toMatchObject({ regionsUnderK: 1, emptyRegions: 0, uncovered: 0 });
    });

    test('finds empty country that was cut out of a region', () => {
      const [name] = sound;
      const empty = cellToChildren(cellOfKey(parentKey(name, 2)), 7)
        .map(keyOfCell)
        .find((cell) => !residents.has(cell))!;
      const report = reportOf([...sound, empty]);
      expect(report).toMatchObject({ regionsUnderK: 0, emptyRegions: 1, uncovered: 0 });
      expect(proves(report)).toBe(false);
    });

    test('finds a coarsest cell that was taken away, by every name that was in it', () => {
      const coarsest = sound.find((name) => resolutionOf(name) === 2)!;
      const inside = sound.filter((name) => name !== coarsest && parentKey(name, 2) === coarsest).length;
      const report = reportOf(sound.filter((name) => name !== coarsest));
      expect([report.uncovered, inside > 0, proves(report)]).toEqual([inside, true, false]);
      expect(report.suppressedShare).toBeGreaterThan(0);
    });
  });

  test('says who is told nothing, and how big a region 50, 90 and 99 of 100 people are told', () => {
    // 60 of 100 live in a finest cell, 35 in what it leaves of the next, 4 in what that leaves; 1 lives far away.
    const [finest, coarser] = [keyOfCell(HERE), parentKey(keyOfCell(HERE), 6)];
    const coarsest = parentKey(finest, 2);
    const beside = cellToChildren(cellOfKey(coarser), 7)
      .map(keyOfCell)
      .find((cell) => cell !== finest)!;
    const farther = cellToChildren(cellOfKey(coarsest), 7)
      .map(keyOfCell)
      .find((cell) => parentKey(cell, 6) !== coarser)!;
    const residents = new Map([
      [farther, 4_000],
      [beside, 35_000],
      [finest, 60_000],
      [keyOfCell(latLngToCell(-33, 151, 7)), 1_000],
    ]);
    const names = Uint32Array.from([coarsest, coarser, finest]).sort();
    const report = verifyAnonymityMap(names, residents, K);
    expect(report).toMatchObject({ residents: 100_000, suppressedShare: 0.01, fewestResidents: 4_000 });
    const area = (name: RegionKey) => cellArea(cellOfKey(name), 'km2');
    expect(report.areaKm2.p50).toBeCloseTo(area(finest), 0);
    expect(report.areaKm2.p90).toBeCloseTo(area(coarser) - area(finest), 0);
    expect(report.areaKm2.p99).toBeCloseTo(area(coarsest) - area(coarser), 0);
  });

  test('counts on half of the people of a town, each once, when it is spread over cells', () => {
    const residents = country();
    let expected = 0;
    for (let i = 0; i < 120; i++) expected += (900 + i * i * 9) / 2;
    expect([...residents.values()].reduce((sum, count) => sum + count, 0)).toBeCloseTo(expected, 3);
  });
});

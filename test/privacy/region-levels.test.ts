import { cellToLatLng, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { anonymityMapOf, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { advanceCoarseState, TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell, parentKey, resolutionOf } from '../../src/privacy/region-key.ts';
import { accuracyClassOf, oneLevelCoarser, widen } from '../../src/privacy/region-levels.ts';

const H3_CELL = latLngToCell(52.09, 5.12, 7);
/** In the middle, far from every border. */
const HOME = { lat: cellToLatLng(H3_CELL)[0], lon: cellToLatLng(H3_CELL)[1] };
const FINEST = keyOfCell(H3_CELL);
const names = Uint32Array.from([2, 3, 4, 5, 6, 7].map((res) => parentKey(FINEST, res))).sort();
const map = anonymityMapOf(names);

describe('a region that is told coarser', () => {
  test('goes up one level for a phone that nobody names, and ends in nothing', () => {
    const told = [];
    for (let region = FINEST; region !== SUPPRESSED; region = oneLevelCoarser(region)) told.push(resolutionOf(region));
    expect(told).toEqual([7, 6, 5, 4, 3, 2]);
    expect(oneLevelCoarser(SUPPRESSED)).toBe(SUPPRESSED);
  });

  test('is of resolution 5 at the finest for a phone located badly', () => {
    expect([7, 6, 5, 4, 3].map((res) => resolutionOf(widen(parentKey(FINEST, res))))).toEqual([5, 5, 5, 4, 3]);
    expect(widen(SUPPRESSED)).toBe(SUPPRESSED);
  });

  test('knows three classes of accuracy and no more', () => {
    expect([1, 2_000, 2_001, 10_000, 10_001, 0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(accuracyClassOf)).toEqual(
      ['fine', 'fine', 'wide', 'wide', ...Array(5).fill('lost')],
    );
  });
});

describe('the coarse state of a phone located badly', () => {
  const step = (previous: ReturnType<typeof advanceCoarseState> | null, tick: number, accuracy: 'fine' | 'wide') =>
    advanceCoarseState(previous, HOME.lat, HOME.lon, tick * TICK_MS, 1, map, accuracy);

  test('begins coarse, narrows once it is located well, and does not flicker', () => {
    const first = step(null, 1_000_000, 'wide');
    expect(resolutionOf(first.region)).toBe(5);
    const second = step(first, 1_000_001, 'fine');
    expect(second).toMatchObject({ region: FINEST, changes: 1 });
    expect(step(second, 1_000_002, 'wide')).toMatchObject({ region: FINEST, changes: 1 });
  });

  test('leaves a narrow region once it must be elsewhere', () => {
    const far = advanceCoarseState(step(null, 1_000_000, 'fine'), 40, -3, 1_000_001 * TICK_MS, 1, map, 'wide');
    expect(far.region).toBe(SUPPRESSED);
  });
});

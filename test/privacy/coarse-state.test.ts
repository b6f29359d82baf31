import fc from 'fast-check';
import {
  cellToChildren,
  cellToLatLng,
  cellToParent,
  cellToVertexes,
  gridDisk,
  latLngToCell,
  vertexToLatLng,
} from 'h3-js';
import { describe, expect, test } from 'vitest';
import { anonymityMapOf } from '../../src/privacy/anonymity-map.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { advanceCoarseState, type CoarseState, MAX_CHANGES_A_DAY, TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';

const HOME = { lat: 52.09, lon: 5.12 };
const START = 1_700_000_000_000 - (1_700_000_000_000 % 86_400_000);
const DAY_TICKS = 96;

/** A crowded map: every finest cell near HOME is its own region. */
const crowded = new Map(
  gridDisk(latLngToCell(HOME.lat, HOME.lon, 7), 70).map((cell) => [keyOfCell(cell), 2_000] as const),
);
const map = anonymityMapOf(buildAnonymityMap(crowded, 1_000));

function at(tick: number): number {
  return START + tick * TICK_MS;
}

/** Steps a device along a path, one fix a tick. */
function walk(path: readonly { lat: number; lon: number }[], band: number, previous: CoarseState | null = null) {
  const states: CoarseState[] = [];
  let state = previous;
  path.forEach(({ lat, lon }, i) => {
    state = advanceCoarseState(state, lat, lon, at(i), band, map);
    states.push(state);
  });
  return states;
}

describe('the coarse state', () => {
  test('answers the same within a tick, wherever the device goes and however often it is asked', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            lat: fc.double({ min: 52, max: 52.2, noNaN: true }),
            lon: fc.double({ min: 5, max: 5.3, noNaN: true }),
          }),
          { minLength: 1, maxLength: 50 },
        ),
        fc.integer({ min: 0, max: 3 }),
        (places, band) => {
          const first = advanceCoarseState(null, HOME.lat, HOME.lon, at(0), band, map);
          places.forEach(({ lat, lon }, i) => {
            expect(advanceCoarseState(first, lat, lon, at(0) + i * 17_000, band, map)).toBe(first);
          });
        },
      ),
    );
  });

  test('keeps the old region until the fix is more than the band inside another', () => {
    // From the heart of one region to the heart of its neighbour, 20 m a step.
    const here = latLngToCell(HOME.lat, HOME.lon, 7);
    const next = gridDisk(here, 1).find((cell) => map.regionOfCell(cell) !== map.regionOfCell(here))!;
    const [fromLat, fromLon] = cellToLatLng(here);
    const [toLat, toLon] = cellToLatLng(next);
    const steps = 130;
    const path = Array.from({ length: steps }, (_, i) => ({
      lat: fromLat + ((toLat - fromLat) * i) / (steps - 1),
      lon: fromLon + ((toLon - fromLon) * i) / (steps - 1),
    }));
    const flips = [0, 1, 2, 3].map((band) => {
      const states = walk(path, band);
      const regions = states.map((state) => state.region);
      expect(new Set(regions).size).toBe(2);
      return regions.findIndex((region) => region !== regions[0]);
    });
    // Each ring moves the flip further in; 20 m a step and 114 m between rings.
    for (let band = 1; band <= 3; band++) expect(flips[band] - flips[band - 1]).toBeGreaterThanOrEqual(3);
  });

  test('does not flicker for somebody who lives on the edge', () => {
    const [corner] = cellToVertexes(latLngToCell(HOME.lat, HOME.lon, 7));
    const [lat, lon] = vertexToLatLng(corner);
    const jitter = Array.from({ length: DAY_TICKS }, (_, i) => ({
      lat: lat + 0.0002 * Math.sin(i * 12.9898),
      lon: lon + 0.0003 * Math.cos(i * 78.233),
    }));
    const regions = walk(jitter, 1).map((state) => state.region);
    expect(new Set(regions).size).toBe(1);
  });

  test('changes at most 24 times a day, then repeats the last answer until the next day', () => {
    const far = { lat: HOME.lat + 0.2, lon: HOME.lon };
    const toAndFro = Array.from({ length: DAY_TICKS + 2 }, (_, i) => (i % 2 === 0 ? HOME : far));
    const states = walk(toAndFro, 0);
    const today = states.slice(0, DAY_TICKS);
    expect(Math.max(...today.map((state) => state.changes))).toBe(MAX_CHANGES_A_DAY);
    expect(new Set(today.slice(MAX_CHANGES_A_DAY + 1).map((state) => state.region)).size).toBe(1);
    expect([states[DAY_TICKS + 1].region, states[DAY_TICKS + 1].changes]).toEqual([map.regionAt(far.lat, far.lon), 1]);
    // From midnight on, to the millisecond.
    const midnight = advanceCoarseState(states[DAY_TICKS - 1], far.lat, far.lon, at(DAY_TICKS), 0, map);
    expect([midnight.region, midnight.changes]).toEqual([map.regionAt(far.lat, far.lon), 1]);
  });

  test('is left as it is by a fix that is only wide, as long as it may be right, and widened when it is not', () => {
    const first = advanceCoarseState(null, HOME.lat, HOME.lon, at(0), 0, map);
    const wide = cellToParent(latLngToCell(HOME.lat, HOME.lon, 7), 5);
    const elsewhere = cellToChildren(wide, 7).find((cell) => map.regionOfCell(cell) !== first.region)!;
    const [lat, lon] = cellToLatLng(elsewhere);
    expect(advanceCoarseState(first, lat, lon, at(1), 0, map, 'wide').region).toBe(first.region);
    const away = advanceCoarseState(first, HOME.lat + 0.4, HOME.lon, at(1), 0, map, 'wide');
    expect([away.region, away.changes]).toEqual([keyOfCell(latLngToCell(HOME.lat + 0.4, HOME.lon, 5)), 1]);
  });

  test('stays where H3 cannot tell what is near', () => {
    const first = advanceCoarseState(null, HOME.lat, HOME.lon, at(0), 0, map);
    const lost = advanceCoarseState(first, HOME.lat + 0.2, HOME.lon, at(1), -1, map);
    expect([lost.region, lost.changes]).toEqual([first.region, 0]);
  });

  test('does not decide anew when the clock runs backwards', () => {
    const first = advanceCoarseState(null, HOME.lat, HOME.lon, at(5), 0, map);
    expect(advanceCoarseState(first, HOME.lat + 1, HOME.lon, at(3), 0, map)).toBe(first);
  });
});

// A phone whose state is gone, as for whoever asks every 25 hours (attack A2): its region must not be that of the raw fix.
import fc from 'fast-check';
import { gridDisk, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import { distanceM, M_PER_DEG_LAT, mPerDegLon } from '../../src/geo/distance.ts';
import { anonymityMapOf, regionCircle } from '../../src/privacy/anonymity-map.ts';
import { BAND_M, shiftOf } from '../../src/privacy/band.ts';
import { buildAnonymityMap } from '../../src/privacy/build-anonymity-map.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { type CoarseRules, coarseStateOf, type KeptState, sourcesBehind } from '../../src/sharing/coarse-region.ts';

const HOME = { lat: 52.09, lon: 5.12 };
const crowd = gridDisk(latLngToCell(HOME.lat, HOME.lon, 7), 20).map((cell) => [keyOfCell(cell), 2_000] as const);
const map = anonymityMapOf(buildAnonymityMap(new Map(crowd), 1_000));
const rules: CoarseRules = { map, mapVersion: '1', coarseKey: Buffer.alloc(32, 7) };
const NOW = 1_700_000_000_000;
const place = fc.record({
  lat: fc.double({ min: 52, max: 52.2, noNaN: true }),
  lon: fc.double({ min: 5, max: 5.3, noNaN: true }),
});

describe('the region of a phone without a state', () => {
  test('holds, with its band, the phone', () => {
    fc.assert(
      fc.property(place, fc.uuid(), ({ lat, lon }, device) => {
        const state = coarseStateOf(rules, device, null, ALL_SOURCES, () => ({ lat, lon, accuracyM: 20 }), NOW)!;
        const circle = regionCircle(state.region, BAND_M);
        expect(distanceM(lat, lon, circle.lat, circle.lon)).toBeLessThanOrEqual(circle.radiusM);
      }),
    );
  });

  test('does not change with the next fix from the same place, which would tell how it was drawn', () => {
    fc.assert(
      fc.property(place, fc.uuid(), ({ lat, lon }, device) => {
        const locate = () => ({ lat, lon, accuracyM: 20 });
        const first = coarseStateOf(rules, device, null, ALL_SOURCES, locate, NOW);
        expect(coarseStateOf(rules, device, first, ALL_SOURCES, locate, NOW + TICK_MS)!.region).toBe(first!.region);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is another for other phones in the same place near a border, and always the same for each', () => {
    // Somewhere on a border: the last point east of home that is in home's region.
    let lon = HOME.lon;
    while (map.regionAt(HOME.lat, lon) === map.regionAt(HOME.lat, HOME.lon)) lon += 0.0002;
    const regionOf = (device: string) =>
      coarseStateOf(rules, device, null, ALL_SOURCES, () => ({ lat: HOME.lat, lon, accuracyM: 20 }), NOW)!.region;
    const regions = Array.from({ length: 60 }, (_, i) => regionOf(`phone ${i}`));
    expect(new Set(regions).size).toBeGreaterThan(1);
    for (const [i, region] of regions.entries()) {
      expect(regionOf(`phone ${i}`)).toBe(region);
      const { eastM, northM } = shiftOf(rules.coarseKey as Buffer, `phone ${i}`);
      expect(region).toBe(map.regionAt(HOME.lat + northM / M_PER_DEG_LAT, lon + eastM / mPerDegLon(HOME.lat)));
    }
  });

  test('is none where the phone is found nowhere, or so badly that a region would say too much', () => {
    for (const found of [null, ...[0, 10_001, Number.NaN].map((accuracyM) => ({ ...HOME, accuracyM }))])
      expect(coarseStateOf(rules, 'a', null, ALL_SOURCES, () => found, NOW)).toBeNull();
  });
});

describe('a state', () => {
  const at = (lat: number, lon: number) => () => ({ lat, lon, accuracyM: 20 });
  const elsewhere = at(HOME.lat + 0.08, HOME.lon + 0.12);

  test('goes with the phone from tick to tick, and holds on to its region by its band', () => {
    let state = coarseStateOf(rules, 'a', null, ALL_SOURCES, at(HOME.lat, HOME.lon), NOW)!;
    const { region } = state;
    let heldOn = 0;
    for (let step = 1; step < 120 && state.region === region; step++) {
      const here = at(HOME.lat, HOME.lon + step * 0.0005);
      const nowMs = NOW + step * TICK_MS;
      state = coarseStateOf(rules, 'a', state, ALL_SOURCES, here, nowMs)!;
      const fresh = coarseStateOf(rules, 'a', null, ALL_SOURCES, here, nowMs)!;
      if (state.region === region && fresh.region !== region) heldOn++;
    }
    expect(state).toMatchObject({ changes: 1 });
    // Two rings at least, of 114 m each, in steps of 34 m.
    expect(heldOn).toBeGreaterThan(4);
  });

  test('knows by what it was found, all the time that it holds on to its region', () => {
    const by = (sources?: number) => () => ({ ...HOME, accuracyM: 20, sources });
    const first = coarseStateOf(rules, 'a', null, ALL_SOURCES, by(SOURCE.gps), NOW)!;
    expect(sourcesBehind(first)).toBe(SOURCE.gps);
    const second = coarseStateOf(rules, 'a', first, ALL_SOURCES, by(SOURCE.wifi), NOW + TICK_MS)!;
    expect(sourcesBehind(second)).toBe(SOURCE.gps | SOURCE.wifi);
    // One that ended is nothing the next was built upon; where nobody says by what, it was by any that was let.
    const withoutGps = ALL_SOURCES & ~SOURCE.gps;
    const anew = coarseStateOf(rules, 'a', second, withoutGps, by(SOURCE.wifi), NOW + 2 * TICK_MS)!;
    expect(sourcesBehind(anew)).toBe(SOURCE.wifi);
    expect(sourcesBehind(coarseStateOf(rules, 'a', null, withoutGps, by(), NOW)!)).toBe(withoutGps);
    expect(sourcesBehind({ sources: withoutGps })).toBe(withoutGps);
  });

  test('of a clock that ran ahead is this tick’s as it is, and goes on from the next', () => {
    const first = coarseStateOf(rules, 'a', null, ALL_SOURCES, at(HOME.lat, HOME.lon), NOW)!;
    const ahead = { ...first, tick: first.tick + 500, day: first.day + 5, isAhead: true };
    const now = coarseStateOf(rules, 'a', ahead, ALL_SOURCES, elsewhere, NOW) as KeptState;
    expect(now).toEqual(first);
    const next = coarseStateOf(rules, 'a', now, ALL_SOURCES, elsewhere, NOW + TICK_MS)!;
    expect(next.region).not.toBe(first.region);
    // Nor does it outlive the source it was found by.
    const withoutGps = ALL_SOURCES & ~SOURCE.gps;
    expect(coarseStateOf(rules, 'a', ahead, withoutGps, elsewhere, NOW)).toEqual(
      coarseStateOf(rules, 'a', null, withoutGps, elsewhere, NOW),
    );
  });

  test('of another version of the map ends with its tick, not within it, and a version that was replaced stays so', () => {
    const newer: CoarseRules = { ...rules, mapVersion: '2' };
    const old = coarseStateOf(rules, 'a', null, ALL_SOURCES, at(HOME.lat, HOME.lon), NOW)!;
    expect(coarseStateOf(newer, 'a', old, ALL_SOURCES, elsewhere, NOW)).toBeNull();
    const taken = coarseStateOf(newer, 'a', old, ALL_SOURCES, elsewhere, NOW + TICK_MS)!;
    expect(taken.mapVersion).toBe('2');
    // A gateway that still has the old map says nothing: else the two would forget the band for each other every tick.
    for (const tick of [1, 2, 90])
      expect(coarseStateOf(rules, 'a', taken, ALL_SOURCES, elsewhere, NOW + tick * TICK_MS)).toBeNull();
    const later = coarseStateOf(newer, 'a', taken, ALL_SOURCES, elsewhere, NOW + 2 * TICK_MS)!;
    expect(coarseStateOf(rules, 'a', later, ALL_SOURCES, elsewhere, NOW + 3 * TICK_MS)).toBeNull();
  });

  test('that was found by a source which is switched off since is told no more, nor built upon', () => {
    const withoutGps = ALL_SOURCES & ~SOURCE.gps;
    const found = coarseStateOf(rules, 'a', null, ALL_SOURCES, at(HOME.lat, HOME.lon), NOW)!;
    expect(coarseStateOf(rules, 'a', found, withoutGps, elsewhere, NOW)).toBeNull();
    const anew = coarseStateOf(rules, 'a', found, withoutGps, elsewhere, NOW + TICK_MS);
    expect(anew).toEqual(coarseStateOf(rules, 'a', null, withoutGps, elsewhere, NOW + TICK_MS));
    // More sources than before take nothing away.
    expect(coarseStateOf(rules, 'a', anew, ALL_SOURCES, at(HOME.lat, HOME.lon), NOW + TICK_MS)).toBe(anew);
  });
});

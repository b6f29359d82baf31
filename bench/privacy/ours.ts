// Honeyguide's own coarsening as a mechanism, in process: the anonymity map, the coarse state and the circle, the very
// functions the gateway calls. `oursWithoutToken` is what a partner gets who presents no device: no state, one level coarser.
import { cellArea } from 'h3-js';
import {
  type AnonymityMap,
  layOutAnonymityMap,
  openAnonymityMap,
  regionCircle,
  SUPPRESSED,
} from '../../src/privacy/anonymity-map.ts';
import { BAND_M, bandRingsOf } from '../../src/privacy/band.ts';
import { buildAnonymityMap, type Population } from '../../src/privacy/build-anonymity-map.ts';
import { advanceCoarseState, type CoarseState } from '../../src/privacy/coarse-state.ts';
import {
  COARSEST_RES,
  cellOfKey,
  keyOfCell,
  parentKey,
  type RegionKey,
  resolutionOf,
} from '../../src/privacy/region-key.ts';
import { oneLevelCoarser } from '../../src/privacy/region-levels.ts';
import type { Mechanism, Residents, Told } from './mechanism.ts';

/** Phones of the bench are told apart by their random ids. */
const NO_SECRET = new Uint8Array(32);

export type BuiltMap = { readonly names: Uint32Array; readonly map: AnonymityMap };

/** Residents by finest region cell (resolution 7), as the map's builder takes them. */
export function populationOf(residents: Residents): Population {
  const population = new Map<RegionKey, number>();
  for (const [cell, count] of residents) {
    const key = keyOfCell(cell);
    population.set(key, (population.get(key) ?? 0) + count);
  }
  return population;
}

export function buildMap(population: Population, k: number): BuiltMap {
  const names = buildAnonymityMap(population, k);
  return { names, map: openAnonymityMap(layOutAnonymityMap(names)) };
}

/** Square kilometres of every region: its named cell less the named cells inside it. */
export function regionAreasKm2(names: Uint32Array): Map<RegionKey, number> {
  const areas = new Map<RegionKey, number>();
  for (const name of names) areas.set(name, cellArea(cellOfKey(name), 'km2'));
  for (const name of names) {
    const res = resolutionOf(name);
    if (res === COARSEST_RES) continue;
    const parent = parentKey(name, res - 1);
    areas.set(parent, areas.get(parent)! - cellArea(cellOfKey(name), 'km2'));
  }
  return areas;
}

/** Tells regions as circles, each computed once. */
function teller(): (region: RegionKey) => Told | null {
  const circles = new Map<RegionKey, Told>();
  return (region) => {
    if (region === SUPPRESSED) return null;
    let told = circles.get(region);
    if (told === undefined) {
      const { h3Cell, lat, lon, radiusM } = regionCircle(region, BAND_M);
      told = { name: h3Cell, lat, lon, radiusM };
      circles.set(region, told);
    }
    return told;
  };
}

export function ours(map: AnonymityMap): Mechanism {
  const tell = teller();
  return {
    name: 'Honeyguide',
    kind: 'fixed',
    phone(random) {
      const bandRings = bandRingsOf(NO_SECRET, String(random.next()));
      let state: CoarseState | null = null;
      return (lat, lon, nowMs) => {
        state = advanceCoarseState(state, lat, lon, nowMs, bandRings, map);
        return tell(state.region);
      };
    },
  };
}

/** One level coarser than the map and no memory: the answer to a request that presents no device. */
export function oursWithoutToken(map: AnonymityMap): Mechanism {
  const tell = teller();
  return {
    name: 'Honeyguide, no device token',
    kind: 'fixed',
    phone: () => (lat, lon) => tell(oneLevelCoarser(map.regionAt(lat, lon))),
  };
}

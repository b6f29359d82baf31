// Honeyguide's own coarsening as a mechanism, in process: the anonymity map, the coarse state and the circle, the very
// functions the gateway calls. `oursWithoutToken` is what a partner gets who presents no device: no state, one level coarser.

import { createSecretKey } from 'node:crypto';
import { ALL_SOURCES } from '../../src/devices/device-contract.ts';
import { type AnonymityMap, anonymityMapOf, regionCircle, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { BAND_M, type BandKey } from '../../src/privacy/band.ts';
import { buildAnonymityMap, type Population } from '../../src/privacy/build-anonymity-map.ts';
import { keyOfCell, type RegionKey } from '../../src/privacy/region-key.ts';
import { oneLevelCoarser } from '../../src/privacy/region-levels.ts';
import { COARSE_STATE_TTL_MS, coarseStateOf, type KeptState } from '../../src/sharing/coarse-region.ts';
import type { Mechanism, Phone, Residents, Told } from './mechanism.ts';

/** Phones of the bench are told apart by their random ids. */
const NO_SECRET = createSecretKey(new Uint8Array(32));

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
  return { names, map: anonymityMapOf(names) };
}

const tellers = new WeakMap<AnonymityMap, (region: RegionKey) => Told | null>();

/** Tells regions as circles, each computed once. */
function tellerOf(map: AnonymityMap): (region: RegionKey) => Told | null {
  const known = tellers.get(map);
  if (known !== undefined) return known;
  const circles = new Map<RegionKey, Told>();
  const tell = (region: RegionKey) => {
    if (region === SUPPRESSED) return null;
    let told = circles.get(region);
    if (told === undefined) {
      const { h3Cell, lat, lon, radiusM } = regionCircle(region, BAND_M);
      told = { name: h3Cell, lat, lon, radiusM };
      circles.set(region, told);
    }
    return told;
  };
  tellers.set(map, tell);
  return tell;
}

export function ours(map: AnonymityMap): Mechanism {
  return {
    name: 'Honeyguide',
    kind: 'fixed',
    phone: (random) => oursKnowing(map, NO_SECRET, String(random.next())),
    still: (lat, lon) => tellerOf(map)(map.regionAt(lat, lon)),
  };
}

/** The phone of a known id on a gateway with a known secret: the very function that the gateway calls. */
export function oursKnowing(map: AnonymityMap, coarseKey: BandKey, device: string): Phone {
  const tell = tellerOf(map);
  const rules = { map, mapVersion: 'bench', coarseKey };
  let kept: KeptState | null = null;
  let untilMs = 0;
  return (lat, lon, nowMs) => {
    // As the store has it: a state that is not renewed is gone after its time to live.
    const before = nowMs < untilMs ? kept : null;
    kept = coarseStateOf(rules, device, before, ALL_SOURCES, () => ({ lat, lon, accuracyM: 25 }), nowMs);
    if (kept !== before) untilMs = nowMs + COARSE_STATE_TTL_MS;
    return tell(kept!.region);
  };
}

/** One level coarser than the map and no memory: the answer to a request that presents no device. */
export function oursWithoutToken(map: AnonymityMap): Mechanism {
  const tell = tellerOf(map);
  return {
    name: 'Honeyguide, no device token',
    kind: 'fixed',
    phone: () => (lat, lon) => tell(oneLevelCoarser(map.regionAt(lat, lon))),
  };
}

// The region a device is told to be in, this tick: what its state says, or the state's next step from where it is located.
// Promises: pure; within a tick the device is not even located, so that nothing a request says can move its answer
// (attacks A2, A4); a state of another version of the map is forgotten, because its regions mean something else.
import { M_PER_DEG_LAT, mPerDegLon, wrapLonDeg } from '../geo/distance.ts';
import type { AnonymityMap } from '../privacy/anonymity-map.ts';
import { type BandKey, bandRingsOf, shiftOf } from '../privacy/band.ts';
import { advanceCoarseState, type CoarseState, TICK_MS } from '../privacy/coarse-state.ts';
import { accuracyClassOf } from '../privacy/region-levels.ts';

/** As it is kept, sealed under the device's key. */
export type KeptState = CoarseState & { readonly mapVersion: string };
export type Place = { readonly lat: number; readonly lon: number; readonly accuracyM: number };

/** Kept so long that a night does not make a device forget its region (privacy.md S1: 24 h). */
export const COARSE_STATE_TTL_MS = 86_400_000;

export type CoarseRules = {
  readonly map: AnonymityMap;
  readonly mapVersion: string;
  /** 32 secret bytes, the same on all replicas. */
  readonly coarseKey: BandKey;
};

/** The state at `nowMs`: `kept` itself if it is of this tick, null if there is none and the device is not located. */
export function coarseStateOf(
  rules: CoarseRules,
  device: string,
  kept: KeptState | null,
  locate: () => Place | null,
  nowMs: number,
): KeptState | null {
  const { map, mapVersion, coarseKey } = rules;
  const previous = kept?.mapVersion === mapVersion ? kept : null;
  if (previous !== null && previous.tick >= Math.floor(nowMs / TICK_MS)) return previous;
  const place = locate();
  const accuracy = place === null ? 'lost' : accuracyClassOf(place.accuracyM);
  if (place === null || accuracy === 'lost') return null;
  const rings = bandRingsOf(coarseKey, device);
  const { lat, lon } = shifted(place, shiftOf(coarseKey, device));
  return { ...advanceCoarseState(previous, lat, lon, nowMs, rings, map, accuracy), mapVersion };
}

/** Up to the poles and across the antimeridian. */
function shifted({ lat, lon }: Place, by: { readonly eastM: number; readonly northM: number }) {
  const shiftedLat = Math.max(-90, Math.min(90, lat + by.northM / M_PER_DEG_LAT));
  return { lat: shiftedLat, lon: wrapLonDeg(lon + by.eastM / mPerDegLon(lat)) };
}

// The region a device is told to be in, this tick: what its state says, or the state's next step from where it is located.
// Promises: pure; within a tick the device is not even located, so that nothing a request says can move its answer
// (attacks A2, A4); a state of another version of the map is forgotten, because its regions mean something else, but never
// within its tick, and not in favour of a version that was replaced: gateways with two maps would make each other forget the
// band, and every answer would be a fresh one. A place found by a source that is switched off since is not told any more.
import { M_PER_DEG_LAT, mPerDegLon, wrapLonDeg } from '../geo/distance.ts';
import type { AnonymityMap } from '../privacy/anonymity-map.ts';
import { type BandKey, bandRingsOf, shiftOf } from '../privacy/band.ts';
import { advanceCoarseState, type CoarseState, TICK_MS } from '../privacy/coarse-state.ts';
import { accuracyClassOf } from '../privacy/region-levels.ts';
import { DAY_MS } from '../time/spans.ts';

/** As it is kept, sealed under the device's key. */
export type KeptState = CoarseState & {
  readonly mapVersion: string;
  /** The version that was replaced by this one while the state lived. */
  readonly formerVersion?: string;
  /** What the phone let us use when it was last located (bits of SOURCE). */
  readonly sources: number;
  /** By what it was located since the state began; absent in states from before this was kept: by any of `sources`. */
  readonly foundBy?: number;
};
/** As it was read. `isAhead`: of a tick that only a clock that ran ahead can have begun (coarse-states-store.ts). */
export type ReadState = KeptState & { readonly isAhead?: boolean };
/** `sources` = by which it was found (bits of SOURCE); absent: by any that was let. */
type Place = {
  readonly lat: number;
  readonly lon: number;
  readonly accuracyM: number;
  readonly sources?: number;
};

/** Kept so long that a night does not make a device forget its region (privacy.md S1: 24 h). */
export const COARSE_STATE_TTL_MS = DAY_MS;

export type CoarseRules = {
  readonly map: AnonymityMap;
  readonly mapVersion: string;
  /** 32 secret bytes, the same on all replicas. */
  readonly coarseKey: BandKey;
};

/**
 * The state at `nowMs`: `kept` itself if it is of this tick; null if there is none and the device is not located, or if what
 * is kept may not be told. `sources` is what the phone lets us use now. What is ahead becomes this tick's as it is and goes on
 * from the next: until its own time came, the phone would be told to be where it was when some gateway's clock was wrong.
 */
export function coarseStateOf(
  rules: CoarseRules,
  device: string,
  read: ReadState | null,
  sources: number,
  locate: () => Place | null,
  nowMs: number,
): KeptState | null {
  const { map, mapVersion, coarseKey } = rules;
  const kept = read?.isAhead ? ofThisTick(read, nowMs) : read;
  const isOfAnother = kept !== null && kept.mapVersion !== mapVersion;
  if (isOfAnother && kept.formerVersion === mapVersion) return null;
  const isUsable = kept !== null && !isOfAnother && (kept.sources & ~sources) === 0;
  const isOfThisTick = kept !== null && kept.tick >= Math.floor(nowMs / TICK_MS);
  if (isOfThisTick && isUsable) return kept;
  if (isOfThisTick && !read?.isAhead) return null;
  const place = locate();
  const accuracy = place === null ? 'lost' : accuracyClassOf(place.accuracyM);
  if (place === null || accuracy === 'lost') return null;
  const rings = bandRingsOf(coarseKey, device);
  const { lat, lon } = shifted(place, shiftOf(coarseKey, device));
  const next = advanceCoarseState(isUsable ? kept : null, lat, lon, nowMs, rings, map, accuracy);
  const foundBy = (place.sources ?? sources) | (isUsable ? sourcesBehind(kept) : 0);
  return { ...next, mapVersion, formerVersion: isOfAnother ? kept.mapVersion : kept?.formerVersion, sources, foundBy };
}

function ofThisTick({ isAhead: _, ...state }: ReadState, nowMs: number): KeptState {
  return { ...state, tick: Math.floor(nowMs / TICK_MS), day: Math.floor(nowMs / DAY_MS) };
}

/** Bits of SOURCE of all that a region can have come from: also of earlier places, which hold it where it is. */
export function sourcesBehind({ foundBy, sources }: Pick<KeptState, 'foundBy' | 'sources'>): number {
  return foundBy ?? sources;
}

/** Up to the poles and across the antimeridian. */
function shifted({ lat, lon }: Place, by: { readonly eastM: number; readonly northM: number }) {
  const shiftedLat = Math.max(-90, Math.min(90, lat + by.northM / M_PER_DEG_LAT));
  return { lat: shiftedLat, lon: wrapLonDeg(lon + by.eastM / mPerDegLon(lat)) };
}

// What makes a region coarser than the map's own: how badly the phone was located, and who asks without saying for whom.
// Promises: pure; only ever up by name, so that what is told is a union of the map's regions and has at least their
// residents. A raw accuracy acts through three classes and is never told (privacy.md 2.3.4): echoed, it would say where in
// its region a phone is and by what.
import { SUPPRESSED } from './anonymity-map.ts';
import { COARSEST_RES, parentKey, type RegionKey, resolutionOf } from './region-key.ts';

/** Accuracies up to this, in metres, place a phone in one region; up to the second, in a region of resolution 5. */
const FINE_M = 2_000;
const WIDE_M = 10_000;
const WIDE_RES = 5;

/** `lost` is not located. */
type AccuracyClass = 'fine' | 'wide' | 'lost';

export function accuracyClassOf(accuracyM: number): AccuracyClass {
  if (!(accuracyM > 0)) return 'lost';
  return accuracyM <= FINE_M ? 'fine' : accuracyM <= WIDE_M ? 'wide' : 'lost';
}

/** The region as it may be told of a phone located badly: its ancestor at resolution 5, or itself if that is finer. */
export function widen(region: RegionKey): RegionKey {
  return region === SUPPRESSED || resolutionOf(region) <= WIDE_RES ? region : parentKey(region, WIDE_RES);
}

/** True if a badly located phone that was told `told` may still be there: `wide` is where it seems to be, widened. */
export function mayStillBeIn(told: RegionKey, wide: RegionKey): boolean {
  return widen(told) === wide;
}

/** What is told of a phone that nobody names: one level coarser; nothing where the map has its coarsest regions. */
export function oneLevelCoarser(region: RegionKey): RegionKey {
  if (region === SUPPRESSED) return SUPPRESSED;
  const res = resolutionOf(region);
  return res <= COARSEST_RES ? SUPPRESSED : parentKey(region, res - 1);
}

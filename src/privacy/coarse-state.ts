// Which region a device is told to be in, over time: one state per device, shared by all partners (DESIGN 6.4).
// Promises: at most one change a 15-minute tick, ticks the same for everybody; the old region stays until the fix is more
// than `bandRings` rings of resolution-10 cells inside another; at most 24 changes a day, then the last answer repeats.
// Stops boundary crossing (A2: an instant answer pins a crossing to 0.04 % of a cell) and differencing between partners
// (A3). Pure: the state is kept, and the band drawn from the device's secret, elsewhere.
import { gridDisk, latLngToCell } from 'h3-js';
import { DAY_MS, MINUTE_MS } from '../time/spans.ts';
import { type AnonymityMap, PLACE_RES } from './anonymity-map.ts';
import type { RegionKey } from './region-key.ts';
import { mayStillBeIn, widen } from './region-levels.ts';

export const TICK_MS = 15 * MINUTE_MS;
export const MAX_CHANGES_A_DAY = 24;
/** Bands are 2 to 4 rings (band.ts says why): 0.3 to 0.6 km, up to half of a resolution-7 cell's apothem. */
export const MIN_BAND_RINGS = 2;
export const MAX_BAND_RINGS = 4;

export type CoarseState = {
  readonly region: RegionKey;
  /** Number of the tick since 1970 in which the region was last decided. */
  readonly tick: number;
  /** Day since 1970 that `changes` counts. */
  readonly day: number;
  readonly changes: number;
};

/**
 * The state after a fix at `lat, lon` (degrees). Returns `previous` itself within its tick, and while time stands still or
 * runs backwards. `bandRings` is 0 to MAX_BAND_RINGS. A fix that is only `wide` never narrows a region, and leaves a
 * narrower one as long as that may be right.
 */
export function advanceCoarseState(
  previous: CoarseState | null,
  lat: number,
  lon: number,
  nowMs: number,
  bandRings: number,
  map: AnonymityMap,
  accuracy: 'fine' | 'wide' = 'fine',
): CoarseState {
  const tick = Math.floor(nowMs / TICK_MS);
  if (previous !== null && tick <= previous.tick) return previous;
  const day = Math.floor(nowMs / DAY_MS);
  const h3Cell = latLngToCell(lat, lon, PLACE_RES);
  const isWide = accuracy === 'wide';
  const region = isWide ? widen(map.regionOfCell(h3Cell)) : map.regionOfCell(h3Cell);
  if (previous === null) return { region, tick, day, changes: 0 };
  const changes = previous.day === day ? previous.changes : 0;
  const moves =
    region !== previous.region &&
    changes < MAX_CHANGES_A_DAY &&
    isOutside(previous.region, h3Cell, bandRings, map, isWide);
  return { region: moves ? region : previous.region, tick, day, changes: moves ? changes + 1 : changes };
}

/** True if no cell within `rings` rings lies in the region. Where H3 cannot tell (pentagons), false: the answer stays. */
function isOutside(region: RegionKey, h3Cell: string, rings: number, map: AnonymityMap, isWide: boolean): boolean {
  try {
    for (const near of gridDisk(h3Cell, rings)) {
      const there = map.regionOfCell(near);
      if (there === region || (isWide && mayStillBeIn(region, widen(there)))) return false;
    }
    return true;
  } catch {
    return false;
  }
}

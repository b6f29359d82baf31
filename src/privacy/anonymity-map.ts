// Which region a place belongs to: the look-up half of the anonymity map. One H3 index at resolution 10, then up by name:
// the coarse state (coarse-state.ts) needs cells that fine, and a place indexed directly at 7 as well would leave slivers.
// A place is in the region of the finest named cell round it.
// Promises: O(1), no allocation beyond H3's own string, the same answer for everybody, nothing that depends on who is
// there now. A place without a region is suppressed, and the caller must not tell that from "not located".
// The table is open addressing over one Uint32Array, so that threads share it.
import { cellToBoundary, cellToLatLng, latLngToCell } from 'h3-js';
import { distanceM } from '../geo/distance.ts';
import { COARSEST_RES, cellOfKey, FINEST_RES, keyOfCell, parentKey, type RegionKey } from './region-key.ts';

/** No region: fewer residents than K within the coarsest cell. */
export const SUPPRESSED = 0xffff_ffff;
const EMPTY = 0xffff_ffff;
/** The one resolution a place is ever indexed at: cells of 0.015 km2, 76 m from centre to vertex. */
export const PLACE_RES = 10;
/** W3C's bound for approximate locations, metres. */
export const MIN_RADIUS_M = 2_000;
/**
 * A region is the union of its resolution-10 cells, whose fractal edge juts out of the drawn hexagon; how far, as a share
 * of its circumradius, was measured over 2,000 cells of resolutions 2 to 7, pentagons included: 6.6 % at most. Rounded up.
 */
export const JUT = 1.08;

export type AnonymityMap = {
  /** Name of the region of a point in degrees, or SUPPRESSED. */
  regionAt(lat: number, lon: number): RegionKey;
  /** Name of the region of an H3 cell of resolution 7 or finer. */
  regionOfCell(h3Cell: string): RegionKey;
  /** The same of the key of one of resolution 7. */
  regionOf(key: RegionKey): RegionKey;
  readonly size: number;
};

/** Lays region names out for look-ups; pass the result to `openAnonymityMap` in any thread. */
export function layOutAnonymityMap(names: Uint32Array): SharedArrayBuffer {
  let slots = 16;
  while (slots < names.length * 2) slots *= 2;
  const shared = new SharedArrayBuffer(slots * 4);
  const table = new Uint32Array(shared).fill(EMPTY);
  for (const name of names) {
    let at = slotOf(name, slots);
    while (table[at] !== EMPTY) at = (at + 1) & (slots - 1);
    table[at] = name;
  }
  return shared;
}

/** The map of these regions, for one thread. */
export const anonymityMapOf = (names: Uint32Array): AnonymityMap => openAnonymityMap(layOutAnonymityMap(names));

export function openAnonymityMap(shared: SharedArrayBuffer): AnonymityMap {
  const table = new Uint32Array(shared);
  const slots = table.length;

  function has(name: RegionKey): boolean {
    for (let at = slotOf(name, slots); table[at] !== EMPTY; at = (at + 1) & (slots - 1)) {
      if (table[at] === name) return true;
    }
    return false;
  }

  function regionOf(key: RegionKey): RegionKey {
    for (let res = FINEST_RES; res >= COARSEST_RES; res--) {
      const ancestor = parentKey(key, res);
      if (has(ancestor)) return ancestor;
    }
    return SUPPRESSED;
  }

  return {
    regionOf,
    regionOfCell: (h3Cell) => regionOf(keyOfCell(h3Cell)),
    regionAt: (lat, lon) => regionOf(keyOfCell(latLngToCell(lat, lon, PLACE_RES))),
    get size() {
      let count = 0;
      for (let i = 0; i < slots; i++) if (table[i] !== EMPTY) count++;
      return count;
    },
  };
}

function slotOf(name: number, slots: number): number {
  const h = Math.imul(name ^ (name >>> 15), 0x9e37_79b1);
  return (h ^ (h >>> 13)) & (slots - 1);
}

/** What may be said of a region: its H3 cell, centre, and a circle that covers it, widened by `bandM` for stickiness. */
type RegionCircle = {
  readonly h3Cell: string;
  readonly lat: number;
  readonly lon: number;
  readonly radiusM: number;
};

/** The covering circle of a region, a constant of the map; at least MIN_RADIUS_M, rounded up to 100 m. */
export function regionCircle(region: RegionKey, bandM: number): RegionCircle {
  const h3Cell = cellOfKey(region);
  const [lat, lon] = cellToLatLng(h3Cell);
  let farthest = 0;
  for (const [vLat, vLon] of cellToBoundary(h3Cell)) farthest = Math.max(farthest, distanceM(lat, lon, vLat, vLon));
  const radiusM = Math.ceil((farthest * JUT + bandM) / 100) * 100;
  return { h3Cell, lat, lon, radiusM: Math.max(MIN_RADIUS_M, radiusM) };
}

// How big the regions of a map are. Promises: their areas add up to those of the map's coarsest cells; pure.
import { cellArea } from 'h3-js';
import { COARSEST_RES, cellOfKey, parentKey, type RegionKey, resolutionOf } from './region-key.ts';

/** Square kilometres by region: its named cell less the named cells inside it, as drawn. */
export function regionAreasKm2(names: Iterable<RegionKey>): Map<RegionKey, number> {
  const whole = new Map<RegionKey, number>();
  for (const name of names) whole.set(name, cellArea(cellOfKey(name), 'km2'));
  const areas = new Map(whole);
  for (const [name, areaKm2] of whole) {
    const round = namedRound(name, whole);
    if (round !== null) areas.set(round, areas.get(round)! - areaKm2);
  }
  return areas;
}

/** The finest named cell that a name lies in, null for the coarsest. */
function namedRound(name: RegionKey, named: ReadonlyMap<RegionKey, number>): RegionKey | null {
  for (let res = resolutionOf(name) - 1; res >= COARSEST_RES; res--) {
    const ancestor = parentKey(name, res);
    if (named.has(ancestor)) return ancestor;
  }
  return null;
}

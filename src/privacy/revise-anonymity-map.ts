// A new version of the anonymity map beside the versions that were told before: whoever has seen two versions intersects their
// regions, and must still be left with K people (privacy.md 2.3.10; attack A3 over time). Where new figures would break that,
// the old regions stay, a coarsest cell at a time, which is as far as regions ever reach. Promises: pure; elsewhere the new
// map is taken as it is. Does not promise that the result holds: verify-anonymity-map.ts proves it or not.
import { anonymityMapOf, SUPPRESSED } from './anonymity-map.ts';
import type { Population, RegionNames } from './build-anonymity-map.ts';
import { COARSEST_RES, parentKey, type RegionKey } from './region-key.ts';

type Revision = {
  readonly names: RegionNames;
  /** Coarsest cells whose regions stay as they were. */
  readonly kept: number;
};

/** `previous` are the versions that were in use, the newest first; with none of them everything is new. */
export function reviseAnonymityMap(
  fresh: RegionNames,
  previous: readonly RegionNames[],
  residents: Population,
  k: number,
): Revision {
  if (previous.length === 0) return { names: fresh, kept: 0 };
  const keep = crossed(fresh, previous, residents, k);
  const isKept = (name: RegionKey) => keep.has(parentKey(name, COARSEST_RES));
  const names = [...fresh.filter((name) => !isKept(name)), ...previous[0].filter(isKept)];
  return { names: Uint32Array.from(names).sort(), kept: keep.size };
}

/** Coarsest cells in which somebody would be among fewer than K. */
function crossed(
  fresh: RegionNames,
  previous: readonly RegionNames[],
  residents: Population,
  k: number,
): ReadonlySet<RegionKey> {
  const maps = [fresh, ...previous].map(anonymityMapOf);
  const crossings = new Map<string, { count: number; readonly coarsest: RegionKey }>();
  for (const [key, count] of residents) {
    const regions = maps.map((map) => map.regionOf(key));
    if (!(count > 0) || regions[0] === SUPPRESSED) continue;
    const name = regions.join(' ');
    const crossing = crossings.get(name) ?? { count: 0, coarsest: parentKey(key, COARSEST_RES) };
    crossing.count += count;
    crossings.set(name, crossing);
  }
  return new Set([...crossings.values()].filter(({ count }) => count < k).map(({ coarsest }) => coarsest));
}

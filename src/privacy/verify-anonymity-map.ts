// Proves of a finished map what the builder promises, from the map and public population figures alone: total, nobody
// under K, also after subtracting other regions or an earlier version (regions never overlap, and what is told coarser is a union
// of them, so that whatever is subtracted leaves whole regions); and says what it costs in area and suppression.
// Written against the definition, not against the builder: a partition is checked by adding up, cell by cell.
import { anonymityMapOf, SUPPRESSED } from './anonymity-map.ts';
import type { Population, RegionNames } from './build-anonymity-map.ts';
import { regionAreasKm2 } from './region-areas.ts';
import { COARSEST_RES, parentKey, type RegionKey, resolutionOf } from './region-key.ts';

/** Sums of fractions of people may miss a whole K by rounding; a millionth of a person is nobody. */
const ROUNDING = 1e-6;

export type MapReport = {
  readonly regions: number;
  readonly residents: number;
  /** Regions whose inhabitants are fewer than K; must be 0. */
  readonly regionsUnderK: number;
  /** Names whose region holds nobody: a place in it would stand out by being told; must be 0. */
  readonly emptyRegions: number;
  /** Names in no named coarsest cell: what surrounds them would be in no region; must be 0. */
  readonly uncovered: number;
  /** Non-empty intersections with an earlier version that hold fewer than K; must be 0 before publishing. */
  readonly crossingsUnderK: number;
  readonly fewestResidents: number;
  /** Share of residents who are told no region. */
  readonly suppressedShare: number;
  /** Quantiles over residents of their region's area, km2. */
  readonly areaKm2: { readonly p50: number; readonly p90: number; readonly p99: number };
};

/** `previous`: maps of which somebody may have been told a region, too. */
export function verifyAnonymityMap(
  names: RegionNames,
  residents: Population,
  k: number,
  previous: readonly RegionNames[] = [],
): MapReport {
  const map = anonymityMapOf(names);
  const earlier = previous.map(anonymityMapOf);
  const byRegion = new Map<RegionKey, number>();
  const crossings = new Map<string, number>();
  let total = 0;
  for (const [key, count] of residents) {
    if (!(count > 0)) continue;
    const region = map.regionOf(key);
    total += count;
    byRegion.set(region, (byRegion.get(region) ?? 0) + count);
    if (earlier.length === 0 || region === SUPPRESSED) continue;
    const crossing = [region, ...earlier.map((one) => one.regionOf(key))].join(' ');
    crossings.set(crossing, (crossings.get(crossing) ?? 0) + count);
  }
  const suppressed = byRegion.get(SUPPRESSED) ?? 0;
  byRegion.delete(SUPPRESSED);
  const counts = [...byRegion.values()];
  const isUnderK = (count: number) => count < k - ROUNDING;
  const named = new Set(names);
  return {
    regions: names.length,
    residents: Math.round(total),
    regionsUnderK: counts.filter(isUnderK).length,
    emptyRegions: names.filter((name) => !byRegion.has(name)).length,
    uncovered: names.filter((name) => !isCovered(name, named)).length,
    crossingsUnderK: [...crossings.values()].filter(isUnderK).length,
    fewestResidents: Math.round(counts.reduce((fewest, count) => Math.min(fewest, count), Number.POSITIVE_INFINITY)),
    suppressedShare: total > 0 ? suppressed / total : 0,
    areaKm2: areaQuantiles(names, byRegion),
  };
}

/** True if the report is a proof. */
export function proves(report: MapReport): boolean {
  const { regionsUnderK, emptyRegions, uncovered, crossingsUnderK } = report;
  return regionsUnderK + emptyRegions + uncovered + crossingsUnderK === 0;
}

function isCovered(name: RegionKey, named: ReadonlySet<number>): boolean {
  return resolutionOf(name) >= COARSEST_RES && named.has(parentKey(name, COARSEST_RES));
}

function areaQuantiles(names: Uint32Array, byRegion: ReadonlyMap<RegionKey, number>): MapReport['areaKm2'] {
  const areas = regionAreasKm2(names);
  const rows = [...byRegion].map(([region, count]) => ({ area: areas.get(region) ?? 0, count }));
  rows.sort((a, b) => a.area - b.area);
  const all = rows.reduce((sum, row) => sum + row.count, 0);
  const quantile = (share: number) => {
    let below = 0;
    for (const { area, count } of rows) {
      below += count;
      if (below >= all * share) return Math.round(area * 10) / 10;
    }
    return 0;
  };
  return { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) };
}

// Android's density-based approximate location (flag in 16): the same drifting offset, then the centre of the S2 cell at the
// finest level, 12 at most, where the cell holds at least 1,000 people. From AOSP, LocationFudger.java, LocationFudgerCache.java
// and PopulationDensityProviderBase (Apache-2.0), by description. The level is taken as known at once, which is kinder than
// the source: there an unknown level falls back to the 2 km grid.
import { cellToChildren, cellToLatLng } from 'h3-js';
import { driftingOffset, offsetBy, throttled } from './baseline-android.ts';
import type { Mechanism, Residents, Told } from './mechanism.ts';
import { type S2Cell, s2Cell, s2Centre, s2EdgeM, s2Name, s2Parent } from './s2.ts';

const FINEST_LEVEL = 12;
const K = 1_000;

/** The cell that is reported for a point, by public population; null where not even a face holds K. */
type DensityRule = (lat: number, lon: number) => S2Cell | null;

export function densityRule(residents: Residents): DensityRule {
  const totals = new Map<string, number>();
  for (const [h3Cell, count] of residents) {
    // Seven parts each: S2-12 cells are three times as wide as H3 cells of resolution 8.
    const parts = cellToChildren(h3Cell, 9);
    for (const part of parts) {
      let cell = s2Cell(...cellToLatLng(part), FINEST_LEVEL);
      for (; ; cell = s2Parent(cell)) {
        const name = s2Name(cell);
        totals.set(name, (totals.get(name) ?? 0) + count / parts.length);
        if (cell.level === 0) break;
      }
    }
  }
  return (lat, lon) => {
    let cell = s2Cell(lat, lon, FINEST_LEVEL);
    while ((totals.get(s2Name(cell)) ?? 0) < K) {
      if (cell.level === 0) return null;
      cell = s2Parent(cell);
    }
    return cell;
  };
}

export function androidDensity(rule: DensityRule): Mechanism {
  function tell(lat: number, lon: number): Told | null {
    const cell = rule(lat, lon);
    if (cell === null) return null;
    const [cellLat, cellLon] = s2Centre(cell);
    return { name: s2Name(cell), lat: cellLat, lon: cellLon, radiusM: s2EdgeM(cell.level) };
  }
  return {
    name: 'Android density',
    kind: 'drifting',
    phone(random) {
      const offset = driftingOffset(random);
      return throttled((lat, lon, nowMs) => tell(...offsetBy(lat, lon, offset.at(nowMs))));
    },
  };
}

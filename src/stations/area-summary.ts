// What the cells of a location or tracking area say of a phone that is somewhere in it. Promises: pure; a cell on another
// continent (one in a hundred is misplaced) moves neither centre nor radius; safe across the antimeridian; an area of few
// cells admits that it knows little; newer cells do not move an area away from older ones, however many they are. Does not weigh
// cells by samples: a busy cell is not where most of an area lies.

import { distanceM, lonDeltaDeg, wrapLonDeg } from '../geo/distance.ts';
import type { Radio } from '../radio/cell.ts';

/** Range of a cell that doesn't say, metres, by radio code: the upper quartile of OpenCelliD's ranges, NL 2026. */
const TYPICAL_RANGE_M: Readonly<Record<Radio, number>> = { 1: 3_600, 2: 1_300, 3: 1_300, 4: 1_300 };
/** Cells beyond this many times the median distance from the centre, and beyond OUTLIER_FLOOR_M, are misplaced. */
const OUTLIER_TIMES = 6;
const OUTLIER_FLOOR_M = 25_000;
const COVERED = 0.95;
/**
 * No area of n cells is believed narrower than this many metres times n^-0.4: with it, cells held out of Mozilla's 2024 file
 * lie within the radius that the others gave in 89-97 % of cases from three cells up (one: 74-93 %, and 29-57 % without it).
 */
const WIDTH_OF_ONE_CELL_M = 60_000;
const WIDTH_FALLS_BY = 0.4;
/** Cells spread wider than the widest real areas (600 km, in the Australian desert) contradict each other. */
const MAX_RADIUS_M = 600_000;

/**
 * The oldest cell of an area, most of its two oldest, and so on up to so many, stand in its circle or beside it, or nothing is
 * known of it. Stops two networks that invent a hundred cells in one report from taking a town's phones elsewhere, also where
 * few cells were known: cells are as many as somebody likes, but none is older than its arrival. Of OpenCelliD's areas (NL 2026)
 * 7 in 1,155 have other oldest cells, with 3 in 1,000 of all cells.
 */
const OLDEST = 5;
/** Times its radius from the centre is still beside a circle: one cell in twenty is out of it, and mostly by a hair. */
const BESIDE = 1.25;

/** The cells of one area: position in degrees, range in metres (NaN = unknown), since when known, ms (NaN or absent = longest). */
export type AreaCells = { radio: Radio; lat: number[]; lon: number[]; rangeM: number[]; createdAtMs?: number[] };
/** `outliers` cells were left out as misplaced. `center` null = the cells contradict each other, or their oldest: nothing is known. */
type AreaSummary = { center: { lat: number; lon: number; radiusM: number } | null; outliers: number };

/**
 * Centre and radius of an area of at least one cell. The centre is the median of latitudes and of longitudes: right as long
 * as most cells are, and their oldest. The radius covers 95 % of the cells that aren't misplaced, each with its range, and grows by what as few
 * cells as there are can't show.
 */
export function summariseArea(cells: AreaCells): AreaSummary {
  const { lat, lon } = cells;
  const n = lat.length;
  const middleLat = median(lat.slice());
  const middleLon = wrapLonDeg(lon[0] + median(lon.map((value) => lonDeltaDeg(lon[0], value))));
  const distances = lat.map((value, i) => distanceM(middleLat, middleLon, value, lon[i]));
  const limitM = Math.max(OUTLIER_TIMES * median(distances.slice()), OUTLIER_FLOOR_M);
  const reaches: number[] = [];
  for (let i = 0; i < n; i++) {
    if (distances[i] > limitM) continue;
    const rangeM = Number.isNaN(cells.rangeM[i]) ? TYPICAL_RANGE_M[cells.radio] : cells.rangeM[i];
    reaches.push(distances[i] + rangeM);
  }
  reaches.sort(ascending);
  const covering = reaches[Math.ceil(COVERED * reaches.length) - 1];
  const radiusM = Math.ceil(Math.max(covering, WIDTH_OF_ONE_CELL_M * reaches.length ** -WIDTH_FALLS_BY));
  const isKnown = radiusM <= MAX_RADIUS_M && !leavesOldest(cells.createdAtMs ?? [], distances, radiusM);
  const center = isKnown ? { lat: middleLat, lon: middleLon, radiusM } : null;
  return { center, outliers: n - reaches.length };
}

/** True if the oldest cells, one or more of them, with all that are as old as the last of these, stand elsewhere for the most part. */
function leavesOldest(createdAtMs: readonly number[], distancesM: readonly number[], radiusM: number): boolean {
  const since = distancesM.map((_, i) => createdAtMs[i] || 0);
  const isElsewhere = (m: number) => m > BESIDE * radiusM;
  return since
    .toSorted(ascending)
    .slice(0, OLDEST)
    .some((until) => {
      const oldest = distancesM.filter((_, i) => since[i] <= until);
      return 2 * oldest.filter(isElsewhere).length > oldest.length;
    });
}

/** Sorts `values`. */
function median(values: number[]): number {
  values.sort(ascending);
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

function ascending(a: number, b: number): number {
  return a - b;
}

// A8, singling out: who shares an answer with fewer than K residents, once everybody is counted who would have been told
// something finer. What it costs in area beside Android's density rule, and what becomes of it when the map was built from a
// gazetteer (points and populations, as the default is) while people really live where the raster says.
import { offset } from '../../fixtures/offset.ts';
import { createRandom } from '../../fixtures/random.ts';
import { SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { regionAreasKm2 } from '../../src/privacy/region-areas.ts';
import type { RegionKey } from '../../src/privacy/region-key.ts';
import { addTown } from '../../src/privacy/spread-residents.ts';
import { leastWithin200m } from './attack-home.ts';
import { densityRule } from './baseline-android-density.ts';
import { type BuiltMap, buildMap, populationOf } from './ours.ts';
import { type NameAt, partsOf, singledOut, weightedQuantile } from './partition.ts';
import { s2EdgeM } from './s2.ts';
import type { Country } from './world.ts';

type Crowding = {
  /** Area of the set told, 90 of 100 residents' is smaller; km2. */
  readonly oursP90Km2: number;
  readonly androidP90Km2: number;
  /** What a guess at a home within 200 m must find in these regions, and in others of which 90 of 100 had the size we aim at (A7). */
  readonly leastHomes: number;
  readonly leastHomesAtGoal: number;
  /** Share of residents truly under `k` in a map built from a gazetteer for `k`, and for three times `k`. */
  readonly gazetteerUnderK: number;
  readonly marginUnderK: number;
};

/** GeoNames knows places of this many and more; its points are half a kilometre or more off. */
const LEAST_IN_GAZETTEER = 1_000;
const POINT_SIGMA_M = 500;
const MARGIN = 3;
/** The p90 of areas may be so many times that of Android's rule. */
const GOAL_OVER_ANDROID = 1.6;

export function crowding(country: Country, built: BuiltMap, k: number, seed: number): Crowding {
  const parts = partsOf(country.residents);
  const areas = regionAreasKm2(built.names);
  const rule = densityRule(country.residents);
  const ours = [...populationOf(country.residents)].map(([cell, weight]) => ({
    value: areas.get(built.map.regionOf(cell)) ?? Number.POSITIVE_INFINITY,
    weight,
  }));
  const android = parts.map(({ lat, lon, people }) => {
    const cell = rule(lat, lon);
    return { value: cell === null ? Number.POSITIVE_INFINITY : (s2EdgeM(cell.level) / 1000) ** 2, weight: people };
  });
  const gazetteer = gazetteerOf(country, seed);
  const under = (builtFor: number) => singledOut(parts, nameIn(buildMap(gazetteer, builtFor)), k).underK;
  const androidP90Km2 = weightedQuantile(android, 0.9);
  const people = ours.reduce((sum, { weight }) => sum + weight, 0);
  return {
    oursP90Km2: weightedQuantile(ours, 0.9),
    androidP90Km2,
    leastHomes: ours.reduce((sum, { value, weight }) => sum + leastWithin200m(value) * weight, 0) / people,
    // The other ten are given the world to live in.
    leastHomesAtGoal: 0.9 * leastWithin200m(GOAL_OVER_ANDROID * androidP90Km2),
    gazetteerUnderK: under(k),
    marginUnderK: under(MARGIN * k),
  };
}

export function nameIn({ map }: Pick<BuiltMap, 'map'>): NameAt {
  return (lat, lon) => {
    const region = map.regionAt(lat, lon);
    return region === SUPPRESSED ? null : String(region);
  };
}

/** What `honeyguide anonymity-map build` makes of a list of towns. */
function gazetteerOf({ towns }: Country, seed: number): Map<RegionKey, number> {
  const random = createRandom(seed).fork('gazetteer');
  const residents = new Map<RegionKey, number>();
  for (const town of towns) {
    if (town.population < LEAST_IN_GAZETTEER) continue;
    const at = offset(town.lat, town.lon, random.normal(0, POINT_SIGMA_M), random.normal(0, POINT_SIGMA_M));
    addTown(residents, at.lat, at.lon, town.population);
  }
  return residents;
}

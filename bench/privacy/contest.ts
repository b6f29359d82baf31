// One seed of the bench: a dense and a sparse country, every mechanism in them, every attack that needs nothing but answers.
// Sizes come as a plan, so that a test can run the whole thing in a second and a long run can be as big as patience allows.

import { createRandom, type Random } from '../../fixtures/random.ts';
import { FEWEST_DEVICES, releaseThreshold } from '../../src/privacy/count-rule.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { AVERAGING, type AveragingPlan, averaging } from './attack-averaging.ts';
import { allOurCounts, allSuppressedCounts, basesNamed, emptyPlaces, type PublishAll } from './attack-bases.ts';
import { COMMUTE, type CommutePlan, commute } from './attack-commute.ts';
import {
  countError,
  membershipAdvantage,
  membershipOverWindows,
  ourCounts,
  type Publish,
  suppressedCounts,
} from './attack-counts.ts';
import { BUS_M_S, CROSSING, type CrossingPlan, crossing, WALK_M_S } from './attack-crossing.ts';
import { EDGE, type EdgePlan, edgeDwellers, SELDOM } from './attack-edge.ts';
import { findHomes } from './attack-home.ts';
import { crowding, nameIn } from './attack-singling-out.ts';
import { androidCalibrated, androidFudger } from './baseline-android.ts';
import { androidDensity, densityRule } from './baseline-android-density.ts';
import { naiveH3 } from './baseline-naive.ts';
import { planarLaplace } from './baseline-planar-laplace.ts';
import { rfc6772 } from './baseline-rfc6772.ts';
import type { Mechanism } from './mechanism.ts';
import { type BuiltMap, buildMap, ours, oursWithoutToken, populationOf } from './ours.ts';
import { type NameAt, partsOf, singledOut, together } from './partition.ts';
import { partnerOf } from './partner-sizes.ts';
import type { Results } from './results.ts';
import { usefulness } from './utility.ts';
import { type Country, createCountry, drawPeople, type Place } from './world.ts';

type ContestPlan = {
  readonly averaging: AveragingPlan;
  readonly crossing: CrossingPlan;
  readonly edge: EdgePlan;
  readonly seldom: EdgePlan;
  readonly commute: CommutePlan;
  readonly people: number;
  readonly countDraws: number;
};
export const CONTEST: ContestPlan = {
  averaging: AVERAGING,
  crossing: CROSSING,
  edge: EDGE,
  seldom: SELDOM,
  commute: COMMUTE,
  people: 250,
  countDraws: 100_000,
};

export const K = 1_000;
const STRICT_K = 5_000;
/** A Monday, midnight UTC. */
export const START_MS = Date.UTC(2026, 5, 1);

/** A country with everything that is public about it. */
type Scenery = {
  readonly country: Country;
  readonly built: BuiltMap;
  readonly mechanisms: readonly Mechanism[];
  /** The answers that two colluding partners hold of one place, by mechanism. */
  readonly views: ReadonlyMap<string, readonly [NameAt, NameAt]>;
};

export function runSeed(
  seed: number,
  plan: ContestPlan,
  wanted: (attack: string) => boolean,
  results: Results,
  say: (text: string) => void,
): void {
  const random = createRandom(seed);
  const dense = prepare(createCountry('dense', seed));
  const sparse = prepare(createCountry('sparse', seed));
  const scene = dense.country.towns[0];
  for (const mechanism of dense.mechanisms) {
    const begunMs = performance.now();
    const draw = random.fork(`${mechanism.name} dense`);
    if (wanted('A1')) noteAveraging(mechanism, scene, draw, plan, results);
    if (wanted('A2')) noteCrossings(mechanism, scene, draw, plan, results);
    noteCrowd(mechanism, dense, 'dense', random.fork('people'), draw, plan, wanted, results);
    say(`seed ${seed}: ${mechanism.name} in the dense country, ${((performance.now() - begunMs) / 1000).toFixed(1)} s`);
  }
  if (wanted('A2')) {
    // What an offset is worth that an attacker has seen, and what a partner gets who names no device.
    for (const mechanism of [androidCalibrated(DAY_MS), oursWithoutToken(dense.built.map)]) {
      const found = crossing(mechanism, scene, START_MS, WALK_M_S, random.fork(mechanism.name), plan.crossing);
      results.add('A2.walkP50', mechanism.name, found.areaRatioP50);
      results.add('A2.walkP5', mechanism.name, found.areaRatioP5);
    }
  }
  if (wanted('A8')) {
    noteCrowding(dense, 'Dense', seed, results);
    noteCrowding(sparse, 'Sparse', seed, results);
  }
  if (wanted('A9')) {
    noteCounts(random.fork('counts'), plan.countDraws, results);
    noteSizes(dense, random.fork('sizes'), plan.countDraws, results);
  }
  if (wanted('A14')) noteBases(sparse, random.fork('bases'), results);
  for (const mechanism of sparse.mechanisms) {
    noteCrowd(
      mechanism,
      sparse,
      'sparse',
      random.fork('people'),
      random.fork(`${mechanism.name} sparse`),
      plan,
      wanted,
      results,
    );
  }
}

function noteCrowding({ country, built }: Scenery, kind: 'Dense' | 'Sparse', seed: number, results: Results): void {
  const found = crowding(country, built, K, seed);
  results.add(`A8.p90${kind}`, 'Honeyguide', found.oursP90Km2);
  results.add(`A8.p90${kind}`, 'Android density', found.androidP90Km2);
  results.add(`A8.ratio${kind}`, 'Honeyguide', found.oursP90Km2 / found.androidP90Km2);
  results.add(`A8.bad${kind}`, 'Honeyguide', found.gazetteerUnderK);
  if (kind === 'Sparse') return;
  results.add('A8.margin', 'Honeyguide', found.marginUnderK);
  results.add('A7.denseLeast', 'Honeyguide', found.leastHomes);
  results.add('A7.goalLeast', 'Honeyguide', found.leastHomesAtGoal);
}

const COUNT_RULES: readonly [string, Publish, PublishAll][] = [
  ['Honeyguide', ourCounts, allOurCounts],
  ['exact from 20 on', suppressedCounts, allSuppressedCounts],
];

/** A9. */
function noteCounts(random: Random, draws: number, results: Results): void {
  for (const [name, publish] of COUNT_RULES) {
    results.add('C.window', name, membershipAdvantage(publish, 300, draws, random));
    // Where a region begins to be tried, and where it begins to be named.
    const least = [FEWEST_DEVICES - 1, releaseThreshold()].map((n) => membershipAdvantage(publish, n, draws, random));
    results.add('C.threshold', name, Math.max(...least));
    results.add('C.month', name, membershipOverWindows(publish, 300, 28, draws / 20, random));
    results.add('C.error', name, countError(publish, 500, draws / 10, random));
  }
}

/** A14, in the empty country. */
function noteBases({ country, built }: Scenery, random: Random, results: Results): void {
  const places = emptyPlaces(country, 100, random);
  const month = 4 * 30;
  for (const [name, , publish] of COUNT_RULES) {
    for (const size of [15, 40, 60, 500])
      results.add(`C.bases${size}`, name, basesNamed(publish, built.map, places, size, month, random));
  }
}

/** What partners of 200, 2,000 and 20,000 phones see of counts. */
function noteSizes({ country, built }: Scenery, random: Random, draws: number, results: Results): void {
  for (const size of [200, 2_000, 20_000]) {
    const people = drawPeople(country, size, random.fork(`${size} phones`));
    for (const [name, publish, publishAll] of COUNT_RULES) {
      const seen = partnerOf(people, built.map, publishAll, publish, START_MS, draws / 5, random);
      results.add(`C.counted${size}`, name, seen.counted);
      results.add(`C.fewest${size}`, name, seen.fewest);
      results.add(`C.advantage${size}`, name, seen.advantage);
    }
  }
}

function prepare(country: Country): Scenery {
  const population = populationOf(country.residents);
  const built = buildMap(population, K);
  const { map } = built;
  const strict = buildMap(population, STRICT_K);
  const rule = densityRule(country.residents);
  const mechanisms = [
    ours(map),
    naiveH3(8),
    naiveH3(7),
    androidFudger(),
    androidDensity(rule),
    rfc6772(),
    planarLaplace(),
  ];
  const views = new Map<string, [NameAt, NameAt]>([
    ['Honeyguide', [nameIn(built), nameIn(strict)]],
    ['H3 res 8', [nameOf(naiveH3(8)), nameOf(naiveH3(7))]],
    ['H3 res 7', [nameOf(naiveH3(7)), nameOf(naiveH3(6))]],
    ['RFC 6772', [nameOf(rfc6772(2_000)), nameOf(rfc6772(5_000))]],
  ]);
  return { country, built, mechanisms, views };
}

/** What it tells, without a phone's secrets where it can do without. */
function nameOf(mechanism: Mechanism): NameAt {
  const random = createRandom(1);
  const tell = mechanism.still ?? ((lat, lon) => mechanism.phone(random)(lat, lon, START_MS));
  return (lat, lon) => tell(lat, lon)?.name ?? null;
}

function noteAveraging(mechanism: Mechanism, scene: Place, random: Random, plan: ContestPlan, results: Results): void {
  const found = averaging(mechanism, scene, START_MS, random, plan.averaging);
  results.add('A1.hour', mechanism.name, found.errorRatioHour);
  results.add('A1.year', mechanism.name, found.errorRatioYear);
  results.add('A1.yearM', mechanism.name, found.errorYearM);
  results.add('A1.areaP50', mechanism.name, found.areaRatioP50);
  results.add('A1.areaP5', mechanism.name, found.areaRatioP5);
}

function noteCrossings(mechanism: Mechanism, scene: Place, random: Random, plan: ContestPlan, results: Results): void {
  for (const [way, speed] of [
    ['walk', WALK_M_S],
    ['bus', BUS_M_S],
  ] as const) {
    const found = crossing(mechanism, scene, START_MS, speed, random, plan.crossing);
    results.add(`A2.${way}P50`, mechanism.name, found.areaRatioP50);
    results.add(`A2.${way}P5`, mechanism.name, found.areaRatioP5);
  }
  // Where answers vary by themselves, a home on a border is like any other: A1 is their attack.
  if (mechanism.kind !== 'fixed') return;
  const edge = edgeDwellers(mechanism, scene, START_MS, random, plan.edge);
  results.add('A2.edgeP50', mechanism.name, edge.areaRatioP50);
  results.add('A2.edgeP5', mechanism.name, edge.areaRatioP5);
  results.add('A2.nearP5', mechanism.name, edge.nearP5);
  const seldom = edgeDwellers(mechanism, scene, START_MS, random, plan.seldom);
  results.add('A2.seldomP50', mechanism.name, seldom.areaRatioP50);
  results.add('A2.seldomP5', mechanism.name, seldom.areaRatioP5);
  const road = commute(mechanism, scene, START_MS, random, plan.commute);
  results.add('A2.commuteP50', mechanism.name, road.lengthRatioP50);
  results.add('A2.commuteP5', mechanism.name, road.lengthRatioP5);
}

/** The attacks on crowds, and what the answers are worth. */
function noteCrowd(
  mechanism: Mechanism,
  { country, views }: Scenery,
  kind: 'dense' | 'sparse',
  people: Random,
  random: Random,
  plan: ContestPlan,
  wanted: (attack: string) => boolean,
  results: Results,
): void {
  const { name } = mechanism;
  const parts = partsOf(country.residents);
  const pair = views.get(name);
  if (wanted('A3') && pair !== undefined)
    results.add(`A3.${kind}`, name, singledOut(parts, together(...pair), K).underK);
  if (wanted('A8') && mechanism.kind !== 'noisy') {
    const alone = singledOut(parts, nameOf(mechanism), K);
    results.add(`A8.${kind}`, name, alone.underK);
    if (kind === 'sparse') results.add('A8.suppressed', name, alone.suppressed);
  }
  const persons = drawPeople(country, plan.people, people);
  if (wanted('A7')) {
    const homes = findHomes(mechanism, country.residents, persons, K, START_MS, random);
    if (kind === 'dense') {
      results.add('A7.denseM', name, homes.errorP50M);
      results.add('A7.denseMiddle', name, homes.middle200m);
    }
    results.add(`A7.${kind}200`, name, homes.within200m);
    results.add(`A7.${kind}K`, name, homes.homesOverK);
  }
  if (!wanted('U')) return;
  const use = usefulness(mechanism, persons.slice(0, plan.people / 2), START_MS, random);
  if (kind === 'sparse') {
    results.add('U.sparseP50', name, use.areaP50Km2);
    results.add('U.sparseP90', name, use.areaP90Km2);
    return;
  }
  results.add('U.areaP50', name, use.areaP50Km2);
  results.add('U.areaP90', name, use.areaP90Km2);
  results.add('U.contains', name, use.containment);
  results.add('U.answered', name, use.answered);
  results.add('U.heldBack', name, use.heldBack);
}

// A1, averaging: a phone lies still and is asked over and over, a hundred times in an hour and then about daily for a year;
// every fix is a little off, as fixes are. The attacker knows the mechanism but not the phone's secrets: he runs phones of his
// own on a lattice of candidate places and believes in those whose answers look like the victim's.
import { offset, stepM } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { HOUR_MS, YEAR_MS } from '../../src/time/spans.ts';
import { quantile } from '../statistics.ts';
import type { Mechanism, Told } from './mechanism.ts';
import type { Place } from './world.ts';

export type AveragingPlan = {
  readonly latticeM: number;
  readonly reachM: number;
  readonly phonesAPlace: number;
  readonly pollsInHour: number;
  readonly pollsInYear: number;
};
export const AVERAGING: AveragingPlan = {
  latticeM: 250,
  reachM: 3_600,
  phonesAPlace: 3,
  pollsInHour: 100,
  pollsInYear: 400,
};

/** Spread of a Wi-Fi fix round a phone that lies still, metres. */
const FIX_SIGMA_M = 25;
/** Shares of answers that differ by less than this look alike: sampling alone moves a share of a thousand by three per cent. */
const ALIKE_SHARE = 0.06;
/** Victims live in the inner part of the lattice, so that every place that could be theirs is on it. */
const VICTIM_REACH_M = 1_500;

/** What is left of the answers: how often each was given, where their mean lies (metres from the scene), the first one. */
type Digest = { readonly shares: Map<string, number>; readonly x: number; readonly y: number; readonly first: string };
type Candidate = { readonly x: number; readonly y: number; readonly hour: Digest; readonly year: Digest };

type AveragingResult = {
  /** Median error of the attacker's best guess over the median error of guessing the first answer's centre. */
  readonly errorRatioHour: number;
  readonly errorRatioYear: number;
  readonly errorYearM: number;
  /** 95 % area after a year over the 95 % area after one answer; of all victims the middle and the worst twentieth. */
  readonly areaRatioP50: number;
  readonly areaRatioP5: number;
};

export function averaging(
  mechanism: Mechanism,
  scene: Place,
  startMs: number,
  random: Random,
  plan = AVERAGING,
): AveragingResult {
  const candidates: Candidate[] = [];
  for (const { x, y } of lattice(plan)) {
    for (let i = 0; i < plan.phonesAPlace; i++) candidates.push(poll(mechanism, scene, x, y, startMs, random, plan));
  }
  const errors = { centre: [] as number[], hour: [] as number[], year: [] as number[] };
  const ratios: number[] = [];
  for (const { x, y } of lattice(plan)) {
    if (Math.hypot(x, y) > VICTIM_REACH_M) continue;
    const atX = x + random.between(-0.5, 0.5) * plan.latticeM;
    const atY = y + random.between(-0.5, 0.5) * plan.latticeM;
    const victim = poll(mechanism, scene, atX, atY, startMs, random, plan);
    const once = candidates.filter(({ hour }) => hour.first === victim.hour.first);
    const error = (guess: { x: number; y: number }) => Math.hypot(guess.x - atX, guess.y - atY);
    errors.centre.push(
      error(mechanism.kind !== 'fixed' ? firstOf(mechanism, scene, atX, atY, startMs, random) : meanOf(once)),
    );
    errors.hour.push(error(guessFrom(mechanism, candidates, victim, 'hour')));
    errors.year.push(error(guessFrom(mechanism, candidates, victim, 'year')));
    if (mechanism.kind === 'fixed')
      ratios.push(areaOf(candidates, victim, plan) / areaOf(candidates, victim, plan, true));
  }
  const centre = quantile(errors.centre, 0.5);
  const errorYearM = quantile(errors.year, 0.5);
  // Answers that drift or are fresh have no names to match: the believed area is the disc of the error that 95 % of victims stay under.
  const disc = (quantile(errors.year, 0.95) / quantile(errors.centre, 0.95)) ** 2;
  return {
    errorRatioHour: quantile(errors.hour, 0.5) / centre,
    errorRatioYear: errorYearM / centre,
    errorYearM,
    areaRatioP50: mechanism.kind !== 'fixed' ? disc : quantile(ratios, 0.5),
    areaRatioP5: mechanism.kind !== 'fixed' ? disc : quantile(ratios, 0.05),
  };
}

function* lattice({ latticeM, reachM }: AveragingPlan): Generator<{ x: number; y: number }> {
  for (let x = -reachM; x <= reachM; x += latticeM) {
    for (let y = -reachM; y <= reachM; y += latticeM) if (Math.hypot(x, y) <= reachM) yield { x, y };
  }
}

function poll(
  mechanism: Mechanism,
  scene: Place,
  x: number,
  y: number,
  startMs: number,
  random: Random,
  plan: AveragingPlan,
): Candidate {
  const phone = mechanism.phone(random.fork(`${x} ${y} ${random.next()}`));
  const ask = (nowMs: number) => {
    const { lat, lon } = offset(
      scene.lat,
      scene.lon,
      x + random.normal(0, FIX_SIGMA_M),
      y + random.normal(0, FIX_SIGMA_M),
    );
    return phone(lat, lon, nowMs);
  };
  const hour = digest(scene, plan.pollsInHour, (i) => ask(startMs + (i * HOUR_MS) / plan.pollsInHour));
  const year = digest(scene, plan.pollsInYear, (i) => ask(startMs + HOUR_MS + (i * YEAR_MS) / plan.pollsInYear));
  return { x, y, hour, year };
}

function digest(scene: Place, polls: number, ask: (i: number) => Told | null): Digest {
  const shares = new Map<string, number>();
  let x = 0;
  let y = 0;
  let first = '';
  for (let i = 0; i < polls; i++) {
    const told = ask(i);
    const name = told?.name ?? 'nothing';
    if (i === 0) first = name;
    shares.set(name, (shares.get(name) ?? 0) + 1 / polls);
    if (told === null) continue;
    const { eastM, northM } = stepM(scene.lat, scene.lon, told.lat, told.lon);
    x += eastM / polls;
    y += northM / polls;
  }
  return { shares, x, y, first };
}

function firstOf(mechanism: Mechanism, scene: Place, x: number, y: number, nowMs: number, random: Random) {
  const { lat, lon } = offset(scene.lat, scene.lon, x, y);
  const told = mechanism.phone(random.fork(`first ${x} ${y}`))(lat, lon, nowMs)!;
  const { eastM, northM } = stepM(scene.lat, scene.lon, told.lat, told.lon);
  return { x: eastM, y: northM };
}

function meanOf(spots: readonly { x: number; y: number }[]): { x: number; y: number } {
  const n = spots.length;
  return { x: spots.reduce((sum, s) => sum + s.x, 0) / n, y: spots.reduce((sum, s) => sum + s.y, 0) / n };
}

/** The mean of the places that answer alike; where answers vary, the mean of the answers. */
function guessFrom(mechanism: Mechanism, candidates: readonly Candidate[], victim: Candidate, span: 'hour' | 'year') {
  if (mechanism.kind !== 'fixed') return victim[span];
  const alike = candidates.filter((candidate) => isAlike(candidate[span], victim[span]));
  return alike.length > 0 ? meanOf(alike) : victim[span];
}

function isAlike(a: Digest, b: Digest): boolean {
  let difference = 0;
  for (const [name, share] of a.shares) difference += Math.abs(share - (b.shares.get(name) ?? 0));
  for (const [name, share] of b.shares) if (!a.shares.has(name)) difference += share;
  return difference <= 2 * ALIKE_SHARE;
}

/** Area of the most likely places that together hold 95 % of the belief: how many lattice places, by how many of their phones match. */
function areaOf(candidates: readonly Candidate[], victim: Candidate, plan: AveragingPlan, isFirstOnly = false): number {
  const beliefs: number[] = [];
  for (let i = 0; i < candidates.length; i += plan.phonesAPlace) {
    let matches = 0;
    for (let j = i; j < i + plan.phonesAPlace; j++) {
      const isMatch = isFirstOnly
        ? candidates[j].hour.first === victim.hour.first
        : isAlike(candidates[j].year, victim.year);
      if (isMatch) matches++;
    }
    if (matches > 0) beliefs.push(matches);
  }
  beliefs.sort((a, b) => b - a);
  const wanted = 0.95 * beliefs.reduce((sum, belief) => sum + belief, 0);
  let held = 0;
  let places = 0;
  for (const belief of beliefs) {
    if (held >= wanted) break;
    places += Math.min(1, (wanted - held) / belief);
    held += belief;
  }
  return Math.max(places, 1) * plan.latticeM ** 2;
}

// A2, boundary crossing: somebody walks or rides in a straight line and is asked all the time; the moment the answer changes,
// the attacker knows that a border was crossed, and which. Places are taken relative to the answer told, since one border is
// like another; what a single answer would have told is the measure.
import { offset, stepM } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { quantile } from '../statistics.ts';
import type { Mechanism, Told } from './mechanism.ts';
import { area95M2, type Spot, sample } from './posterior.ts';
import type { Place } from './world.ts';

export type CrossingPlan = { readonly walkers: number; readonly reachM: number; readonly pollMs: number };
export const CROSSING: CrossingPlan = { walkers: 2_000, reachM: 5_000, pollMs: 5_000 };
export const WALK_M_S = 1.4;
export const BUS_M_S = 8;

/** The last answers that the attacker averages where every answer is a fresh draw. */
const AVERAGED = 12;
const LONGEST_MS = 3 * 3_600_000;
/** Where the border lies, as seen from the answer told: six directions. */
const DIRECTIONS = 6;
/** How long the old answer had stood, in quarters of an hour; three and more are alike. */
const MOST_QUARTERS = 3;
const QUARTER_MS = 900_000;

type CrossingResult = {
  readonly areaRatioP50: number;
  readonly areaRatioP5: number;
  readonly errorP50M: number;
};
type Crossing = Spot & { readonly sign: string };

/** Walks `plan.walkers` lines at `speedMps` and says what the first changed answer gives away. */
export function crossing(
  mechanism: Mechanism,
  scene: Place,
  startMs: number,
  speedMps: number,
  random: Random,
  plan = CROSSING,
): CrossingResult {
  const crossings: Crossing[] = [];
  for (let i = 0; i < plan.walkers; i++) {
    const found = walk(mechanism, scene, startMs, speedMps, random, plan);
    if (found !== null) crossings.push(found);
  }
  const single = singleAnswers(mechanism, scene, startMs, random, plan);
  const ratios: number[] = [];
  const errors: number[] = [];
  for (const group of Map.groupBy(crossings, ({ sign }) => sign).values()) {
    // Signs seen a handful of times say nothing of their area.
    if (group.length < 30) continue;
    const ratio = area95M2(group) / area95M2(sample(single, group.length, random));
    const middle = { x: mean(group.map(({ x }) => x)), y: mean(group.map(({ y }) => y)) };
    for (const { x, y } of group) {
      ratios.push(ratio);
      errors.push(Math.hypot(x - middle.x, y - middle.y));
    }
  }
  return { areaRatioP50: quantile(ratios, 0.5), areaRatioP5: quantile(ratios, 0.05), errorP50M: quantile(errors, 0.5) };
}

/** One walk until the answer changes: where the walker then was, relative to the answer, and what the attacker saw. */
function walk(
  mechanism: Mechanism,
  scene: Place,
  startMs: number,
  speedMps: number,
  random: Random,
  plan: CrossingPlan,
): Crossing | null {
  const phone = mechanism.phone(random.fork(`walker ${random.next()}`));
  const angle = random.between(0, 2 * Math.PI);
  let { x, y } = anywhere(plan, random);
  const begun = startMs + random.between(0, QUARTER_MS);
  let first: Told | null = null;
  const recent: Spot[] = [];
  for (let nowMs = begun; nowMs < begun + LONGEST_MS; nowMs += plan.pollMs) {
    const told = ask(phone, scene, x, y, nowMs);
    if (told === null) return null;
    if (mechanism.kind === 'noisy') {
      recent.push(centreOf(scene, told));
      if (recent.length === AVERAGED) {
        return {
          x: x - mean(recent.map((spot) => spot.x)),
          y: y - mean(recent.map((spot) => spot.y)),
          sign: 'averaged',
        };
      }
    } else if (first === null) first = told;
    else if (told.name !== first.name) {
      const centre = centreOf(scene, told);
      const quarters = Math.min(MOST_QUARTERS, Math.floor((nowMs - begun) / QUARTER_MS));
      return { x: x - centre.x, y: y - centre.y, sign: `${sectorOf(centreOf(scene, first), centre)} ${quarters}` };
    }
    x += (Math.cos(angle) * speedMps * plan.pollMs) / 1000;
    y += (Math.sin(angle) * speedMps * plan.pollMs) / 1000;
  }
  return null;
}

/** Where people are who were told one single answer, relative to it. */
export function singleAnswers(
  mechanism: Mechanism,
  scene: Place,
  nowMs: number,
  random: Random,
  plan: { walkers: number; reachM: number },
): Spot[] {
  return Array.from({ length: plan.walkers }, () => {
    const { x, y } = anywhere(plan, random);
    const told = ask(mechanism.phone(random.fork(`single ${random.next()}`)), scene, x, y, nowMs);
    const centre = told === null ? { x, y } : centreOf(scene, told);
    return { x: x - centre.x, y: y - centre.y };
  });
}

export function anywhere({ reachM }: { reachM: number }, random: Random): Spot {
  const r = reachM * Math.sqrt(random.next());
  const angle = random.between(0, 2 * Math.PI);
  return { x: r * Math.cos(angle), y: r * Math.sin(angle) };
}

export function ask(
  phone: (lat: number, lon: number, nowMs: number) => Told | null,
  scene: Place,
  x: number,
  y: number,
  nowMs: number,
): Told | null {
  const { lat, lon } = offset(scene.lat, scene.lon, x, y);
  return phone(lat, lon, nowMs);
}

function centreOf(scene: Place, told: Told): Spot {
  const { eastM, northM } = stepM(scene.lat, scene.lon, told.lat, told.lon);
  return { x: eastM, y: northM };
}

/** In which of the directions `from` lies as seen from `to`. */
function sectorOf(from: Spot, to: Spot): number {
  const turn = Math.atan2(from.y - to.y, from.x - to.x) / (2 * Math.PI);
  return Math.floor((turn + 1) * DIRECTIONS) % DIRECTIONS;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

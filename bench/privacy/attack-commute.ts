// A2, the same commute sixty times on a known road: departure trembles by a few minutes, the time of each change is noted to
// the poll. The attacker knows road, speed and where borders cross the road, not when the phone sets off; what he wants is
// where on the road the phone is when today's answer changes. Sixty changes tell the habit, today's tells the day.
import type { Random } from '../../fixtures/random.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { quantile } from '../statistics.ts';
import { anywhere, ask, BUS_M_S } from './attack-crossing.ts';
import type { Mechanism } from './mechanism.ts';
import { length95, type Spot } from './posterior.ts';
import type { Place } from './world.ts';

export type CommutePlan = {
  readonly commuters: number;
  readonly reachM: number;
  readonly days: number;
  readonly pollMs: number;
};
export const COMMUTE: CommutePlan = { commuters: 600, reachM: 4_000, days: 60, pollMs: 10_000 };

const ROAD_M = 12_000;
const QUARTER_MS = 900_000;
/** How punctual people are: two minutes. More would hide them by itself. */
const DEPARTURE_SIGMA_MS = 120_000;
const NEIGHBOURS = 80;

type CommuteResult = { readonly lengthRatioP50: number; readonly lengthRatioP5: number };
/** Of one commuter: metres past the border at the last change; mean time of change within its quarter; today's less the mean. */
type Commuter = { readonly pastM: number; readonly phase: number; readonly late: number };

export function commute(
  mechanism: Mechanism,
  scene: Place,
  startMs: number,
  random: Random,
  plan = COMMUTE,
): CommuteResult {
  const commuters: Commuter[] = [];
  const chords: number[] = [];
  for (let i = 0; i < plan.commuters; i++) {
    const road = drawRoad(plan, random);
    const found = ride(mechanism, scene, road, startMs, random, plan);
    if (found !== null) commuters.push(found);
    if (i < 300) chords.push(...chordsOf(mechanism, scene, road, startMs, random, plan));
  }
  // What one answer would have told of somebody on this road: 95 % of the stretch within an answer.
  const toldM = 0.95 * quantile(chords, 0.5);
  const ratios = commuters.map((victim) => {
    const alike = commuters
      .filter((other) => other !== victim)
      .map((other) => ({ other, far: farness(other, victim) }))
      .sort((a, b) => a.far - b.far)
      .slice(0, NEIGHBOURS);
    return Math.min(1, length95(alike.map(({ other }) => other.pastM)) / toldM);
  });
  return { lengthRatioP50: quantile(ratios, 0.5), lengthRatioP5: quantile(ratios, 0.05) };
}

type Road = { readonly from: Spot; readonly angle: number };

function drawRoad(plan: CommutePlan, random: Random): Road {
  return { from: anywhere(plan, random), angle: random.between(0, 2 * Math.PI) };
}

function along({ from, angle }: Road, m: number): Spot {
  return { x: from.x + m * Math.cos(angle), y: from.y + m * Math.sin(angle) };
}

function farness(a: Commuter, b: Commuter): number {
  const phase = Math.abs(a.phase - b.phase);
  return Math.min(phase, 1 - phase) + Math.abs(a.late - b.late);
}

/** Sixty mornings; null if on the last one the answer never changed. */
function ride(
  mechanism: Mechanism,
  scene: Place,
  road: Road,
  startMs: number,
  random: Random,
  plan: CommutePlan,
): Commuter | null {
  const phone = mechanism.phone(random.fork(`commuter ${random.next()}`));
  const leaveMs = random.between(7, 9) * 3_600_000;
  const changes: number[] = [];
  let last: { m: number; atMs: number } | null = null;
  for (let day = 0; day < plan.days; day++) {
    const offMs = leaveMs + random.normal(0, DEPARTURE_SIGMA_MS);
    const dayMs = startMs + day * DAY_MS;
    last = null;
    // At home before and after: the state of yesterday's road is gone.
    ask(phone, scene, road.from.x, road.from.y, dayMs + 3_600_000);
    const home = ask(phone, scene, road.from.x, road.from.y, dayMs + 2 * 3_600_000)?.name;
    for (let spentMs = 0; (spentMs * BUS_M_S) / 1000 < ROAD_M; spentMs += plan.pollMs) {
      const m = (spentMs * BUS_M_S) / 1000;
      const { x, y } = along(road, m);
      if (ask(phone, scene, x, y, dayMs + offMs + spentMs)?.name === home) continue;
      last = { m, atMs: offMs + spentMs };
      break;
    }
    if (last !== null) changes.push(last.atMs);
  }
  if (last === null || changes.length < plan.days / 2) return null;
  const mean = changes.reduce((sum, atMs) => sum + atMs, 0) / changes.length;
  const borderM = firstBorderM(mechanism, scene, road, startMs, random, plan);
  return { pastM: last.m - borderM, phase: (mean / QUARTER_MS) % 1, late: (last.atMs - mean) / QUARTER_MS };
}

/** Where on the road a fresh phone's answer first differs from home's. */
function firstBorderM(
  mechanism: Mechanism,
  scene: Place,
  road: Road,
  nowMs: number,
  random: Random,
  plan: CommutePlan,
): number {
  return chordsOf(mechanism, scene, road, nowMs, random, plan, true)[0] ?? ROAD_M;
}

/** Lengths of the stretches of the road that one answer covers; with `isFirstOnly` the first stretch alone. */
function chordsOf(
  mechanism: Mechanism,
  scene: Place,
  road: Road,
  nowMs: number,
  random: Random,
  plan: CommutePlan,
  isFirstOnly = false,
): number[] {
  const stepM = (BUS_M_S * plan.pollMs) / 1000;
  const secrets = random.fork(`chords ${random.next()}`);
  const nameAt = (m: number) => {
    const { x, y } = along(road, m);
    return ask(mechanism.phone(secrets.fork('one')), scene, x, y, nowMs)?.name;
  };
  const chords: number[] = [];
  let begunM = 0;
  let name = nameAt(0);
  for (let m = stepM; m < ROAD_M; m += stepM) {
    const next = nameAt(m);
    if (next === name) continue;
    if (begunM > 0 || isFirstOnly) chords.push(m - begunM);
    if (isFirstOnly) break;
    begunM = m;
    name = next;
  }
  return chords;
}

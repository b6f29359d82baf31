// A2 again, for those who live on a border: a home within 20 m of the line where the answer changes, a fix that trembles by
// 20 m, work somewhere else, two weeks, asked every quarter of an hour. The attacker knows which border it is (both answers
// are given) and asks how far from it the home lies; he believes the distances whose phones gave both answers as often and as
// alternately at night. Along the border he learns nothing: the area left is the believed width times the edge of a cell.
import type { Random } from '../../fixtures/random.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { quantile } from '../statistics.ts';
import { anywhere, ask, singleAnswers } from './attack-crossing.ts';
import type { Mechanism } from './mechanism.ts';
import { area95M2, type Spot } from './posterior.ts';
import type { Place } from './world.ts';

export type EdgePlan = {
  readonly homes: number;
  readonly reachM: number;
  readonly days: number;
  /** Asked every quarter of an hour of a life, or once in 25 hours of lying still: whoever asks seldom meets phones that were forgotten. */
  readonly isSeldom?: boolean;
};
export const EDGE: EdgePlan = { homes: 900, reachM: 4_000, days: 14 };

const FIX_SIGMA_M = 20;
const EDGE_M = 20;
const QUARTER_MS = 900_000;
const SELDOM_MS = 25 * 3_600_000;
/** Nights from 20 to 8 o'clock, work from 9 to 18, a way of up to an hour. */
const NIGHT_FROM = 20 * 4;
const NIGHT_TO = 8 * 4;
const HOME_FROM = 18 * 4;
const WORK_M = 4_000;
const WAY_STEPS = 4;
/** Distances tried: half of them evenly this far to both sides, half within a few trembles, where the victims are. */
const FAR_M = 900;
const NEAR_M = 700;
const CLOSE_M = 60;
const NEIGHBOURS = 40;
/** Edge of a regular hexagon over the root of its area. */
const EDGE_OVER_ROOT = 0.62;

export const SELDOM: EdgePlan = { homes: 900, reachM: 4_000, days: 365, isSeldom: true };

type EdgeResult = {
  readonly areaRatioP50: number;
  readonly areaRatioP5: number;
  /** The worst twentieth of all homes within 700 m of a border: a border that a band has moved is one as well. */
  readonly nearP5: number;
};
type Seen = { readonly inner: number; readonly turns: number; readonly nights: number; readonly others: number };
/** `distanceM`: from the border, into the first answer positive; `weight`: undoes that close ones were tried more often. */
type Home = { readonly distanceM: number; readonly weight: number; readonly isClose: boolean; readonly seen: Seen };

export function edgeDwellers(
  mechanism: Mechanism,
  scene: Place,
  startMs: number,
  random: Random,
  plan = EDGE,
): EdgeResult {
  const homes = Array.from({ length: plan.homes }, () => {
    const border = findBorder(mechanism, scene, startMs, plan, random);
    const isClose = random.chance(0.5);
    const reach = isClose ? CLOSE_M : FAR_M;
    const distanceM = random.between(-reach, reach);
    const density = 0.25 / FAR_M + (Math.abs(distanceM) < CLOSE_M ? 0.25 / CLOSE_M : 0);
    const seen = live(mechanism, scene, border, distanceM, startMs, random, plan);
    return { distanceM, weight: 1 / density, isClose, seen };
  });
  const single = singleAnswers(mechanism, scene, startMs, random, { walkers: 2_000, reachM: plan.reachM });
  const rootM = Math.sqrt(area95M2(single));
  const areaLeft = (victim: Home) => {
    const others = homes
      .filter((home) => home !== victim)
      .map((home) => ({ home, far: farness(home.seen, victim.seen) }));
    others.sort((x, y) => x.far - y.far);
    // Whoever looks exactly like the last neighbour is believed as well.
    const farthest = others[Math.min(NEIGHBOURS, others.length) - 1].far;
    const alike = others.filter(({ far }) => far <= farthest).map(({ home }) => home);
    return Math.min(1, (EDGE_OVER_ROOT * width95(alike)) / rootM);
  };
  const edge = homes.filter(({ distanceM }) => Math.abs(distanceM) <= EDGE_M).map(areaLeft);
  const near = homes.filter(({ isClose, distanceM }) => !isClose && Math.abs(distanceM) <= NEAR_M).map(areaLeft);
  return { areaRatioP50: quantile(edge, 0.5), areaRatioP5: quantile(edge, 0.05), nearP5: quantile(near, 0.05) };
}

function farness(a: Seen, b: Seen): number {
  return (
    Math.abs(a.inner - b.inner) +
    Math.abs(a.turns - b.turns) +
    Math.abs(a.nights - b.nights) +
    Math.abs(a.others - b.others)
  );
}

/** The shortest interval of distances that holds 95 % of the weight. */
function width95(homes: readonly Home[]): number {
  const sorted = [...homes].sort((a, b) => a.distanceM - b.distanceM);
  const wanted = 0.95 * sorted.reduce((sum, { weight }) => sum + weight, 0);
  let shortest = Number.POSITIVE_INFINITY;
  for (let from = 0, to = 0, held = 0; from < sorted.length; held -= sorted[from++].weight) {
    while (to < sorted.length && held < wanted) held += sorted[to++].weight;
    if (held < wanted) break;
    shortest = Math.min(shortest, sorted[to - 1].distanceM - sorted[from].distanceM);
  }
  return shortest;
}

/** A point where a fresh phone's answer changes, the unit step into the `inner` answer, and both names. */
type Border = {
  readonly at: Spot;
  readonly into: Spot;
  readonly inner: string | undefined;
  readonly outer: string | undefined;
};

function findBorder(mechanism: Mechanism, scene: Place, nowMs: number, plan: EdgePlan, random: Random): Border {
  const secrets = random.fork(`border ${random.next()}`);
  const nameAt = (x: number, y: number) => ask(mechanism.phone(secrets.fork('one')), scene, x, y, nowMs)?.name;
  for (;;) {
    let a = anywhere(plan, random);
    let b = anywhere(plan, random);
    const inner = nameAt(a.x, a.y);
    if (inner === nameAt(b.x, b.y)) continue;
    while (Math.hypot(a.x - b.x, a.y - b.y) > 2) {
      const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
      if (nameAt(middle.x, middle.y) === inner) a = middle;
      else b = middle;
    }
    // Which way is in: the mean of the directions, on a ring of 60 m, that are told the inner name.
    let x = 0;
    let y = 0;
    for (let turn = 0; turn < 2 * Math.PI; turn += Math.PI / 16) {
      if (nameAt(a.x + 60 * Math.cos(turn), a.y + 60 * Math.sin(turn)) !== inner) continue;
      x += Math.cos(turn);
      y += Math.sin(turn);
    }
    const length = Math.hypot(x, y);
    if (length > 1) return { at: a, into: { x: x / length, y: y / length }, inner, outer: nameAt(b.x, b.y) };
  }
}

/** Weeks of a life at `distanceM` from the border. */
function live(
  mechanism: Mechanism,
  scene: Place,
  { at, into, inner, outer }: Border,
  distanceM: number,
  startMs: number,
  random: Random,
  plan: EdgePlan,
): Seen {
  const phone = mechanism.phone(random.fork(`home ${random.next()}`));
  const home = { x: at.x + distanceM * into.x, y: at.y + distanceM * into.y };
  const angle = random.between(0, 2 * Math.PI);
  const nights: string[][] = [];
  if (plan.isSeldom === true) {
    for (let atMs = 0; atMs < plan.days * DAY_MS; atMs += SELDOM_MS) {
      const x = home.x + random.normal(0, FIX_SIGMA_M);
      const y = home.y + random.normal(0, FIX_SIGMA_M);
      nights.push([ask(phone, scene, x, y, startMs + atMs)?.name ?? 'nothing']);
    }
    return look(nights, inner, outer);
  }
  for (let day = 0; day < plan.days; day++) {
    const night: string[] = [];
    for (let quarter = 0; quarter < 96; quarter++) {
      // At work once is enough.
      if (quarter > NIGHT_TO + WAY_STEPS && quarter < HOME_FROM) continue;
      const away = WORK_M * awayShare(quarter);
      const x = home.x + away * Math.cos(angle) + random.normal(0, FIX_SIGMA_M);
      const y = home.y + away * Math.sin(angle) + random.normal(0, FIX_SIGMA_M);
      const told = ask(phone, scene, x, y, startMs + day * DAY_MS + quarter * QUARTER_MS);
      if (quarter < NIGHT_TO || quarter >= NIGHT_FROM) night.push(told?.name ?? 'nothing');
    }
    nights.push(night);
  }
  return look(nights, inner, outer);
}

/** How much of the way to work is behind at a quarter of the day. */
function awayShare(quarter: number): number {
  if (quarter < NIGHT_TO || quarter >= NIGHT_FROM) return 0;
  if (quarter < NIGHT_TO + WAY_STEPS) return (quarter - NIGHT_TO) / WAY_STEPS;
  if (quarter >= HOME_FROM) return Math.max(0, 1 - (quarter - HOME_FROM) / WAY_STEPS);
  return 1;
}

/** What the attacker takes from the nights: share of the inner answer, turns, nights that end outside, share of other answers. */
function look(nights: readonly string[][], inner: string | undefined, outer: string | undefined): Seen {
  const all = nights.flat();
  let turns = 0;
  for (const night of nights) for (let i = 1; i < night.length; i++) if (night[i] !== night[i - 1]) turns++;
  return {
    inner: all.filter((name) => name === inner).length / all.length,
    turns: Math.log1p(turns) / 4,
    nights: nights.filter((night) => night.at(-1) === outer).length / nights.length,
    others: all.filter((name) => name !== inner && name !== outer).length / all.length,
  };
}

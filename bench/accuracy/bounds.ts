// What no method could do better on a set, whatever it learnt: bounds that the questions and the truths set by themselves.
// Promises: pure; they look at the truths of what is asked, which no method may. Said beside the results, so that a goal that
// is missed can be told from one that can't be met.

import { createRandom } from '../../fixtures/random.ts';
import { distanceM, lonDeltaDeg, M_PER_DEG_LAT, mPerDegLon } from '../../src/geo/distance.ts';
import type { DataSet, Method } from './method.ts';
import type { Scan } from './traces.ts';

type Spot = { x: number; y: number };

/** Everything a question holds, as text. */
const questionOf = ({ wifi, cells }: Scan) => JSON.stringify([wifi, cells]);

/**
 * Metres: the least p such that one answer for each distinct question lies within p of `share` of all truths. Phones that ask
 * the same get the same answer, so no method has a smaller error at that share.
 */
export function leastErrorM(scans: readonly Scan[], share: number): number {
  const groups = [...Map.groupBy(scans, questionOf).values()].map(layFlat);
  const wanted = Math.ceil(share * scans.length);
  let low = 0;
  let high = Math.max(...groups.map((spots) => Math.max(...spots.map(({ x, y }) => Math.hypot(x, y)))));
  while (high - low > 0.1) {
    const radiusM = (low + high) / 2;
    const covered = groups.reduce((sum, spots) => sum + mostWithin(spots, radiusM), 0);
    if (covered >= wanted) high = radiusM;
    else low = radiusM;
  }
  return low;
}

/** Metres from the first. */
function layFlat(scans: readonly Scan[]): Spot[] {
  const { lat, lon } = scans[0];
  const mPerLon = mPerDegLon(lat);
  return scans.map((s) => ({ x: lonDeltaDeg(lon, s.lon) * mPerLon, y: (s.lat - lat) * M_PER_DEG_LAT }));
}

/** Most of the spots that one circle holds: it can be moved until two lie on its edge, or its middle on one. */
function mostWithin(spots: readonly Spot[], radiusM: number): number {
  let most = 1;
  const tryAt = (x: number, y: number) => {
    const held = spots.filter((s) => Math.hypot(s.x - x, s.y - y) <= radiusM + 1e-6).length;
    most = Math.max(most, held);
  };
  for (const a of spots) {
    tryAt(a.x, a.y);
    for (const b of spots) {
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const half2 = (dx * dx + dy * dy) / 4;
      if (half2 === 0 || half2 > radiusM * radiusM) continue;
      const off = Math.sqrt(radiusM * radiusM - half2) / (2 * Math.sqrt(half2));
      tryAt(a.x + dx / 2 - off * dy, a.y + dy / 2 + off * dx);
    }
  }
  return most;
}

/** How far apart two phones that went together are told at one time; null = none did. */
export function truthsApartM(scans: readonly Scan[], withinMs: number, share: number): number | null {
  const apart: number[] = [];
  for (const together of Map.groupBy(scans, ({ group }) => group).values()) {
    const inOrder = together.toSorted((a, b) => a.timeMs - b.timeMs);
    for (let i = 0; i < inOrder.length; i++)
      for (let j = i + 1; j < inOrder.length && inOrder[j].timeMs - inOrder[i].timeMs <= withinMs; j++) {
        const [a, b] = [inOrder[i], inOrder[j]];
        if (a.device !== b.device) apart.push(distanceM(a.lat, a.lon, b.lat, b.lon));
      }
  }
  return apart.length === 0 ? null : quantile(apart, share);
}

/** Times that all circles of a taught method would have to be as wide to hold 93 and 97 % of a set. */
export function honestFactors(method: Method, set: DataSet): [number, number] {
  const ratios = ratiosOf(method, set.test);
  return [quantile(ratios, 0.93), quantile(ratios, 0.97)];
}

/** Errors over circles, of what is answered. */
function ratiosOf(method: Method, scans: readonly Scan[]): number[] {
  return scans.flatMap((scan) => {
    const answer = method.locate(scan);
    return answer === null ? [] : [distanceM(answer.lat, answer.lon, scan.lat, scan.lon) / answer.accuracyM];
  });
}

/** Who waited so long between two scans went another way meanwhile. */
const PAUSE_MS = 600_000;
const SPLITS = 400;

/** The scans of each way that somebody went, in the order of the set. */
export function waysOf(scans: readonly Scan[]): Scan[][] {
  const ways: Scan[][] = [];
  for (const [i, scan] of scans.entries()) {
    const before = scans[i - 1];
    const isNext =
      i > 0 &&
      scan.trace === before.trace &&
      scan.device === before.device &&
      scan.timeMs >= before.timeMs &&
      scan.timeMs - before.timeMs <= PAUSE_MS;
    if (isNext) ways.at(-1)!.push(scan);
    else ways.push([scan]);
  }
  return ways;
}

/**
 * How much can be known of circles: the ways of a set are parted by lot (by `seed`), a taught method's circles are made as wide as
 * hold 95 % of one part, and asked how many they hold of the other. Share of partings in which that is 93 to 97 %; null
 * where no parting leaves both something. Errors of one way are much alike, so that few ways say little.
 */
export function honestHalves(method: Method, set: DataSet, seed = 5): number | null {
  const ways = waysOf(set.test).map((scans) => ratiosOf(method, scans));
  const { chance } = createRandom(seed);
  let parted = 0;
  let honest = 0;
  for (let i = 0; i < SPLITS; i++) {
    const { true: known = [], false: asked = [] } = Object.groupBy(ways, () => String(chance(0.5)) as 'true' | 'false');
    const [from, of] = [known.flat(), asked.flat()];
    if (from.length === 0 || of.length === 0) continue;
    const wide = quantile(from, 0.95);
    const inside = of.filter((ratio) => ratio <= wide).length / of.length;
    parted++;
    if (inside >= 0.93 && inside <= 0.97) honest++;
  }
  return parted === 0 ? null : honest / parted;
}

function quantile(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.max(Math.ceil(share * ascending.length) - 1, 0)];
}

// Where a phone is among points it hears: the robust centre of mass. Each point says "you are within so much of me";
// points that contradict the rest lose their say (Student's t, iteratively reweighted), so a few wrong records bend
// nothing. Promises: closed-form start, a bounded number of steps, sums in the order of the points (which callers sort), no
// allocation. Does not judge which points belong together: cluster.ts does.
import type { Points } from './points.ts';

/** Degrees of freedom of the t distribution: 3 keeps 90 % of the efficiency of a mean on clean data and survives a third of outliers. */
const FREEDOM = 3;
const MAX_STEPS = 20;
const CLOSE_M = 0.05;
/** What is left of a point's weight that does not agree: nothing but a tie-breaker, so that sums never vanish. */
const DISSENT = 1e-9;
/** Weight by trust alone: that of a point of 50 m reach at the answer. */
const EVEN = 1 / (FREEDOM * 50 * 50);
/** Within three sigmas a point agrees with the answer. */
export const AGREES_SIGMAS2 = 9;

/**
 * `x`, `y` metres on the plane; `scatterM` how far the points lie from it (one axis, weighted); `reachM` their own sigma
 * (weighted); `spreadM` how far they lie from their own middle (one axis) and `meanReachM` their sigma, both unweighted;
 * `agreeing` the trust of those that agree, `doubting` of those that don't.
 */
export type Solution = {
  x: number;
  y: number;
  scatterM: number;
  reachM: number;
  spreadM: number;
  meanReachM: number;
  agreeing: number;
  doubting: number;
};

export function createSolution(): Solution {
  return { x: 0, y: 0, scatterM: 0, reachM: 0, spreadM: 0, meanReachM: 0, agreeing: 0, doubting: 0 };
}

/**
 * Solves for the members of `points` from the start point's place into `out`; then, if `pulls`, strengths weigh those that agree.
 */
export function solve(points: Points, start: number, pulls: boolean, out: Solution): void {
  settle(points, start, out);
  if (pulls) weighByStrength(points, out);
  measure(points, out);
}

/**
 * Who agrees, by place and trust alone, so that nobody shouts down a contradiction: fills `weight` and `agrees` of the members
 * of `points`, and `x` and `y` of `out`.
 */
export function settle(points: Points, start: number, out: Solution): void {
  const { count, x, y, sigmaM, trust, weight, member, agrees } = points;
  out.x = x[start];
  out.y = y[start];
  for (let step = 0; step < MAX_STEPS; step++) {
    let sw = 0;
    let sx = 0;
    let sy = 0;
    for (let i = 0; i < count; i++) {
      if (member[i] === 0) continue;
      const dx = x[i] - out.x;
      const dy = y[i] - out.y;
      const w = trust[i] / (FREEDOM * sigmaM[i] * sigmaM[i] + dx * dx + dy * dy);
      weight[i] = w;
      sw += w;
      sx += w * x[i];
      sy += w * y[i];
    }
    const moved = Math.abs(sx / sw - out.x) + Math.abs(sy / sw - out.y);
    out.x = sx / sw;
    out.y = sy / sw;
    if (moved < CLOSE_M) break;
  }
  for (let i = 0; i < count; i++) {
    const dx = x[i] - out.x;
    const dy = y[i] - out.y;
    const near = dx * dx + dy * dy < AGREES_SIGMAS2 * sigmaM[i] * sigmaM[i];
    agrees[i] = member[i] === 1 && near ? 1 : 0;
  }
}

/**
 * Moves a settled solution to the mean of those that agree with it, weighted by `pull` too. The more `points.unlearnt` the less
 * their places and reaches do: what was heard in the street at one corner only is no nearer to the middle of a house.
 */
export function weighByStrength(points: Points, out: Solution): void {
  const { count, unlearnt, x, y, trust, pull, weight, member, agrees } = points;
  let sw = 0;
  let sx = 0;
  let sy = 0;
  for (let i = 0; i < count; i++) {
    if (member[i] === 0) continue;
    const even = EVEN * trust[i];
    weight[i] = (weight[i] + unlearnt * (even - weight[i])) * (agrees[i] === 1 ? pull[i] : DISSENT);
    sw += weight[i];
    sx += weight[i] * x[i];
    sy += weight[i] * y[i];
  }
  out.x = sx / sw;
  out.y = sy / sw;
}

/** Fills in how sure the solution is, wherever it was moved. */
export function measure(points: Points, out: Solution): void {
  const { count, x, y, sigmaM, trust, weight, member } = points;
  let sw = 0;
  let swd = 0;
  let swr = 0;
  let members = 0;
  let sx = 0;
  let sy = 0;
  let sdd = 0;
  let sr = 0;
  out.agreeing = 0;
  out.doubting = 0;
  for (let i = 0; i < count; i++) {
    if (member[i] === 0) continue;
    const dx = x[i] - out.x;
    const dy = y[i] - out.y;
    const d2 = dx * dx + dy * dy;
    const s2 = sigmaM[i] * sigmaM[i];
    sw += weight[i];
    swd += (weight[i] * d2) / 2;
    swr += weight[i] * sigmaM[i];
    members++;
    sx += dx;
    sy += dy;
    sdd += d2;
    sr += sigmaM[i];
    if (d2 < AGREES_SIGMAS2 * s2) out.agreeing += trust[i];
    else out.doubting += trust[i];
  }
  out.scatterM = Math.sqrt(swd / sw);
  out.reachM = swr / sw;
  out.spreadM = Math.sqrt(Math.max(sdd - (sx * sx + sy * sy) / members, 0) / (2 * members));
  out.meanReachM = sr / members;
}

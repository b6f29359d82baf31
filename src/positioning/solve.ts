// Where a phone is among points it hears: the robust centre of mass. Each point says "you are within so much of me";
// points that contradict the rest lose their say (Student's t, iteratively reweighted), so a few wrong records bend
// nothing. Promises: closed-form start, a bounded number of steps, sums in the order of the points (which callers sort), no
// allocation. Does not judge which points belong together: cluster.ts does.
import type { Points } from './points.ts';

/** Degrees of freedom of the t distribution: 3 keeps 90 % of the efficiency of a mean on clean data and survives a third of outliers. */
const FREEDOM = 3;
const MAX_STEPS = 20;
const CLOSE_M = 0.05;
/** Within three sigmas a point agrees with the answer. */
const AGREES_SIGMAS2 = 9;

/**
 * `x`, `y` metres on the plane; `formalM` the one-axis sigma of the mean if all points erred independently; `scatterM` how far
 * they lie from it (one axis, weighted); `reachM` the sigma of its points, weighted; `effective` the number of equally heavy points that would weigh as these do;
 * `agreeing` the trust of those that agree, `doubting` of those that don't.
 */
export type Solution = {
  x: number;
  y: number;
  formalM: number;
  scatterM: number;
  reachM: number;
  effective: number;
  agreeing: number;
  doubting: number;
};

export function createSolution(): Solution {
  return { x: 0, y: 0, formalM: 0, scatterM: 0, reachM: 0, effective: 0, agreeing: 0, doubting: 0 };
}

/** Solves for the members of `points` from the start point's place into `out`; `pulls` false: strengths play no part. */
export function solve(points: Points, start: number, pulls: boolean, out: Solution): void {
  const { count, x, y, sigmaM, pull, trust, weight, member } = points;
  let px = x[start];
  let py = y[start];
  for (let step = 0; step < MAX_STEPS; step++) {
    let sw = 0;
    let sx = 0;
    let sy = 0;
    for (let i = 0; i < count; i++) {
      if (member[i] === 0) continue;
      const dx = x[i] - px;
      const dy = y[i] - py;
      const s2 = sigmaM[i] * sigmaM[i];
      const w = ((FREEDOM + 2) * trust[i] * (pulls ? pull[i] : 1)) / (FREEDOM * s2 + dx * dx + dy * dy);
      weight[i] = w;
      sw += w;
      sx += w * x[i];
      sy += w * y[i];
    }
    const moved = Math.abs(sx / sw - px) + Math.abs(sy / sw - py);
    px = sx / sw;
    py = sy / sw;
    if (moved < CLOSE_M) break;
  }
  out.x = px;
  out.y = py;
  measure(points, out);
}

/** Fills in how sure the solution is. */
function measure(points: Points, out: Solution): void {
  const { count, x, y, sigmaM, trust, weight, member } = points;
  let sw = 0;
  let sww = 0;
  let swd = 0;
  let sws = 0;
  let swr = 0;
  out.agreeing = 0;
  out.doubting = 0;
  for (let i = 0; i < count; i++) {
    if (member[i] === 0) continue;
    const dx = x[i] - out.x;
    const dy = y[i] - out.y;
    const d2 = dx * dx + dy * dy;
    const s2 = sigmaM[i] * sigmaM[i];
    sw += weight[i];
    sww += weight[i] * weight[i];
    swd += (weight[i] * d2) / 2;
    sws += weight[i] * weight[i] * s2;
    swr += weight[i] * sigmaM[i];
    if (d2 < AGREES_SIGMAS2 * s2) out.agreeing += trust[i];
    else out.doubting += trust[i];
  }
  out.formalM = Math.sqrt(sws) / sw;
  out.scatterM = Math.sqrt(swd / sw);
  out.reachM = swr / sw;
  out.effective = (sw * sw) / sww;
}

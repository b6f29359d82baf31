// Where a phone is among points it hears: the robust centre of mass. Each point says "you are within so much of me";
// points that contradict the rest lose their say (Student's t, iteratively reweighted), so a few wrong records bend
// nothing. Promises: closed-form start, a bounded number of steps, sums in the order of the points (which callers sort), no
// allocation. Does not judge which points belong together: cluster.ts does.
import type { Points } from './points.ts';

/** Degrees of freedom of the t distribution: 3 keeps 90 % of the efficiency of a mean on clean data and survives a third of outliers. */
const FREEDOM = 3;
const MAX_STEPS = 20;
const CLOSE_M = 0.01;

/**
 * `x`, `y` metres on the plane; `formalM` the one-axis sigma if all points were independent; `scatterM` how far members lie
 * from the answer (one axis, weighted); `support` the number of devices that agree with it; `trust` the sum of what they weigh.
 */
export type Solution = { x: number; y: number; formalM: number; scatterM: number; support: number; trust: number };

export function createSolution(): Solution {
  return { x: 0, y: 0, formalM: 0, scatterM: 0, support: 0, trust: 0 };
}

/** Solves for the members of `points` from the start point's place into `out`; `sigmaM` says which sigmas to believe. */
export function solve(points: Points, start: number, sigmaM: Float64Array, out: Solution): void {
  const { count, x, y, trust, weight, member } = points;
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
      const w = ((FREEDOM + 2) * trust[i]) / (FREEDOM * s2 + dx * dx + dy * dy);
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
  measure(points, sigmaM, out);
}

/** Fills in how sure the solution is. */
function measure(points: Points, sigmaM: Float64Array, out: Solution): void {
  const { count, x, y, trust, weight, member } = points;
  let sw = 0;
  let s2w = 0;
  let information = 0;
  let agreed = 0;
  for (let i = 0; i < count; i++) {
    if (member[i] === 0) continue;
    const dx = x[i] - out.x;
    const dy = y[i] - out.y;
    const d2 = dx * dx + dy * dy;
    sw += weight[i];
    s2w += (weight[i] * d2) / 2;
    information += 1 / (sigmaM[i] * sigmaM[i]);
    if (d2 < 9 * sigmaM[i] * sigmaM[i]) agreed += trust[i];
  }
  out.formalM = Math.sqrt(1 / information);
  out.scatterM = Math.sqrt(s2w / sw);
  out.trust = agreed;
}

// Which of the things heard stand together: the densest place, by trust, among all that a phone hears. Records that are
// wrong (moved routers, buses, invented addresses) are elsewhere, and few, or little trusted; a crowd of newcomers does not
// outvote old friends. Promises: signal strengths play no part, so that nobody can choose the cluster by inventing them;
// the same choice for any order. Does not say where the phone is: solve.ts does.
import type { Points } from './points.ts';

/**
 * Marks in `member` the points within `reachM` of the densest place and returns that place's point, or -1 if no two devices
 * stand together (`alone`: one will do). Density at a point: trust of each point, fading with distance in units of both sigmas and `blurM`;
 * the bands of one device count for the strongest of them. Ties go to the first point.
 */
export function findCluster(points: Points, reachM: number, blurM: number, alone: boolean): number {
  const { count, x, y, trust, sigmaM, member, device, prior } = points;
  const reach2 = reachM * reachM;
  let best = -1;
  let bestDensity = 0;
  for (let i = 0; i < count; i++) {
    let density = prior[i];
    let company = alone;
    for (let j = 0; j < count; j++) {
      const dx = x[j] - x[i];
      const dy = y[j] - y[i];
      const d2 = dx * dx + dy * dy;
      if (d2 > reach2) continue;
      const s2 = sigmaM[i] * sigmaM[i] + sigmaM[j] * sigmaM[j] + blurM * blurM;
      density += (trust[j] * s2) / (s2 + d2);
      if (device[j] !== device[i]) company = true;
    }
    if (company && density > bestDensity * (1 + 1e-9)) {
      best = i;
      bestDensity = density;
    }
  }
  for (let i = 0; i < count; i++) {
    const dx = best < 0 ? 0 : x[i] - x[best];
    const dy = best < 0 ? 0 : y[i] - y[best];
    member[i] = best >= 0 && dx * dx + dy * dy <= reach2 ? 1 : 0;
  }
  return best;
}

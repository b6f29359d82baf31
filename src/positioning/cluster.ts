// Which of the things heard stand together: the densest place, by trust, among all that a phone hears. Records that are
// wrong (moved routers, buses, invented addresses) are elsewhere, and few, or little trusted; a crowd of newcomers does not
// outvote old friends. Promises: signal strengths play no part, so that nobody can choose the cluster by inventing them;
// the same choice for any order. Does not say where the phone is: solve.ts does.
import { type Points, squaredM } from './points.ts';

/** Densities closer than this are the same but for rounding: the first wins. */
const TIE = 1 + 1e-9;

/**
 * Marks in `member` the points within `reachM` of the densest place and returns that place's point, or -1 if no two devices
 * stand together (`alone`: one will do). Density at a point: trust of each point, fading with distance in units of both sigmas and `blurM`.
 * Ties go to the first point.
 */
export function findCluster(points: Points, reachM: number, blurM: number, alone: boolean): number {
  const { count, lat, lon, trust, sigmaM, density, company, member, device, prior } = points;
  const reach2 = reachM * reachM;
  for (let i = 0; i < count; i++) {
    density[i] = prior[i] + trust[i];
    company[i] = alone ? 1 : 0;
  }
  let isTogether = true;
  for (let i = 1; i < count; i++) {
    const own2 = sigmaM[i] * sigmaM[i] + blurM * blurM;
    for (let j = 0; j < i; j++) {
      const d2 = squaredM(points, i, lat[j], lon[j]);
      if (d2 > reach2) {
        isTogether = false;
        continue;
      }
      const s2 = own2 + sigmaM[j] * sigmaM[j];
      const support = s2 / (s2 + d2);
      density[i] += trust[j] * support;
      density[j] += trust[i] * support;
      if (device[j] !== device[i]) company[i] = company[j] = 1;
    }
  }
  let best = -1;
  for (let i = 0; i < count; i++) if (company[i] === 1 && (best < 0 || density[i] > density[best] * TIE)) best = i;
  // Where no two are farther apart, as for most phones, nobody is left out.
  for (let i = 0; i < count; i++) {
    member[i] = best >= 0 && (isTogether || squaredM(points, best, lat[i], lon[i]) <= reach2) ? 1 : 0;
  }
  return best;
}

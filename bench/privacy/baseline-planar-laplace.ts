// Planar Laplace noise (geo-indistinguishability: Andres, Bordenabe, Chatzikokolakis, Palamidessi, CCS 2013): the raw position
// plus noise of density eps^2 / (2 pi) exp(-eps r), a fresh draw an answer. eps = ln 4 / 200 m: a place 200 m off is at most
// four times less likely. Told is the circle that holds the truth in 95 of 100 answers.
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import type { Mechanism } from './mechanism.ts';

const EPSILON_PER_M = Math.log(4) / 200;
/** (1 + x) exp(-x) = 0.05 at x = 4.744: the 95 % radius. */
const RADIUS_M = 4.744 / EPSILON_PER_M;

/** Distance of one draw: r eps is Gamma(2, 1), the sum of two exponentials. */
function drawDistanceM(random: Random): number {
  return (random.exponential(1) + random.exponential(1)) / EPSILON_PER_M;
}

export function planarLaplace(): Mechanism {
  return {
    name: 'planar Laplace',
    kind: 'noisy',
    phone: (random) => (lat, lon) => {
      const angle = random.between(0, 2 * Math.PI);
      const r = drawDistanceM(random);
      return { name: 'fresh', ...offset(lat, lon, r * Math.cos(angle), r * Math.sin(angle)), radiusM: RADIUS_M };
    },
  };
}

// Chance for tests of what is drawn: seeded, so that a test that passes once passes always.
import { createRandom } from '../../fixtures/random.ts';
import type { RandomBelow } from '../../src/privacy/discrete-laplace.ts';

/** Whole numbers below n, from a seeded source. */
export function seededBelow(seed: number): RandomBelow {
  const random = createRandom(seed);
  return (n) => random.int(0, n - 1);
}

/** Pearson's statistic of observed against expected numbers, and its 99.9 % point for as many cells (Wilson-Hilferty). */
export function chiSquare(observed: readonly number[], expected: readonly number[]): { sum: number; limit: number } {
  const sum = observed.reduce((total, count, i) => total + (count - expected[i]) ** 2 / expected[i], 0);
  const df = observed.length - 1;
  const limit = df * (1 - 2 / (9 * df) + 3.09 * Math.sqrt(2 / (9 * df))) ** 3;
  return { sum, limit };
}

/** A source under which noise of epsilon 1/4 is always +80, as no honest one is in a lifetime. Knows how noise is drawn. */
export function loudBelow(): RandomBelow {
  let rounds = 0;
  let isDone = false;
  return (n) => {
    if (n === 3) {
      rounds++;
      return 2;
    }
    if (n !== 2 || rounds < 20) return 0;
    // The last round ends, then the sign is drawn.
    isDone = !isDone;
    if (!isDone) rounds = 0;
    return isDone ? 1 : 0;
  };
}

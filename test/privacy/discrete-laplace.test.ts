import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { drawDiscreteLaplace, type Epsilon, type RandomBelow } from '../../src/privacy/discrete-laplace.ts';
import { chiSquare, seededBelow } from '../support/chance.ts';

const QUARTER: Epsilon = { numerator: 1, denominator: 4 };

function histogram(epsilon: Epsilon, draws: number, randomBelow: RandomBelow, widest: number): number[] {
  const cells = Array<number>(2 * widest + 1).fill(0);
  for (let i = 0; i < draws; i++) {
    const x = Math.max(-widest, Math.min(widest, drawDiscreteLaplace(epsilon, randomBelow)));
    cells[x + widest]++;
  }
  return cells;
}

/** P(x) = (1-a)/(1+a) a^|x|, what is past `widest` put into the outermost cells. */
function expectedOf(epsilon: Epsilon, draws: number, widest: number): number[] {
  const a = Math.exp(-epsilon.numerator / epsilon.denominator);
  return Array.from({ length: 2 * widest + 1 }, (_, i) => {
    const x = Math.abs(i - widest);
    return draws * (x < widest ? ((1 - a) / (1 + a)) * a ** x : a ** x / (1 + a));
  });
}

describe('noise for counts', () => {
  test.each([
    [1, 4, 24],
    [1, 1, 7],
    [3, 2, 5],
    [2, 7, 20],
  ])('follows its law for epsilon %s/%s, both tails and the middle', (numerator, denominator, widest) => {
    const epsilon = { numerator, denominator };
    const seen = histogram(epsilon, 200_000, seededBelow(numerator * 100 + denominator), widest);
    const { sum, limit } = chiSquare(seen, expectedOf(epsilon, 200_000, widest));
    expect(sum).toBeLessThan(limit);
  });

  test('from the cryptographic source too, with mean 0 and a standard deviation of 5.6', () => {
    const draws = 100_000;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < draws; i++) {
      const x = drawDiscreteLaplace(QUARTER, (n) => randomInt(n));
      sum += x;
      squares += x * x;
    }
    // Ten standard errors: never wrong by chance.
    expect(Math.abs(sum / draws)).toBeLessThan(0.18);
    expect(Math.sqrt(squares / draws)).toBeCloseTo(5.63, 0);
  });

  test('is drawn from small whole numbers only: nothing it asks for is a fraction or too big to be uniform', () => {
    const asked: number[] = [];
    const below = seededBelow(5);
    for (let i = 0; i < 20_000; i++) {
      drawDiscreteLaplace(QUARTER, (n) => {
        asked.push(n);
        return below(n);
      });
    }
    expect(asked.every((n) => Number.isInteger(n) && n >= 1 && n < 1_000)).toBe(true);
  });
});

// Noise for counts: whole numbers x with probability in proportion to exp(-epsilon |x|), drawn exactly. Promises: only whole
// numbers and comparisons, no logarithm and no floating point, whose rounding gives away what the noise hides (Mironov,
// "On significance of the least significant bits for differential privacy", CCS 2012). The randomness is an argument and has
// to be cryptographic. Algorithms 1 and 2 of Canonne, Kamath, Steinke, "The discrete Gaussian for differential privacy", 2020.

/** A whole number in [0, n), each as likely. */
export type RandomBelow = (n: number) => number;

/** A fraction of small whole numbers. */
export type Epsilon = { readonly numerator: number; readonly denominator: number };

/** One draw. Its standard deviation is about sqrt(2) / epsilon: 5.6 for a quarter. */
export function drawDiscreteLaplace({ numerator, denominator }: Epsilon, randomBelow: RandomBelow): number {
  for (;;) {
    const rest = randomBelow(denominator);
    if (!happensExp(rest, denominator, randomBelow)) continue;
    let whole = 0;
    while (happensExp(1, 1, randomBelow)) whole++;
    const size = Math.floor((rest + whole * denominator) / numerator);
    const isNegative = randomBelow(2) === 1;
    // Zero would be counted twice.
    if (isNegative && size === 0) continue;
    return isNegative ? -size : size;
  }
}

/** True with probability exp(-a/b), for 0 <= a <= b. */
function happensExp(a: number, b: number, randomBelow: RandomBelow): boolean {
  let k = 1;
  while (randomBelow(b * k) < a) k++;
  return k % 2 === 1;
}

// What path-loss.ts asks many times a look-up, from tables: dB lost over a distance, and how much luck a strength above a threshold
// takes. Promises: no allocation, no logarithm; errors of the tables are far under a receiver's.

/** Path-loss exponent, between open halls (2.5) and streets (3.5), and dB a factor e of distance costs by it. */
const EXPONENT = 3;
export const DB_OF_E = (10 * EXPONENT) / Math.LN10;

/** Inverse Mills ratio, density over distribution of the standard normal, every eighth from -6 to 6: beyond, errors are outliers. */
const MILLS_END = 6;
const MILLS_STEPS = 8;
const MILLS = Float64Array.from({ length: 2 * MILLS_END * MILLS_STEPS + 1 }, (_, i) =>
  millsOf(i / MILLS_STEPS - MILLS_END),
);

/** dB lost over the square root of 1 to 2 square metres, every 256th: within 1e-5 dB straight between them. */
const LOSS_ROWS = 256;
const LOSS_OF_2_DB = (DB_OF_E / 2) * Math.LN2;
const LOSS_DB = Float64Array.from({ length: LOSS_ROWS + 1 }, (_, i) => (DB_OF_E / 2) * Math.log(1 + i / LOSS_ROWS));
/** Bits of the upper 20 of the mantissa that choose no row. */
const MANTISSA_REST = 12;
const asNumber = new Float64Array(1);
const asBits = new Int32Array(asNumber.buffer);
/** The half with sign and exponent. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Density over distribution of the standard normal at z, -6 to 6: from the table, straight between its rows. */
export function millsRatio(z: number): number {
  const at = (Math.min(Math.max(z, -MILLS_END), MILLS_END) + MILLS_END) * MILLS_STEPS;
  const row = Math.min(at | 0, MILLS.length - 2);
  return MILLS[row] + (at - row) * (MILLS[row + 1] - MILLS[row]);
}

/** dB lost over the square root of `d2` square metres, normal numbers only: the exponent's bits and a table for the mantissa's, straight between its rows. */
export function lossDb(d2: number): number {
  asNumber[0] = d2;
  const high = asBits[HIGH];
  const mantissa = high & 0xfffff;
  const row = mantissa >> MANTISSA_REST;
  const rest = (mantissa & (2 ** MANTISSA_REST - 1)) * 2 ** -MANTISSA_REST;
  return ((high >> 20) - 1023) * LOSS_OF_2_DB + LOSS_DB[row] + rest * (LOSS_DB[row + 1] - LOSS_DB[row]);
}

/** Density over distribution at z, the latter by Marsaglia's series (J. Stat. Softw. 11(4), 2004). */
function millsOf(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let sum = z;
  for (let term = z, n = 3; sum + term !== sum; n += 2) sum += term *= (z * z) / n;
  return density / (0.5 + density * sum);
}

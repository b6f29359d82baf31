// A fixed piece of arithmetic and memory work that stands for "this machine, right now": the locate core is budgeted in
// multiples of it, so that a slower machine does not fail the gate and a slower core does. Never change it: budgets are in
// its units. About 5 us on a 2024 server core.

const CELLS = 1 << 22;
const memory = new Float64Array(CELLS);
for (let i = 0; i < CELLS; i++) memory[i] = (i % 97) / 97;

/** One unit: 24 reads spread over 32 MB (as many cache misses as a look-up of 12 stations) and 120 turns of floating point. */
export function yardstick(seed: number): number {
  let cursor = seed | 0;
  let sum = 0;
  for (let i = 0; i < 24; i++) {
    cursor = (Math.imul(cursor, 1_664_525) + 1_013_904_223) | 0;
    sum += memory[(cursor >>> 8) & (CELLS - 1)];
  }
  for (let i = 0; i < 120; i++) sum += Math.sqrt(sum + i) * Math.cos(sum / (i + 1));
  return sum;
}

// The few statistics that benches and the gate share. Promises: a result that cannot be a measurement (empty, NaN, infinite,
// negative) is an error and never a number, so that a bench that measured nothing cannot look fast.

/** The middle of the values (mean of the two middle ones if even in number). Throws on none and on NaN or infinity. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear-interpolated quantile, q in [0, 1]. Throws on no values and on NaN or infinity. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('no measurements');
  for (const value of values) if (!Number.isFinite(value)) throw new Error(`not a measurement: ${value}`);
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** The order of `rounds` runs of two contenders that lets a linear drift cancel out: A B B A A B B A... */
export function abba(rounds: number): ('a' | 'b')[] {
  const order: ('a' | 'b')[] = [];
  for (let i = 0; i < rounds; i++) order.push(...(i % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)));
  return order;
}

/** Median of a[i] / b[i]: neighbours in time share the machine's mood. Throws unless both hold the same number of positive values. */
export function pairedRatio(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new Error(`${a.length} measurements against ${b.length}`);
  for (const value of [...a, ...b]) if (!(value > 0)) throw new Error(`not a measurement: ${value}`);
  return median(a.map((value, i) => value / b[i]));
}

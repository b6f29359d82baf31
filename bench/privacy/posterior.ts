// How much an attacker still does not know: the area that holds 95 % of what he believes, from sampled positions that would
// have given him the same answers. Both areas of a ratio come from this one estimator and the same number of samples, so
// that its bias (an edge costs half a bin) cancels out. Metres and square metres.
import type { Random } from '../../fixtures/random.ts';

export type Spot = { readonly x: number; readonly y: number };

const SHARE = 0.95;
/** Fewer samples a bin than this would make every sample an area of its own. */
const SAMPLES_A_BIN = 4;
const WIDEST_BIN_M = 3_200;
const NARROWEST_BIN_M = 3;

/** Area of the fullest bins that together hold 95 % of the samples; bins as small as the samples bear. NaN for none. */
export function area95M2(spots: readonly Spot[]): number {
  if (spots.length === 0) return Number.NaN;
  let counts = binCounts(spots, WIDEST_BIN_M);
  let size = WIDEST_BIN_M;
  for (let next = size / Math.SQRT2; next >= NARROWEST_BIN_M; next /= Math.SQRT2) {
    const finer = binCounts(spots, next);
    if (spots.length / finer.length < SAMPLES_A_BIN) break;
    counts = finer;
    size = next;
  }
  counts.sort((a, b) => b - a);
  const wanted = SHARE * spots.length;
  let held = 0;
  let bins = 0;
  for (const count of counts) {
    if (held >= wanted) break;
    // The last bin counts as far as it is needed: otherwise few bins would jump by whole ones.
    bins += Math.min(1, (wanted - held) / count);
    held += count;
  }
  return bins * size * size;
}

function binCounts(spots: readonly Spot[], size: number): number[] {
  const bins = new Map<string, number>();
  for (const { x, y } of spots) {
    const bin = `${Math.floor(x / size)} ${Math.floor(y / size)}`;
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return [...bins.values()];
}

/** Length of the shortest interval that holds 95 % of the values. NaN for fewer than two. */
export function length95(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const span = Math.max(1, Math.ceil(SHARE * sorted.length) - 1);
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i + span < sorted.length; i++) shortest = Math.min(shortest, sorted[i + span] - sorted[i]);
  return shortest;
}

/** `count` of the spots, drawn without putting back; all of them if there are no more. */
export function sample<T>(spots: readonly T[], count: number, random: Random): T[] {
  const rest = [...spots];
  const drawn: T[] = [];
  while (drawn.length < count && rest.length > 0) {
    const i = random.int(0, rest.length - 1);
    drawn.push(rest[i]);
    rest[i] = rest[rest.length - 1];
    rest.pop();
  }
  return drawn;
}

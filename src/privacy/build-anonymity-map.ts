// Builds the anonymity map (DESIGN 6.3): a partition of the world into regions, from public population figures alone.
// From resolution 3 down a cell is split only into children with at least K residents each; its other children stay
// together as one remainder that carries the parent's name, and while the remainder has fewer than K residents the
// smallest qualifying child is folded into it.
// Promises: nobody lives in a region under K, also after subtracting any other region; deterministic. Stops the complement
// attack: "the finest ancestor with at least K", as Android has it, leaves 2 to 5 % of people in a set under K once the
// dense siblings are subtracted. Where nothing is known there is no region: suppressed.
import { COARSEST_RES, childKey, FINEST_RES, parentKey, type RegionKey, resolutionOf } from './region-key.ts';

/** Residents by finest cell (resolution 7). Fractions are fine. */
export type Population = ReadonlyMap<RegionKey, number>;

/** The map's regions by name, ascending; a region is its named cell less the named cells inside it. */
export type RegionNames = Uint32Array;

/** Splits the world by `residents` so that no region holds fewer than `k` of them. Throws RangeError unless k >= 1. */
export function buildAnonymityMap(residents: Population, k: number): RegionNames {
  if (!(k >= 1)) throw new RangeError('k must be at least 1');
  const totals = sumUpwards(residents);
  const names: RegionKey[] = [];
  for (const [key, total] of totals) {
    if (resolutionOf(key) === COARSEST_RES && total >= k) split(key, totals, k, names);
  }
  return Uint32Array.from(names).sort();
}

/** Residents of every cell of resolution 3 to 7 that has any. */
function sumUpwards(residents: Population): Map<RegionKey, number> {
  const totals = new Map<RegionKey, number>();
  for (const [key, count] of residents) {
    if (!(count > 0)) continue;
    for (let res = COARSEST_RES; res <= FINEST_RES; res++) {
      const ancestor = parentKey(key, res);
      totals.set(ancestor, (totals.get(ancestor) ?? 0) + count);
    }
  }
  return totals;
}

function split(key: RegionKey, totals: Map<RegionKey, number>, k: number, names: RegionKey[]): void {
  names.push(key);
  if (resolutionOf(key) === FINEST_RES) return;
  const qualifying: RegionKey[] = [];
  let remainder = 0;
  for (let digit = 0; digit < 7; digit++) {
    const child = childKey(key, digit);
    const count = totals.get(child) ?? 0;
    if (count >= k) qualifying.push(child);
    else remainder += count;
  }
  // A pentagon's missing child counts as an empty one: then its remainder is never taken for empty, which is only coarser.
  const hasRemainder = qualifying.length < 7;
  qualifying.sort((a, b) => totals.get(b)! - totals.get(a)! || a - b);
  while (hasRemainder && remainder < k && qualifying.length > 0) remainder += totals.get(qualifying.pop()!)!;
  for (const child of qualifying) split(child, totals, k, names);
}

// Builds the anonymity map (DESIGN 6.3): a partition of the world into regions, from public population figures alone.
// From the finest cells up: wherever the people of a cell who are in no region yet are K or more, they become a region that
// the cell names; where they are fewer, they are handed up and wait for their neighbours. What is left under K at the top takes
// in the one region of those below that loses least by it.
// Promises: nobody lives in a region under K, also after subtracting any other region; deterministic; a place under a named
// coarsest cell is in a region. Stops the complement attack: "the finest ancestor with at least K", as Android has it, leaves
// 2 to 5 % of people in a set under K once the dense siblings are subtracted. Where nothing is known there is no region: suppressed.
// Handing up costs the few who are left the size of their region. To fold a sibling in at each level, as was done first, costs
// a whole town its own: the region of the tenth person in a dense country was nine times as large as Android's (bench:privacy, A8).
// A map of a smaller K lies in the strict map of the same figures, region by region, so that who sees answers of both learns
// nothing by it (A3): what the strict map names, the other names as well.
import { COARSEST_RES, childKey, FINEST_RES, parentKey, type RegionKey, resolutionOf } from './region-key.ts';

/** Residents by finest cell (resolution 7). Fractions are fine. */
export type Population = ReadonlyMap<RegionKey, number>;

/** The map's regions by name, ascending; a region is its named cell less the named cells inside it. */
export type RegionNames = Uint32Array;

/** K of the strict profile (privacy.md 2.3.2). */
export const STRICT_K = 5_000;

/** Residents of every region by its name. */
type Regions = Map<RegionKey, number>;

/** Of a cell: people who are in no region yet, and its regions that lie in no other named cell of it. */
type Settled = { readonly waiting: number; readonly outermost: readonly RegionKey[] };

/** Splits the world by `residents` so that no region holds fewer than `k` of them. Throws RangeError unless k >= 1. */
export function buildAnonymityMap(residents: Population, k: number): RegionNames {
  if (!(k >= 1)) throw new RangeError('k must be at least 1');
  const totals = sumUpwards(residents);
  const strict = k < STRICT_K ? regionsOf({ totals, k: STRICT_K, fixed: new Set() }) : [];
  return Uint32Array.from(regionsOf({ totals, k, fixed: new Set(strict) })).sort();
}

/** Residents by cell of resolution 2 to 7, the K, and cells that are named whatever is left in them. */
type Plan = {
  readonly totals: ReadonlyMap<RegionKey, number>;
  readonly k: number;
  readonly fixed: ReadonlySet<RegionKey>;
};

function regionsOf(plan: Plan): Iterable<RegionKey> {
  const regions: Regions = new Map();
  for (const key of plan.totals.keys()) if (resolutionOf(key) === COARSEST_RES) settle(key, plan, regions);
  return regions.keys();
}

/** Residents of every cell of resolution 2 to 7 that has any. */
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

function settle(key: RegionKey, plan: Plan, regions: Regions): Settled {
  const total = plan.totals.get(key) ?? 0;
  if (total < plan.k) return { waiting: total, outermost: [] };
  const res = resolutionOf(key);
  const settled = res === FINEST_RES ? { waiting: total, outermost: [] } : settleChildren(key, plan, regions);
  const isNamed = settled.waiting >= plan.k || res === COARSEST_RES || plan.fixed.has(key);
  if (!isNamed) return settled;
  regions.set(key, settled.waiting >= plan.k ? settled.waiting : takeIn(key, settled, plan, regions));
  return { waiting: 0, outermost: [key] };
}

function settleChildren(key: RegionKey, plan: Plan, regions: Regions): Settled {
  let waiting = 0;
  const outermost: RegionKey[] = [];
  for (let digit = 0; digit < 7; digit++) {
    const child = settle(childKey(key, digit), plan, regions);
    waiting += child.waiting;
    outermost.push(...child.outermost);
  }
  return { waiting, outermost };
}

/**
 * Residents of a cell that is named for fewer than K, or for nobody, once a region was taken in: no region is ever what an
 * area surrounds in which people may live that no figure knows of. Only an outermost region can be taken in: any other's
 * people would end up in the named cell round it. One that is not fixed there is always: what a fixed cell's regions leave,
 * those not fixed aside, is one of the strict map, and has its K.
 */
function takeIn(key: RegionKey, { waiting, outermost }: Settled, { fixed }: Plan, regions: Regions): number {
  // What a region loses: its people, times the levels they go up.
  const loss = (name: RegionKey) => regions.get(name)! * (resolutionOf(name) - resolutionOf(key));
  const free = outermost.filter((name) => !fixed.has(name));
  const taken = free.reduce((least, name) => (loss(name) < loss(least) ? name : least));
  const people = regions.get(taken)!;
  regions.delete(taken);
  return waiting + people;
}

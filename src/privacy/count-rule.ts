// When and how counts may be published (DESIGN 6.6, privacy.md 2.4): fixed regions, fixed six-hour windows, a day late, one
// noisy draw for everybody. Promises: pure; whether a region is named at all is decided on the noisy count. Stops membership
// attacks (A9): who knows everybody else's whereabouts gains at most (e^eps - 1) / (e^eps + 1), 12 % a window, from a count;
// and the map of bases that a heat map once was (A14): under 20 devices nothing is ever named, and a place where hardly anybody
// lives never is, however many are there.

import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import { drawDiscreteLaplace, type Epsilon, type RandomBelow } from './discrete-laplace.ts';
import { type RegionKey, resolutionOf } from './region-key.ts';

export const WINDOW_MS = 6 * HOUR_MS;
/** From a window's end to its publication: whoever reads counts can't follow anybody with them. */
export const RELEASE_DELAY_MS = DAY_MS;
/** Spent by one window; a device-day, the unit that is protected, is four of them: 1. */
export const EPSILON: Epsilon = { numerator: 1, denominator: 4 };
export const EPSILON_MILLI = (1_000 * EPSILON.numerator) / EPSILON.denominator;
/** The chance that a region is named because of the one device that made it 20. */
export const DELTA = 1e-6;
/** Fewer devices than this are never named, whatever the noise says. */
export const FEWEST_DEVICES = 20;
/**
 * Regions of this resolution and finer may be named. Such a one holds K public residents in 44 km2 at most, so that a group of
 * devices in it stands among people. In a coarser one, a remainder of empty country, a camp or a base may be all there is: noise
 * hides people, not crowds (A14). It is the map alone that says so, which tells nobody who is there.
 */
const COARSEST_COUNTED_RES = 6;
/** Windows in the 30 days that the budget is for. */
export const BUDGET_WINDOWS = 120;

/** Windows are numbered since 1970. */
export function windowOf(timeMs: number): number {
  return Math.floor(timeMs / WINDOW_MS);
}

/** The last window that may be published at `nowMs`. */
export function lastDueWindow(nowMs: number): number {
  return windowOf(nowMs - RELEASE_DELAY_MS) - 1;
}

/**
 * The least noisy count that is published: FEWEST_DEVICES devices reach it with a chance of DELTA at most. With one device
 * less the region can't be named, so this bounds what that device's presence can show. P(noise >= t) = a^t / (1 + a) for
 * a = e^-epsilon and t > 0.
 */
export function releaseThreshold(): number {
  const epsilon = EPSILON.numerator / EPSILON.denominator;
  return FEWEST_DEVICES + Math.ceil(Math.log(1 / (DELTA * (1 + Math.exp(-epsilon)))) / epsilon);
}

/** What is published of true counts: one draw each. */
export function noisyCounts(
  devices: ReadonlyMap<RegionKey, number>,
  randomBelow: RandomBelow,
): { region: RegionKey; count: number }[] {
  const published: { region: RegionKey; count: number }[] = [];
  const threshold = releaseThreshold();
  for (const [region, count] of devices) {
    if (count < FEWEST_DEVICES || resolutionOf(region) < COARSEST_COUNTED_RES) continue;
    const noisy = count + drawDiscreteLaplace(EPSILON, randomBelow);
    if (noisy >= threshold) published.push({ region, count: noisy });
  }
  return published;
}

/**
 * True if `window` may spend EPSILON beside what other windows spent (thousandths), so that no BUDGET_WINDOWS windows in a row
 * spend more than `capMilli`.
 */
export function maySpend(spentMilli: ReadonlyMap<number, number>, window: number, capMilli: number): boolean {
  for (let first = window - BUDGET_WINDOWS + 1; first <= window; first++) {
    let sum = EPSILON_MILLI;
    for (let other = first; other < first + BUDGET_WINDOWS; other++) {
      if (other !== window) sum += spentMilli.get(other) ?? 0;
    }
    if (sum > capMilli) return false;
  }
  return true;
}

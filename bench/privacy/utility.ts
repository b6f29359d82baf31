// What privacy costs those who ask: how big the answer is, whether the person is in it, how often there is one, and how often
// it is not what a phone just switched on would be told (held back by a tick, a band or a throttle).
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { distanceM } from '../../src/geo/distance.ts';
import { quantile } from '../statistics.ts';
import type { Mechanism } from './mechanism.ts';
import { type Person, whereIs } from './world.ts';

const STEP_MS = 20 * 60_000;
const FIX_SIGMA_M = 30;

type Utility = {
  /** Area of the reported circle, km2. */
  readonly areaP50Km2: number;
  readonly areaP90Km2: number;
  readonly containment: number;
  readonly answered: number;
  readonly heldBack: number;
};

export function usefulness(
  mechanism: Mechanism,
  people: readonly Person[],
  startMs: number,
  random: Random,
  days = 7,
): Utility {
  const areas: number[] = [];
  let asked = 0;
  let inside = 0;
  let heldBack = 0;
  for (const person of people) {
    const secrets = random.fork(`useful ${random.next()}`);
    const phone = mechanism.phone(secrets);
    for (let nowMs = startMs; nowMs < startMs + days * 86_400_000; nowMs += STEP_MS * random.between(0.5, 1.5)) {
      const at = whereIs(person, nowMs);
      const fix = offset(at.lat, at.lon, random.normal(0, FIX_SIGMA_M), random.normal(0, FIX_SIGMA_M));
      const told = phone(fix.lat, fix.lon, nowMs);
      asked++;
      if (told === null) continue;
      areas.push((Math.PI * told.radiusM ** 2) / 1e6);
      if (distanceM(told.lat, told.lon, at.lat, at.lon) <= told.radiusM) inside++;
      if (mechanism.kind === 'fixed' && mechanism.phone(secrets)(fix.lat, fix.lon, nowMs)?.name !== told.name)
        heldBack++;
    }
  }
  return {
    areaP50Km2: quantile(areas, 0.5),
    areaP90Km2: quantile(areas, 0.9),
    containment: inside / areas.length,
    answered: areas.length / asked,
    heldBack: mechanism.kind === 'fixed' ? heldBack / areas.length : Number.NaN,
  };
}

// A7, home inference: the answer given most between 22 and 6 o'clock is home. The attacker guesses the middle of it, or, since
// residents are public, the middle of its most crowded raster cell; both are tried and the better rate is held against us.
import { cellToLatLng } from 'h3-js';
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { distanceM } from '../../src/geo/distance.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { quantile } from '../statistics.ts';
import type { Mechanism, Residents, Told } from './mechanism.ts';
import { type Person, type Place, whereIs } from './world.ts';

const FIX_SIGMA_M = 30;
const NEAR_M = 200;

type HomeResult = {
  readonly errorP50M: number;
  readonly within200m: number;
  /** The same by guessing the middle alone. */
  readonly middle200m: number;
  /** Share of homes whose answer at least K residents share; NaN where answers are no fixed sets. */
  readonly homesOverK: number;
};

type Crowd = { readonly people: number; readonly fullest: Place };

export function findHomes(
  mechanism: Mechanism,
  residents: Residents,
  people: readonly Person[],
  k: number,
  startMs: number,
  random: Random,
  days = 7,
): HomeResult {
  const crowds = mechanism.kind === 'fixed' ? crowdsOf(mechanism, residents, startMs, random) : null;
  const centreErrors: number[] = [];
  const crowdErrors: number[] = [];
  let overK = 0;
  let asked = 0;
  for (const person of people) {
    const told = nightAnswer(mechanism, person, startMs, days, random);
    if (told === null) continue;
    asked++;
    const error = (at: Place) => distanceM(at.lat, at.lon, person.home.lat, person.home.lon);
    centreErrors.push(error(told));
    const crowd = crowds?.get(told.name);
    crowdErrors.push(error(crowd?.fullest ?? told));
    if ((crowd?.people ?? 0) >= k - 1e-6) overK++;
  }
  const within = (errors: readonly number[]) => errors.filter((m) => m <= NEAR_M).length / errors.length;
  return {
    errorP50M: Math.min(quantile(centreErrors, 0.5), quantile(crowdErrors, 0.5)),
    within200m: Math.max(within(centreErrors), within(crowdErrors)),
    middle200m: within(centreErrors),
    homesOverK: crowds === null ? Number.NaN : overK / asked,
  };
}

/**
 * What the best guess finds within 200 m at least, of somebody who is told a set of so many km2: the share of a disc of that
 * radius. People who live evenly leave no more; where they crowd there is always a better place to guess.
 */
export function leastWithin200m(areaKm2: number): number {
  return Math.min(1, (Math.PI * (NEAR_M / 1_000) ** 2) / areaKm2);
}

/** Residents by answer, and the raster cell with most of them. */
function crowdsOf(mechanism: Mechanism, residents: Residents, nowMs: number, random: Random): Map<string, Crowd> {
  const crowds = new Map<string, { people: number; fullest: Place; most: number }>();
  for (const [cell, count] of residents) {
    const [lat, lon] = cellToLatLng(cell);
    const told =
      mechanism.still === undefined ? mechanism.phone(random.fork(cell))(lat, lon, nowMs) : mechanism.still(lat, lon);
    if (told === null) continue;
    const crowd = crowds.get(told.name) ?? { people: 0, fullest: { lat, lon }, most: 0 };
    crowd.people += count;
    if (count > crowd.most) {
      crowd.most = count;
      crowd.fullest = { lat, lon };
    }
    crowds.set(told.name, crowd);
  }
  return crowds;
}

/** The answer given most at night, with the mean centre of all answers of that name (which matters where they vary). */
function nightAnswer(mechanism: Mechanism, person: Person, startMs: number, days: number, random: Random): Told | null {
  const phone = mechanism.phone(random.fork(`person ${random.next()}`));
  const counts = new Map<string, { told: Told; count: number; lat: number; lon: number }>();
  for (let hour = 0; hour < days * 24; hour++) {
    const nowMs = startMs + hour * HOUR_MS;
    const at = whereIs(person, nowMs);
    const fix = offset(at.lat, at.lon, random.normal(0, FIX_SIGMA_M), random.normal(0, FIX_SIGMA_M));
    const told = phone(fix.lat, fix.lon, nowMs);
    if (told === null || (hour % 24 >= 6 && hour % 24 < 22)) continue;
    const name = mechanism.kind === 'fixed' ? told.name : 'night';
    const seen = counts.get(name) ?? { told, count: 0, lat: 0, lon: 0 };
    seen.count++;
    seen.lat += told.lat;
    seen.lon += told.lon;
    counts.set(name, seen);
  }
  const usual = [...counts.values()].sort((a, b) => b.count - a.count)[0];
  if (usual === undefined) return null;
  return { ...usual.told, lat: usual.lat / usual.count, lon: usual.lon / usual.count };
}

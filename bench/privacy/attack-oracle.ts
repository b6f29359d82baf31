// A4 over HTTP: adaptive questions inside one region and one tick. Whatever the attacker varies (which of many raw places the
// phone is at, how good the fix is, its speed and age, fields of other services that bisect, the partner, with whose token),
// answers have to be the same bytes and headers. And A3 over HTTP: what a second partner, or no token, adds.
import { cellToLatLng, gridDisk, latLngToCell } from 'h3-js';
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { type AnonymityMap, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import type { Partner, PrivacyGateway, Reply } from './gateway.ts';
import type { Place } from './world.ts';

/** A satellite fix as a phone sends it. */
export function fixAt({ lat, lon }: Place, accuracy = 20, more: object = {}): object {
  return { considerIp: false, position: { latitude: lat, longitude: lon, accuracy, ...more } };
}

/** All that a partner can see of an answer; the date is the same for everybody. */
export function visible({ status, headers, body }: Reply): string {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!/^date$/i.test(headers[i])) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  }
  return `${status}\n${lines.join('\n')}\n\n${body}`;
}

/** Places anywhere in the region that `near` is in. */
export function placesInRegion(map: AnonymityMap, near: Place, count: number, random: Random): Place[] {
  const region = map.regionAt(near.lat, near.lon);
  if (region === SUPPRESSED) throw new Error('nowhere');
  const around = gridDisk(latLngToCell(near.lat, near.lon, 9), 12).filter((cell) => map.regionOfCell(cell) === region);
  return Array.from({ length: count }, () => {
    for (;;) {
      const [lat, lon] = cellToLatLng(random.pick(around));
      const place = offset(lat, lon, random.between(-150, 150), random.between(-150, 150));
      if (map.regionAt(place.lat, place.lon) === region) return place;
    }
  });
}

/** What other services can be bisected with, and ours does not know. */
const ORACLES = [
  () => ({ maxAge: 60 }),
  (random: Random) => ({ maxSurface: random.int(1, 1e9) }),
  (random: Random) => ({ area: { areaType: 'CIRCLE', radius: random.int(1, 1e5) } }),
  () => ({ fallbacks: { lacf: false, ipf: false } }),
  () => ({ wifiAccessPoints: [{ macAddress: '00:1a:2b:00:00:01', signalStrength: -40 }] }),
  () => ({
    cellTowers: [{ radioType: 'lte', mobileCountryCode: 204, mobileNetworkCode: 4, locationAreaCode: 1, cellId: 2 }],
  }),
];

/** Asks for fresh phones all over one region, with fixes good and bad: how many answers differ from the first. */
export async function differingPlaces(
  gateway: PrivacyGateway,
  partner: Partner,
  places: readonly Place[],
  random: Random,
): Promise<number> {
  const answers = new Set<string>();
  let differing = 0;
  for (const place of places) {
    const token = await gateway.register();
    const more = {
      speed: random.between(0, 30),
      altitude: random.between(0, 900),
      heading: random.between(0, 359),
      age: random.int(0, 5_000),
    };
    const seen = visible(await gateway.ask(partner, token, fixAt(place, random.between(3, 900), more)));
    if (answers.size > 0 && !answers.has(seen)) differing++;
    answers.add(seen);
  }
  return differing;
}

/** Moves one phone about while its tick lasts, asking as two partners with every oracle: how many answers differ. */
export async function differingCalls(
  gateway: PrivacyGateway,
  partners: readonly Partner[],
  token: string,
  places: readonly Place[],
  calls: number,
  random: Random,
): Promise<number> {
  const begun = Math.floor(gateway.clock.nowMs / TICK_MS) * TICK_MS;
  const first = visible(await gateway.ask(partners[0], token, fixAt(places[0])));
  let differing = 0;
  for (let i = 0; i < calls; i++) {
    gateway.clock.nowMs = begun + random.int(0, TICK_MS - 1);
    const body = { ...fixAt(random.pick(places), random.between(3, 15_000)), ...random.pick(ORACLES)(random) };
    const seen = visible(await gateway.ask(random.pick(partners), token, body));
    if (seen !== first) differing++;
  }
  gateway.clock.nowMs = begun;
  return differing;
}

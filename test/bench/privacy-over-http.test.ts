// The hard zeros of A3, A4, A11 and A13 over HTTP: the real app, ledger, consent and pipeline on a real store, two replicas.
import { cellToLatLng, cellToParent, getResolution } from 'h3-js';
import { afterAll, describe, expect, test } from 'vitest';
import { findLeaks } from '../../bench/privacy/attack-leaks.ts';
import { differingCalls, differingPlaces, fixAt, placesInRegion, visible } from '../../bench/privacy/attack-oracle.ts';
import { race } from '../../bench/privacy/attack-race.ts';
import { areaUnderCurve, welchT } from '../../bench/privacy/attack-timing.ts';
import { COARSE_KEY, openPrivacyGateway } from '../../bench/privacy/gateway.ts';
import { buildMap, populationOf } from '../../bench/privacy/ours.ts';
import { preciseRows } from '../../bench/privacy/over-http.ts';
import { compareWithModel } from '../../bench/privacy/same-as-model.ts';
import { createCountry, drawPeople } from '../../bench/privacy/world.ts';
import { createRandom } from '../../fixtures/random.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { cellOfKey } from '../../src/privacy/region-key.ts';
import { openTestStore } from '../support/store.ts';

const country = createCountry('dense', 21);
const { names, map } = buildMap(populationOf(country.residents), 1_000);
const [lat, lon] = cellToLatLng(cellOfKey(map.regionAt(country.towns[0].lat, country.towns[0].lon)));
const store = await openTestStore();
const clock = { nowMs: Date.UTC(2026, 5, 1, 12) };
const gateway = await openPrivacyGateway(store, names, clock);
const replica = await openPrivacyGateway(store, names, clock);
afterAll(async () => {
  await replica.close();
  await gateway.close();
});
const partners = [await gateway.addPartner('Bus Times'), await gateway.addPartner('Weather')];
await replica.follow();
const random = createRandom(21);
/** Well inside, so that no phone's own shift leads out. */
const inside = placesInRegion(map, { lat, lon }, 400, random).filter((place) =>
  [0, 1, 2, 3, 4, 5, 6, 7].every((eighth) => {
    const turn = (eighth * Math.PI) / 4;
    const [dLat, dLon] = [0.0022 * Math.sin(turn), (0.0022 * Math.cos(turn)) / Math.cos((lat * Math.PI) / 180)];
    return map.regionAt(place.lat + dLat, place.lon + dLon) === map.regionAt(lat, lon);
  }),
);

describe('within a region and a tick', () => {
  test('phones anywhere, with fixes good or bad, are told as the same bytes', async () => {
    expect(inside.length).toBeGreaterThan(40);
    expect(await differingPlaces(gateway, partners[0], inside.slice(0, 12), random)).toBe(0);
  });

  test('nothing that is asked, by whom and through which replica, moves an answer', async () => {
    const token = await gateway.register();
    const anywhere = [...inside.slice(0, 10), { lat: lat + 0.2, lon }, { lat, lon: lon - 1 }];
    expect(await differingCalls(gateway, partners, token, anywhere, 80, random)).toBe(0);
    const here = visible(await gateway.ask(partners[0], token, fixAt(anywhere[3])));
    expect(visible(await replica.ask(partners[1], token, fixAt(anywhere[11])))).toBe(here);
  });
});

test('a request without a token is told a region that holds the one with a token', async () => {
  clock.nowMs += TICK_MS;
  for (const place of inside.slice(0, 4)) {
    const token = await gateway.register();
    const named = JSON.parse((await gateway.ask(partners[0], token, fixAt(place))).body);
    const unnamed = JSON.parse((await gateway.ask(partners[1], null, fixAt(place))).body);
    expect(unnamed.accuracy).toBeGreaterThan(named.accuracy);
    expect(cellToParent(named.region, getResolution(unnamed.region))).toBe(unnamed.region);
  }
});

test('what is attacked in process is what the gateway answers, through either replica', async () => {
  const people = drawPeople(country, 8, random);
  const same = await compareWithModel([gateway, replica], partners, map, COARSE_KEY, people, 9, random);
  expect(same.asked).toBeGreaterThan(30);
  expect(same.differing).toBe(0);
  expect(same.contained).toBeGreaterThan(0.97);
});

test('after a withdrawal is acknowledged nothing precise is told, after a refusal nothing, by either replica', async () => {
  const before = await preciseRows(store);
  const found = await race([gateway, replica], partners[0], { lat, lon }, 3, 20);
  expect(found.preciseBefore).toBeGreaterThan(0);
  expect(found).toMatchObject({ preciseAfter: 0, regionAfterRefusal: 0 });
  // Every share has its row, and every row its share.
  expect((await preciseRows(store)) - before).toBe(found.preciseBefore);
});

test('no canary comes out: in no log, metric, header, answer to others or row of any table', async () => {
  expect(await findLeaks(gateway, store.pool, partners[0], partners[1])).toEqual([]);
});

describe("the timing attack's yardsticks", () => {
  const noise = (shift: number) => Array.from({ length: 4_000 }, () => 20 + shift + random.normal(0, 0.5));

  test('see a tenth of a millisecond, and nothing where there is nothing', () => {
    expect(Math.abs(welchT(noise(0), noise(0)))).toBeLessThan(4.5);
    expect(Math.abs(welchT(noise(0.1), noise(0)))).toBeGreaterThan(4.5);
    expect(areaUnderCurve(noise(0.1), noise(0))).toBeGreaterThan(0.53);
    expect(areaUnderCurve([1, 2], [1, 2])).toBe(0.5);
  });
});

// A partner's key may list access points that don't stand together so often a day. What a list counts is no way to tell how a phone
// is that it is asked about: by its own next look-up, one short of the limit, a partner would see whether the list was looked at.
import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import { createStrayMemory, openStrayBudget } from '../../src/http/stray-budget.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { parseMac } from '../../src/radio/mac.ts';
import { weighOnce } from '../../src/sharing/weigh.ts';
import { CORNER, createScene, macOf, TODAY, trusted } from '../positioning/scene.ts';
import { addDevice, addPartner, mapOf, openSharingGateway, setGrant } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** Lists that one key may send a day, and look-ups that earn it one more. */
const LIMIT = 5;
const EARNS_ONE = 50;
const scene = createScene();
/** Places a kilometre apart, each with three access points. */
const macAt = (place: number, n: number) => macOf(3 * place + n);
for (let place = 0; place < 40; place++)
  for (let n = 0; n < 3; n++) scene.wifi(macAt(place, n), trusted(1_000 * place + 20 * n));
const scan = (...macs: string[]) => ({
  considerIp: false,
  wifiAccessPoints: macs.map((macAddress) => ({ macAddress, signalStrength: -60 })),
});
const HOME = scan(macAt(0, 0), macAt(0, 1), macAt(0, 2));
const apart = (n: number) => scan(macAt(n, 0), macAt(n + 10, 1));
const NOWHERE = scan('a4c3f0112233', 'a4c3f0445566');

const H3_CELL = keyOfCell(latLngToCell(CORNER.lat, CORNER.lon, 7));
const store = await openTestStore();
/** Locating a list with this access point fails, as if the solver had a defect. */
const BROKEN = macOf(9_000);
const sound = createLocator({ stations: scene.stations, ip: { find: () => null } });
const brokenOn: typeof sound = {
  ...sound,
  locate(readings, ...rest) {
    if (readings.wifi.mac.subarray(0, readings.wifi.count).includes(parseMac(BROKEN))) throw new Error('a defect');
    return sound.locate(readings, ...rest);
  },
};
const gateway = await openSharingGateway(store, {
  map: mapOf([3, 4, 5, 6, 7].map((res) => parentKey(H3_CELL, res))),
  clock: { nowMs: TODAY * 86_400_000 + 43_200_000 },
  locator: brokenOn,
  strayBudget: openStrayBudget<FastifyRequest>(
    createStrayMemory(100),
    { a: 1, b: 2 },
    { device: 0, address: 0, partnerKey: LIMIT },
    (request) => request.ip,
  ),
});
const { clock, inChain, ask } = gateway;
const register = async (profile = {}) => (await addDevice(inChain, clock.nowMs, profile)).token;
const made = (prefix: string) => `${prefix}_${randomBytes(32).toString('base64url')}`;

const ways: Readonly<Record<string, (application: string) => Promise<string>>> = {
  'that is not located': () => register(),
  'of a child': () => register({ ageBand: 'under13' }),
  async 'that is restricted'() {
    const { id, token } = await addDevice(inChain, clock.nowMs);
    await store.pool.query('update devices set flags = 1 where id = $1', [id]);
    return token;
  },
  async 'that refused'(application) {
    const phone = await addDevice(inChain, clock.nowMs);
    await setGrant(inChain, phone, application, clock.nowMs, { state: 'refused', precision: 0 });
    return phone.token;
  },
  'with Wi-Fi off': () => register({ sources: ALL_SOURCES & ~SOURCE.wifi }),
  'with all off': () => register({ sources: 0 }),
  async 'whose yes is to cells alone'(application) {
    const phone = await addDevice(inChain, clock.nowMs);
    await setGrant(inChain, phone, application, clock.nowMs, { sources: SOURCE.cell });
    return phone.token;
  },
  'that nobody knows': async () => made('hgt'),
  'of another application': async () => made('hga'),
  'whose token can be none': async () => 'junk',
};

test.each(Object.entries(ways))(
  'lists about a phone %s count for its key as about any other',
  async (name, tokenOf) => {
    const { key, application } = await addPartner(store, name.replaceAll(/[^a-z -]/gi, ''));
    await gateway.followKeys();
    const device = await tokenOf(application);
    const statusOf = async (body: object, query: object = {}) => (await ask({ key, ...query }, body)).statusCode;
    for (let n = 0; n < LIMIT - 1; n++) expect(await statusOf(apart(n), { device })).toBe(404);
    expect(await statusOf(HOME), 'one short of the limit').toBe(200);
    expect(await statusOf(apart(LIMIT), { device })).toBe(404);
    expect(await statusOf(HOME), 'at it').toBe(404);
    // Nor does what a look-up earns tell more: each is one.
    for (let n = LIMIT + 3; n < EARNS_ONE; n++) expect(await statusOf(NOWHERE, { device })).toBe(404);
    expect(await statusOf(HOME), 'as its look-ups earn it one more').toBe(404);
    expect(await statusOf(HOME), 'and had').toBe(200);
  },
);

test('a list weighs once, by all that was sent, and is then located by what it may', () => {
  const asked: number[] = [];
  const { locate, weigh } = weighOnce((sources) => asked.push(sources));
  locate(SOURCE.cell);
  locate(ALL_SOURCES);
  weigh();
  expect(asked).toEqual([ALL_SOURCES, SOURCE.cell, ALL_SOURCES]);
});

test('a list on which locating fails is no 503 of anybody else, whoever it is decided with, and one answer whoever it is about', async () => {
  const { key, application } = await addPartner(store, 'broken');
  await gateway.followKeys();
  const phones = await Promise.all(Array.from({ length: 12 }, () => register()));
  const refusing = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, refusing, application, clock.nowMs, { state: 'refused', precision: 0 });
  const broken = { ...HOME, wifiAccessPoints: [...HOME.wifiAccessPoints, { macAddress: BROKEN, signalStrength: -60 }] };
  const bodyOf = (i: number) => (i % 4 === 3 ? broken : HOME);
  const answers = await Promise.all(phones.map((device, i) => ask({ key, device }, bodyOf(i))));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(phones.map((_, i) => (i % 4 === 3 ? 503 : 200)));
  for (const device of [refusing.token, made('hgt')]) expect((await ask({ key, device }, broken)).statusCode).toBe(503);
});

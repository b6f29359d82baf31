// What the last place must not outlive, and to whom it is never told, over HTTP.
import { expect, test } from 'vitest';
import { SOURCE } from '../../src/devices/device-contract.ts';
import { proofKeyOf } from '../../src/devices/device-key.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import type { Estimate } from '../../src/positioning/locator.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { findPerson } from '../../src/rights/erase-store.ts';
import { answerChallenge } from '../../src/rights/proof.ts';
import { sweepExpired } from '../../src/rights/retention-store.ts';
import {
  addDevice,
  addPartner,
  HERE,
  LAT,
  LON,
  MAP,
  MASTERS,
  openSharingGateway,
  PURPOSE,
  type TestDevice,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const OFFERS = 'dpv:DirectMarketing';
const KEPT = { precision: 'precise', scopes: ['geolocate', 'last-location'] };

const store = await openTestStore();
await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const gateway = await openSharingGateway(store, {
  people: true,
  map: MAP,
});
const { ask, call, clock, inChain } = gateway;
const finder = await addPartner(store, 'Bus Times');
const other = await addPartner(store, 'Weather');
const seller = await addPartner(store, 'Offers', { purposes: [OFFERS] });
await gateway.followKeys();

const consentUrl = (application: string, purpose = PURPOSE) => `/v1/me/consents/${application}/${purpose}`;
async function agreed(...applications: (readonly [string, string?])[]): Promise<TestDevice> {
  const phone = await addDevice(inChain, clock.nowMs, { marketing: true });
  for (const [application, purpose] of applications)
    expect((await call('PUT', consentUrl(application, purpose), phone.token, KEPT)).statusCode).toBe(200);
  return phone;
}
async function isKept({ id }: TestDevice): Promise<boolean> {
  return (await store.pool.query('select 1 from last_locations where device = $1', [id])).rows.length > 0;
}

test('a place that was found for one application is gone for all once that one was taken back or narrowed', async () => {
  const bystander = await agreed([finder.application]);
  await ask({ key: finder.key, device: bystander.token }, HERE);
  const narrower = [
    ...[{ precision: 'region' }, { ...KEPT, precision: 'region' }, { precision: 'precise', scopes: ['geolocate'] }],
    { ...KEPT, sources: { gps: false } },
  ];
  for (const less of [null, ...narrower]) {
    const phone = await agreed([finder.application], [other.application]);
    expect((await ask({ key: finder.key, device: phone.token }, HERE)).statusCode).toBe(200);
    expect(await isKept(phone)).toBe(true);
    const url = consentUrl(finder.application);
    const changed = less === null ? call('DELETE', url, phone.token) : call('PUT', url, phone.token, less);
    expect((await changed).statusCode).toBe(200);
    expect(await isKept(phone)).toBe(false);
    expect((await ask({ key: other.key, device: phone.token }, {})).statusCode).toBe(404);
  }
  expect(await isKept(bystander)).toBe(true);
});

test('a place that is kept for one application is told to no other that was granted positions but not the last one', async () => {
  const phone = await agreed([finder.application]);
  await call('PUT', consentUrl(other.application), phone.token, { precision: 'precise' });
  await ask({ key: finder.key, device: phone.token }, HERE);
  expect((await ask({ key: finder.key, device: phone.token }, {})).statusCode).toBe(200);
  expect((await ask({ key: other.key, device: phone.token }, HERE)).json().precision).toBe('precise');
  expect((await ask({ key: other.key, device: phone.token }, {})).statusCode).toBe(404);
});

test('taking back what asked for no last place, and agreeing again, leaves it', async () => {
  const phone = await agreed([finder.application]);
  await call('PUT', consentUrl(other.application), phone.token, { precision: 'precise' });
  await ask({ key: finder.key, device: phone.token }, HERE);
  await call('DELETE', consentUrl(other.application), phone.token);
  expect(await isKept(phone)).toBe(true);
  await call('PUT', consentUrl(finder.application), phone.token, KEPT);
  expect(await isKept(phone)).toBe(true);
});

test('a place that was found under a yes that was confirmed is gone for all with it as well', async () => {
  const phone = await agreed([finder.application], [other.application]);
  await store.pool.query(`update grants set state = 'reconfirmed' where device = $1`, [phone.id]);
  await ask({ key: finder.key, device: phone.token }, HERE);
  await call('DELETE', consentUrl(seller.application, OFFERS), phone.token);
  expect(await isKept(phone)).toBe(true);
  await call('DELETE', consentUrl(finder.application), phone.token);
  expect(await isKept(phone)).toBe(false);
});

test('a place that was kept for a yes whose time is over is gone with whatever else the person says, before it is swept', async () => {
  const [phone, bystander] = [await agreed([seller.application, OFFERS]), await agreed([finder.application])];
  const expiresAt = new Date(clock.nowMs + 60_000).toISOString();
  await call('PUT', consentUrl(finder.application), phone.token, { ...KEPT, expiresAt });
  await call('PUT', consentUrl(seller.application, OFFERS), phone.token, { precision: 'none' });
  await call('PUT', consentUrl(other.application), phone.token, { ...KEPT, precision: 'region' });
  for (const { token } of [phone, bystander]) await ask({ key: finder.key, device: token }, HERE);
  expect(await isKept(phone)).toBe(true);
  clock.nowMs += 60_000;
  await call('PUT', consentUrl(seller.application, OFFERS), phone.token, { precision: 'none' });
  expect([await isKept(phone), await isKept(bystander)]).toEqual([false, true]);
});

test('a place that was kept for a yes whose time is over is gone with the same yes said again, also where another still asks for one', async () => {
  for (const others of [[], [other.application]]) {
    const phone = await agreed(...others.map((application) => [application] as const));
    const expiresAt = new Date(clock.nowMs + 60_000).toISOString();
    await call('PUT', consentUrl(finder.application), phone.token, { ...KEPT, expiresAt });
    await ask({ key: finder.key, device: phone.token }, HERE);
    clock.nowMs += 59_999;
    expect(await isKept(phone)).toBe(true);
    clock.nowMs += 1;
    await call('PUT', consentUrl(finder.application), phone.token, KEPT);
    expect(await isKept(phone)).toBe(false);
  }
});

test('a source that is switched off takes the place with it that it may have found', async () => {
  const phone = await agreed([finder.application]);
  await ask({ key: finder.key, device: phone.token }, HERE);
  expect((await call('PATCH', '/v1/me', phone.token, { sources: { gps: false } })).statusCode).toBe(200);
  expect(await isKept(phone)).toBe(false);
});

test('a place from when offers were off is told to no seller when they are on again', async () => {
  const phone = await agreed([finder.application], [seller.application, OFFERS]);
  expect((await call('PATCH', '/v1/me', phone.token, { marketing: false })).statusCode).toBe(200);
  clock.nowMs += 60_000;
  await ask({ key: finder.key, device: phone.token }, HERE);
  expect((await ask({ key: seller.key, device: phone.token }, HERE)).statusCode).toBe(404);
  const { nonce } = (await call('POST', '/v1/me/challenges', phone.token, { action: 'profile' })).json();
  const { key } = (await findPerson(store.pool, MASTERS, phone.id))!;
  const proof = `${nonce}.${answerChallenge(proofKeyOf(key), 'profile', nonce)}`;
  const on = await call('PATCH', '/v1/me', phone.token, { marketing: true }, proof);
  expect(on.statusCode).toBe(200);
  expect(await isKept(phone)).toBe(false);
  expect((await ask({ key: seller.key, device: phone.token }, {})).statusCode).toBe(404);
});

test('a place that the address alone told, which may be that of an application’s server, takes the place of none', async () => {
  const town: Estimate = {
    ...{ lat: 51.5, lon: -0.1, accuracyM: 99_000 },
    ...{ fallback: 'ipf', source: 'ip', sources: SOURCE.ip },
  };
  const here: Estimate = {
    ...{ lat: LAT, lon: LON, accuracyM: 20 },
    ...{ fallback: '', source: 'gps', sources: SOURCE.gps },
  };
  const byAddress = await openSharingGateway(store, {
    people: true,
    clock,
    locator: { locate: ({ fix, ip }) => (fix.present ? here : ip === undefined ? null : town), country: () => null },
  });
  await byAddress.followKeys();
  const phone = await agreed([finder.application]);
  const told = async (body: object) =>
    (await byAddress.ask({ key: finder.key, device: phone.token }, body)).json().location?.lat;
  expect(await told({})).toBeCloseTo(51.5, 5);
  expect(await isKept(phone)).toBe(false);
  expect(await told(HERE)).toBeCloseTo(LAT, 5);
  expect(await told({})).toBeCloseTo(51.5, 5);
  expect(await told({ considerIp: false })).toBeCloseTo(LAT, 5);
  await byAddress.close();
});

test('a place is told for a day, and not until a sweep; a region’s state is kept as long', async () => {
  const phone = await agreed([finder.application]);
  const startMs = clock.nowMs;
  await ask({ key: finder.key, device: phone.token }, HERE);
  await ask({ key: other.key, device: phone.token }, HERE);
  for (const table of ['last_locations', 'coarse_states']) {
    const { rows } = await store.pool.query(`select expires_at::float8 as at from ${table} where device = $1`, [
      phone.id,
    ]);
    expect([table, rows]).toEqual([table, [{ at: startMs + 86_400_000 }]]);
  }
  const later = async (ms: number) => {
    clock.nowMs = startMs + ms;
    return (await ask({ key: finder.key, device: phone.token }, {})).statusCode;
  };
  expect([await later(86_399_999), await later(86_400_000)]).toEqual([200, 404]);
  clock.nowMs = startMs;
});

test('an age that was taken back takes the place with it, and so does the end of all tokens', async () => {
  for (const over of [
    (token: string) => call('PATCH', '/v1/me', token, { ageBand: 'unknown' }),
    (token: string) => call('DELETE', '/v1/me/token', token),
  ]) {
    const phone = await agreed([finder.application]);
    await ask({ key: finder.key, device: phone.token }, HERE);
    expect(await isKept(phone)).toBe(true);
    expect([200, 204]).toContain((await over(phone.token)).statusCode);
    expect(await isKept(phone)).toBe(false);
  }
});

test('a place that was asked for by what waits for re-consent, or has run out, is over and swept', async () => {
  const [held, short, stays] = [
    await agreed([finder.application]),
    await agreed(),
    await agreed([finder.application], [other.application]),
  ];
  const expiresAt = new Date(clock.nowMs + 60_000).toISOString();
  await call('PUT', consentUrl(finder.application), short.token, { ...KEPT, expiresAt });
  for (const { token } of [held, short, stays]) await ask({ key: finder.key, device: token }, HERE);
  await store.pool.query('update grants set suspended_at = $1 where device = any($2) and application = $3', [
    ...[clock.nowMs + 60_000, [held.id, stays.id], finder.application],
  ]);
  expect((await sweepExpired(store.pool, clock.nowMs)).last_locations).toBeUndefined();
  await sweepExpired(store.pool, clock.nowMs + 60_000);
  expect(await Promise.all([held, short, stays].map(isKept))).toEqual([false, false, true]);
});

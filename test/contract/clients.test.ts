// The fifteen rules of the wire that real clients set. Each is a test, through the production app and the real reader.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createTestApp, DEVICE_KEY, PARTNER_KEY } from '../support/app.ts';
import { REQUESTS } from './requests.ts';

const url = `/v1/geolocate?key=${DEVICE_KEY}`;
const WIFI = REQUESTS[1];

describe.each(REQUESTS)('$client', ({ headers, body, wifi, cells }) => {
  test('gets its position, and everything in it was understood', async () => {
    const { app, place } = await createTestApp();
    const answer = await app.inject({ method: 'POST', url, headers, payload: body });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ location: { lat: 52.5, lng: 13.4 }, accuracy: 34.2 });
    expect([place.wifi, place.cells]).toEqual([wifi, cells]);
  });

  test('reads 404 as "no position", in the form its error parser knows', async () => {
    const { app, place } = await createTestApp();
    place.answer = null;
    const answer = await app.inject({ method: 'POST', url, headers, payload: body });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({
      error: {
        errors: [{ domain: 'geolocation', reason: 'notFound', message: 'Not found' }],
        code: 404,
        message: 'Not found',
      },
    });
  });
});

test.each([
  'application/x-www-form-urlencoded',
  'text/plain',
  'text/plain;charset=UTF-8',
  'application/octet-stream',
  'application/gzip',
  'gzip',
  'nonsense; ;;',
  undefined,
])('a body is JSON whatever its type says: %s (rule 2)', async (type) => {
  const { app, place } = await createTestApp();
  const headers = type === undefined ? {} : { 'content-type': type };
  const answer = await app.inject({ method: 'POST', url, headers, payload: Buffer.from(WIFI.body) });
  expect([answer.statusCode, place.wifi]).toEqual([200, 2]);
});

test.each([
  ['announced', { 'content-encoding': 'gzip', 'content-type': 'application/json' }],
  ['announced loudly', { 'content-encoding': 'GZIP' }],
  ['as a type', { 'content-type': 'application/gzip' }],
  ['as a bare type', { 'content-type': 'gzip' }],
  ['silently', { 'content-type': 'application/json' }],
])('gzip is unpacked, %s (rule 2)', async (_how, headers) => {
  const { app, place } = await createTestApp();
  const answer = await app.inject({ method: 'POST', url, headers, payload: gzipSync(WIFI.body) });
  expect([answer.statusCode, place.wifi]).toEqual([200, 2]);
});

test('MACs with dashes, colons, dots or nothing, in any case, are one address each (rule 6)', async () => {
  const { app, place } = await createTestApp();
  const forms = ['00-11-22-AA-BB-01', '00:11:22:aa:bb:02', '0011.22aa.bb03', '001122AABB04', '00-11-22-aa-bb-01'];
  const payload = { wifiAccessPoints: forms.map((macAddress) => ({ macAddress, signalStrength: -60 })) };
  await app.inject({ method: 'POST', url, payload });
  expect(place.wifi).toBe(4);
});

test('entries that make no sense are skipped, never the request (rules 8, 9)', async () => {
  const { app, place } = await createTestApp();
  const payload = {
    wifiAccessPoints: [
      null,
      7,
      'x',
      [],
      {},
      { macAddress: 12 },
      { macAddress: 'zz' },
      ...JSON.parse(WIFI.body).wifiAccessPoints,
    ],
    cellTowers: 'none',
    bluetoothBeacons: { 0: {} },
    fallbacks: 1,
    position: [],
    considerIp: {},
    hpeConfidence: 95,
  };
  const answer = await app.inject({ method: 'POST', url, payload });
  expect([answer.statusCode, place.wifi, place.cells]).toEqual([200, 2, 0]);
});

test('considerIp false always wins (DESIGN 5)', async () => {
  const { app, place } = await createTestApp();
  await app.inject({ method: 'POST', url, payload: { considerIp: false, fallbacks: { ipf: true } } });
  expect(place.ip).toBeUndefined();
  await app.inject({ method: 'POST', url, payload: {} });
  expect(place.ip).toBe('127.0.0.1');
});

test('no header is needed beside Host (rule 10)', async () => {
  const { app } = await createTestApp();
  const answer = await app.inject({ method: 'POST', url, headers: { 'user-agent': '' } });
  expect(answer.statusCode).toBe(200);
});

test('nothing transient is a 400 (rule 12)', async () => {
  const { app, place } = await createTestApp({ overloaded: () => true });
  expect((await app.inject({ method: 'POST', url })).statusCode).toBe(503);
  const bug = await createTestApp();
  bug.place.throws = new Error('store away');
  expect((await bug.app.inject({ method: 'POST', url })).statusCode).toBe(500);
  place.answer = null;
});

test('a phone that fails every 5 s for an hour is answered each time, and keeps nobody else out (rule 13)', async () => {
  const { app, clock } = await createTestApp();
  const codes = new Set<number>();
  for (let second = 0; second < 3600; second += 5) {
    clock.nowMs += 5000;
    codes.add((await app.inject({ method: 'POST', url: '/v1/geolocate?key=wrong' })).statusCode);
  }
  // In the test all 720 come within one real minute of the limiter: past 600 the answer may be 429, never anything else.
  expect([...codes].filter((code) => code !== 400 && code !== 429)).toEqual([]);
  expect((await app.inject({ method: 'POST', url })).statusCode).toBe(200);
});

test('a partner sees the very 404 that an unknown place gives (rule 15)', async () => {
  const { app, place } = await createTestApp();
  const partner = await app.inject({ method: 'POST', url: `/v1/geolocate?key=${PARTNER_KEY}`, payload: WIFI.body });
  place.answer = null;
  const unknown = await app.inject({ method: 'POST', url, payload: WIFI.body });
  expect(partner.rawPayload).toEqual(unknown.rawPayload);
});

test('a hundred access points with every field fit', async () => {
  const { app, place } = await createTestApp();
  const wifiAccessPoints = Array.from({ length: 100 }, (_, i) => ({
    macAddress: `00:11:22:33:44:${i.toString(16).padStart(2, '0')}`,
    signalStrength: -40 - (i % 50),
    age: 100,
    channel: 36,
    frequency: 5180,
    signalToNoiseRatio: 30,
    ssid: `network number ${i} of a long street`,
  }));
  const answer = await app.inject({ method: 'POST', url, payload: { wifiAccessPoints } });
  expect([answer.statusCode, place.wifi]).toEqual([200, 100]);
});

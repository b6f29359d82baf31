// A stock client with a partner's key: its own request goes in, a region comes out, and its own way of reading makes a fix of that
// which holds the phone. Real pipeline and store; only what places the phone is fixed, far from wherever it could be by chance.
import { latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import type { Locator } from '../../src/positioning/locator.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { addDevice, addPartner, mapOf, openSharingGateway } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';
import { readerOf } from './readers.ts';
import { REQUESTS } from './requests.ts';

const PHONE = { lat: 52.0901, lon: 5.1199 };
const FIJI = { lat: -16.8, lon: 179.999 };
const names = [PHONE, FIJI].flatMap(({ lat, lon }) => {
  const key = keyOfCell(latLngToCell(lat, lon, 7));
  return [2, 3, 4, 5, 6, 7].map((res) => parentKey(key, res));
});
const place = { at: PHONE, accuracyM: 34.2 };
const locator: Locator = {
  locate: () => ({ ...place.at, accuracyM: place.accuracyM, fallback: '', source: 'wifi', sources: 4 }),
  country: () => null,
};

const store = await openTestStore();
const gateway = await openSharingGateway(store, { map: mapOf(names), locator });
const { key } = await addPartner(store, 'Bus Times');
await gateway.followKeys();
const { token } = await addDevice(gateway.inChain, gateway.clock.nowMs);

async function send(headers: Readonly<Record<string, string>>, payload: string, query: Record<string, string>) {
  const answer = await gateway.app.inject({
    ...{ method: 'POST', url: '/v1/geolocate', query: { key, ...query }, headers, payload },
  });
  return { status: answer.statusCode, text: answer.payload };
}

describe.each(REQUESTS)('$client, with a partner’s key,', ({ client, headers, body }) => {
  test.each([
    ['a token of the phone', { device: token }],
    ['no token', {}],
    ['a token, and the outline asked for', { device: token, polygon: '1' }],
  ])('makes a fix that holds the phone of the region it gets: %s', async (_how, query: Record<string, string>) => {
    const answer = await send(headers, body, query);
    expect(JSON.parse(answer.text)).toMatchObject({ precision: 'region', region: expect.any(String) });
    const fix = readerOf(client)(answer)!;
    const wire = JSON.parse(answer.text);
    expect(fix).toEqual({ ...wire.location, accuracy: wire.accuracy });
    expect([fix.lat, fix.lng, fix.accuracy].map(Number.isFinite)).toEqual([true, true, true]);
    expect(fix.accuracy).toBeGreaterThanOrEqual(2_000);
    expect(distanceM(PHONE.lat, PHONE.lon, fix.lat, fix.lng)).toBeLessThanOrEqual(fix.accuracy);
    // Nothing beside it that any client gives a meaning of its own.
    for (const name of ['error', 'fallback', 'raw', 'latitude', 'longitude']) expect(wire).not.toHaveProperty(name);
  });
});

test('no reader makes a fix of what a partner is told where there is nothing to tell', async () => {
  place.accuracyM = 50_000;
  const nobody = await addDevice(gateway.inChain, gateway.clock.nowMs);
  for (const { client, headers, body } of REQUESTS)
    for (const query of [{}, { device: nobody.token }] as Record<string, string>[])
      expect(readerOf(client)(await send(headers, body, query))).toBeNull();
  place.accuracyM = 34.2;
});

test('the outline of a region on the antimeridian goes round the region, not round the world', async () => {
  gateway.clock.nowMs += TICK_MS;
  const { token: there } = await addDevice(gateway.inChain, gateway.clock.nowMs);
  place.at = FIJI;
  const { polygon, location } = JSON.parse((await send({}, '', { device: there, polygon: '1' })).text);
  place.at = PHONE;
  expect(Math.abs(location.lng)).toBeGreaterThan(179.9);
  expect(polygon.at(-1)).toEqual(polygon[0]);
  const lons = polygon.map(([lon]: [number]) => lon);
  expect(Math.max(...lons) - Math.min(...lons)).toBeLessThan(1);
});

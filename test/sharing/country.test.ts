// In which country a phone that says who it is stands: by the sources that its user left on, as its place is.
import { expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import type { Locator } from '../../src/positioning/locator.ts';
import { addDevice, addDeviceKey, addPartner, openSharingGateway } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** A country for each source that is left, the first of them. */
const bySource: Locator = {
  locate: () => null,
  country({ fix, cells, wifi, ip }) {
    if (fix.present) return { code: 'NL', name: 'Netherlands', fallback: '' };
    if (wifi.count > 0) return { code: 'BE', name: 'Belgium', fallback: '' };
    if (cells.count > 0) return { code: 'IN', name: 'India', fallback: '' };
    return ip === undefined ? null : { code: 'FR', name: 'France', fallback: 'ipf' };
  },
};
const store = await openTestStore();
const gateway = await openSharingGateway(store, { locator: bySource });
const deviceKey = await addDeviceKey(store);
const partner = await addPartner(store, 'Navi');
await gateway.followKeys();

const BODY = {
  position: { latitude: 52.09, longitude: 5.12, accuracy: 20 },
  wifiAccessPoints: [{ macAddress: '00:11:22:33:44:55' }],
  cellTowers: [
    { radioType: 'lte', mobileCountryCode: 404, mobileNetworkCode: 1, locationAreaCode: 7, cellId: 1234567 },
  ],
};
async function countryOf(query: Record<string, string>, body: object = BODY, authorization?: string) {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await gateway.app.inject({ method: 'POST', url: '/v1/country', query, payload: body, headers });
  return answer.statusCode === 200 ? answer.json().country_code : answer.statusCode;
}

test.each([
  ['nothing off', 0, 'NL'],
  ['gps off', SOURCE.gps, 'BE'],
  ['gps and wifi off', SOURCE.gps | SOURCE.wifi, 'IN'],
  ['all but the address off', ALL_SOURCES & ~SOURCE.ip, 'FR'],
  ['everything off', ALL_SOURCES, 404],
])('is told by what is on: %s', async (_, off, expected) => {
  const { token } = await addDevice(gateway.inChain, gateway.clock.nowMs, { sources: ALL_SOURCES & ~off });
  // From the store, then from memory, and as a bearer.
  expect(await countryOf({ key: deviceKey, device: token })).toBe(expected);
  expect(await countryOf({ key: deviceKey, device: token })).toBe(expected);
  expect(await countryOf({ key: deviceKey }, BODY, `Bearer ${token}`)).toBe(expected);
});

test('several at a time are each answered from their own body and switches', async () => {
  const [all, none] = await Promise.all(
    [ALL_SOURCES, 0].map((sources) => addDevice(gateway.inChain, gateway.clock.nowMs, { sources })),
  );
  const { position, ...noFix } = BODY;
  const answers = await Promise.all([
    countryOf({ key: deviceKey, device: all.token }),
    countryOf({ key: deviceKey, device: none.token }),
    countryOf({ key: deviceKey, device: all.token }, noFix),
    countryOf({ key: deviceKey }, { cellTowers: BODY.cellTowers }),
  ]);
  expect(answers).toEqual(['NL', 404, 'BE', 'IN']);
});

test('a phone that nobody knows is told so as at its place, one that says nothing is no such phone, and a partner is told nothing', async () => {
  const gone = await addDevice(gateway.inChain, gateway.clock.nowMs);
  await store.pool.query('delete from device_tokens where device = $1', [gone.id]);
  const unknown = gone.token;
  const asPlace = await gateway.ask({ key: deviceKey, device: unknown }, BODY);
  expect(asPlace.statusCode).toBeGreaterThanOrEqual(400);
  expect(await countryOf({ key: deviceKey, device: unknown })).toBe(asPlace.statusCode);
  expect(await countryOf({ key: deviceKey })).toBe('NL');
  const { token } = await addDevice(gateway.inChain, gateway.clock.nowMs);
  expect(await countryOf({ key: partner.key, device: token })).toBe(404);
  expect(await countryOf({ key: partner.key })).toBe(404);
});

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { expireConsents } from '../../src/jobs/expire-consents.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { addTestApplication, createTestPeople, MASTERS } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const gateway = await createTestPeople(store);
const weather = await addTestApplication(store);
const buses = await addTestApplication(store);
const url = (application: string) => `/v1/me/consents/${application}/dpv:ServiceProvision`;
const deps = { pool: store.pool, inChain: gateway.inChain, masters: MASTERS, random: randomBytes };

test('a consent that is over gets its event once, and is over before and after alike', async () => {
  const token = await gateway.register();
  const put = (application: string, body: object) => gateway.call('PUT', url(application), token, body);
  await put(weather, { precision: 'precise', scopes: ['geolocate', 'last-location'], validForDays: 1 });
  await put(buses, { precision: 'none' });
  await store.pool.query(
    `insert into last_locations (device, expires_at, sealed) select device, $1, '\\x00' from grants limit 1`,
    [gateway.clock.nowMs + 10 * DAY_MS],
  );
  expect(await expireConsents(deps, gateway.clock.nowMs)).toBe(0);
  gateway.clock.nowMs += DAY_MS;
  const seen = async () => (await gateway.call('GET', url(weather), token)).body;
  const over = { consent: { state: 'expired', shows: 'region', because: 'expired' } };
  expect(await seen()).toMatchObject(over);
  expect(await expireConsents(deps, gateway.clock.nowMs)).toBe(1);
  expect(await expireConsents(deps, gateway.clock.nowMs)).toBe(0);
  expect(await seen()).toMatchObject(over);
  expect((await store.pool.query('select 1 from last_locations')).rows).toEqual([]);
  const { rows } = await store.pool.query('select state from consent_events where application = $1 order by seq', [
    weather,
  ]);
  expect(rows.map((row) => row.state)).toEqual(['given', 'expired']);
  // A no doesn't run out, and what is said next goes on in the same record.
  expect((await gateway.call('GET', url(buses), token)).body).toMatchObject({ consent: { state: 'refused' } });
  const { receipts } = (await gateway.call('GET', '/v1/me/receipts', token)).body as { receipts: object[] };
  expect(receipts).toHaveLength(2);
  expect((await put(weather, { precision: 'precise' })).body).toMatchObject({
    consent: { state: 'given', shows: 'precise' },
  });
});

test('one device that cannot be opened keeps no other from its turn', async () => {
  const tokens = [await gateway.register(), await gateway.register(), await gateway.register()];
  for (const token of tokens) await gateway.call('PUT', url(weather), token, { precision: 'region', validForDays: 1 });
  const { rows } = await store.pool.query(
    "select device from grants where state = 'given' and precision = 1 order by device",
  );
  expect(rows).toHaveLength(3);
  await store.pool.query("update device_keys set wrapped = '\\x00' where device = $1", [rows[0].device]);
  gateway.clock.nowMs += DAY_MS;
  await expect(expireConsents(deps, gateway.clock.nowMs)).rejects.toThrow('no master key');
  const left = await store.pool.query("select device from grants where state = 'given' and precision = 1");
  expect(left.rows.map((row) => row.device)).toEqual([rows[0].device]);
});

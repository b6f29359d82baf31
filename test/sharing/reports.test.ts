// Reports of a phone that says who it is: what its user switched off is neither used nor stored (privacy L5), though nobody
// keeps whose reports they are.
import { randomBytes, randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { ALL_SOURCES, FLAG, SOURCE } from '../../src/devices/device-contract.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { contributorTag } from '../../src/observations/contributor.ts';
import { createDayKeys } from '../../src/observations/day-keys.ts';
import { createInbox } from '../../src/observations/inbox.ts';
import { decodeReport } from '../../src/observations/payload.ts';
import { insertRows } from '../../src/observations/store.ts';
import {
  createSubmissionCountMemory,
  openSubmissionCounts,
  sumSubmissionCounts,
} from '../../src/observations/submission-counts.ts';
import { AT_REST } from '../support/at-rest.ts';
import { addDevice, addDeviceKey, addPartner, openSharingGateway, setGrant } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const { payloads } = AT_REST;
const store = await openTestStore();
const counts = createSubmissionCountMemory();
const dayKeys = createDayKeys(store.pool, randomBytes, payloads.dayKey);
const reporting = {
  submission: {
    inbox: createInbox({
      insert: (rows) => insertRows(store.pool, rows),
      fillRandom: (into) => void randomFillSync(into),
    }),
    ...{ dayKeys, payloads, counts: openSubmissionCounts(counts) },
    refusals: { note: async () => {}, flush: async () => {} },
    room: { hasRoom: () => true },
  },
};
const gateway = await openSharingGateway(store, reporting);
const key = await addDeviceKey(store);
await addPartner(store, 'Navi');
await gateway.followKeys();

const BODY = {
  items: [
    {
      position: { latitude: 52.09, longitude: 5.12, accuracy: 8 },
      wifiAccessPoints: [{ macAddress: '00:1a:2b:00:00:01', signalStrength: -60 }],
      bluetoothBeacons: [{ macAddress: '00:1b:2c:00:00:02', signalStrength: -60 }],
      cellTowers: [
        { radioType: 'lte', mobileCountryCode: 204, mobileNetworkCode: 4, locationAreaCode: 7, cellId: 1234567 },
      ],
    },
  ],
};

/** What is stored of a report of a phone with these sources on, sent from this address. */
async function storedOf(query: Record<string, string>, remoteAddress = '198.51.100.7', authorization?: string) {
  await store.pool.query('truncate inbox');
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await gateway.app.inject({
    ...{ method: 'POST', url: '/v2/geosubmit', query, payload: BODY, headers, remoteAddress },
  });
  expect([answer.statusCode, answer.body]).toEqual([200, '{}']);
  const { rows } = await store.pool.query(
    'select uuid_send(digest) as digest, payload, contributor, trusted, received_at from inbox',
  );
  return rows.map(({ digest, payload, contributor, trusted, received_at }) => {
    const envelope = { contributor: Number(contributor), trusted, receivedAtMs: Number(received_at) };
    const { wifi, bluetooth, cells } = decodeReport(payloads.open(envelope, digest, payload)!);
    return { wifi: wifi.length, bluetooth: bluetooth.length, cells: cells.length, contributor: envelope.contributor };
  });
}
const phone = (off: number) => addDevice(gateway.inChain, gateway.clock.nowMs, { sources: ALL_SOURCES & ~off });

test.each([
  ['nothing', 0, [{ wifi: 1, bluetooth: 1, cells: 1 }]],
  ['wifi', SOURCE.wifi, [{ wifi: 0, bluetooth: 1, cells: 1 }]],
  ['bluetooth and cell', SOURCE.bluetooth | SOURCE.cell, [{ wifi: 1, bluetooth: 0, cells: 0 }]],
  // Without its fix a report teaches nothing.
  ['gps', SOURCE.gps, []],
  ['everything', ALL_SOURCES, []],
])(
  'with %s off, only the rest is stored, from the store and from memory, by the token in the URL and as a bearer',
  async (_, off, left) => {
    const { token } = await phone(off);
    expect(await storedOf({ key, device: token })).toMatchObject(left);
    expect(await storedOf({ key, device: token })).toMatchObject(left);
    expect(await storedOf({ device: token })).toMatchObject(left);
    expect(await storedOf({ key }, undefined, `Bearer ${token}`)).toMatchObject(left);
  },
);

test('with the address off, who contributes is not told by it', async () => {
  const { token } = await phone(SOURCE.ip);
  const [here] = await storedOf({ key, device: token }, '198.51.100.7');
  const [there] = await storedOf({ key, device: token }, '203.0.113.9');
  const dayKey = await dayKeys.keyFor(gateway.clock.nowMs);
  expect(here.contributor).toBe(there.contributor);
  expect(here.contributor).not.toBe(contributorTag(dayKey, '198.51.100.7'));
  const [other] = await storedOf({ key }, '198.51.100.7');
  expect(other.contributor).toBe(contributorTag(dayKey, '198.51.100.7'));
});

test('of a phone that is gone, or whose name is mangled, nothing is stored, and what is left out is counted', async () => {
  const gone = await phone(0);
  await store.pool.query('delete from device_tokens where device = $1', [gone.id]);
  const before = sumSubmissionCounts(counts).dropped.switchedOff;
  expect(await storedOf({ key, device: gone.token })).toEqual([]);
  expect(sumSubmissionCounts(counts).dropped.switchedOff - before).toBe(4);
  const { token } = await phone(0);
  for (const mangled of ['somebody', `${token} `, token.slice(0, -1)])
    expect(await storedOf({ key, device: mangled })).toEqual([]);
  expect(await storedOf({ key }, undefined, `Bearer ${token.slice(0, -1)}`)).toEqual([]);
  expect(await storedOf({ key }, undefined, 'Bearer somebody-elses')).toHaveLength(1);
  expect(await storedOf({})).toHaveLength(1);
});

test('while the store can say nothing of a phone its reports are refused, not taken for one with everything off', async () => {
  const cut = await openSharingGateway(store, { ...reporting, clock: gateway.clock });
  const { token } = await phone(SOURCE.wifi);
  const before = sumSubmissionCounts(counts).dropped.switchedOff;
  await cut.cutStore();
  const answer = await cut.app.inject({
    method: 'POST',
    url: '/v2/geosubmit',
    query: { device: token },
    payload: BODY,
  });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, expect.any(String)]);
  expect(sumSubmissionCounts(counts).dropped.switchedOff).toBe(before);
});

test('of a child without a parent, and of a restricted phone, nothing is stored, from its mark on and until it is lifted', async () => {
  const { inChain, clock } = gateway;
  const child = await addDevice(inChain, clock.nowMs, { ageBand: 'under13' });
  expect(await storedOf({ key, device: child.token })).toEqual([]);
  expect(await storedOf({ key, device: child.token })).toEqual([]);
  const parental = (withdrawnAt: number | null) =>
    inChain(async (client, chain) => {
      await client.query(
        `insert into parental_consents (id, device, at, method, precise, sealed, withdrawn_at)
         values ($1, $2, $3, 'signed-form', false, '', $4)
         on conflict (id) do update set withdrawn_at = excluded.withdrawn_at`,
        ['394a096d-90e5-4175-8ffb-c55ae9a314e4', child.id, clock.nowMs, withdrawnAt],
      );
      chain.append({ at: clock.nowMs, kind: KIND.rights });
      chain.changed(child.id);
    });
  await parental(null);
  await expect.poll(() => storedOf({ key, device: child.token })).toHaveLength(1);
  await parental(clock.nowMs);
  await expect.poll(() => storedOf({ key, device: child.token })).toEqual([]);
  const phoneOf = await phone(0);
  const setFlags = (flags: number) =>
    inChain(async (client, chain) => {
      await client.query('update devices set flags = $2 where id = $1', [phoneOf.id, flags]);
      chain.append({ at: clock.nowMs, kind: KIND.rights });
      chain.changed(phoneOf.id);
    });
  expect(await storedOf({ key, device: phoneOf.token })).toHaveLength(1);
  for (const [flags, rows] of [
    [FLAG.restricted, 0],
    [0, 1],
    [FLAG.child, 0],
    [FLAG.objected, 1],
  ] as const) {
    await setFlags(flags);
    await expect.poll(() => storedOf({ key, device: phoneOf.token })).toHaveLength(rows);
  }
});

test('what a user granted to somebody is no reason to store more', async () => {
  const device = await phone(SOURCE.wifi);
  await setGrant(gateway.inChain, device, 'navi', gateway.clock.nowMs);
  expect(await storedOf({ key, device: device.token })).toMatchObject([{ wifi: 0, cells: 1 }]);
});

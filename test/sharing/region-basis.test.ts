// On which basis a region is booked: as consented to only if nothing that it was found by is outside what the consent names.
import { expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** Told by the phone's satellites, and by nothing else. */
const BY_FIX = { ...HERE, considerIp: false };

const store = await openTestStore();
await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const clock = { nowMs: Date.now() };
const gateway = await openSharingGateway(store, {
  clock,
  people: true,
  map: MAP,
});
const partners = [
  await addPartner(store, 'Bus Times'),
  await addPartner(store, 'Weather'),
  await addPartner(store, 'Games'),
];
await gateway.followKeys();

test('a region is the same for all, and booked as consented to where the consent names what found it, else as anonymous', async () => {
  const { token } = await addDevice(gateway.inChain, clock.nowMs);
  const granted = [
    { gps: true, wifi: false, cell: false, bluetooth: false, ip: false },
    { gps: false, wifi: true },
    undefined,
  ];
  for (const [i, sources] of granted.entries()) {
    const url = `/v1/me/consents/${partners[i].application}/${PURPOSE}`;
    const body = { precision: 'region', ...(sources && { sources }) };
    expect((await gateway.call('PUT', url, token, body)).statusCode).toBe(200);
  }
  for (let tick = 0; tick < 2; tick++, clock.nowMs += TICK_MS) {
    const told = [];
    for (const { key } of partners) told.push((await gateway.ask({ key, device: token }, BY_FIX)).json());
    expect(told[0]).toMatchObject({ precision: 'region' });
    expect(told).toEqual([told[0], told[0], told[0]]);
  }
  const { rows } = await store.pool.query(
    'select distinct application, basis, detail from ledger where kind = $1 and event_seq is not null',
    [KIND.region],
  );
  expect(rows).toHaveLength(3);
  expect(rows).toEqual(
    expect.arrayContaining([
      { application: partners[0].application, basis: 'consent', detail: 'regionGranted' },
      { application: partners[1].application, basis: 'anonymous', detail: 'otherSources' },
      { application: partners[2].application, basis: 'consent', detail: 'regionGranted' },
    ]),
  );
});

test('what stands on no consent is booked under the policy in force, and under one that is announced from its first moment on', async () => {
  const { token } = await addDevice(gateway.inChain, clock.nowMs);
  const announced = {
    ...FIRST_POLICY,
    version: 'next',
    effectiveAt: (Math.floor(clock.nowMs / TICK_MS) + 2) * TICK_MS,
  };
  await insertPolicy(store.pool, announced, clock.nowMs);
  const booked = [];
  for (const nowMs of [clock.nowMs, announced.effectiveAt - 1, announced.effectiveAt]) {
    clock.nowMs = nowMs;
    expect((await gateway.ask({ key: partners[1].key, device: token }, BY_FIX)).json().precision).toBe('region');
    const { rows } = await store.pool.query(
      'select policy_version from ledger where kind = $1 and event_seq is null order by seq desc limit 1',
      [KIND.region],
    );
    booked.push(rows[0].policy_version);
  }
  expect(booked).toEqual([FIRST_POLICY.version, FIRST_POLICY.version, 'next']);
});

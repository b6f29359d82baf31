// What somebody says is of the time at which it counts, not of that at which it came and began to wait for the ledger. Else a person reads, and
// whoever checks the ledger finds, that something was shown on a consent after it was withdrawn.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { addDeviceKey, addPartner, HERE, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const clock = { nowMs: Date.now() };
const gateway = await openSharingGateway(store, { map: MAP, clock, people: true });
const { key, application } = await addPartner(store, 'Navi');
const deviceKey = await addDeviceKey(store);
await gateway.followKeys();

const CONSENT = `/v1/me/consents/${application}/${PURPOSE}`;
const WAITED_MS = 5_000;

test.each([
  ['a withdrawal', 'DELETE', CONSENT, undefined, KIND.consent],
  ['a refusal', 'PUT', CONSENT, { precision: 'none' }, KIND.consent],
  ['a switch', 'PATCH', '/v1/me', { sources: { gps: false } }, KIND.device],
  ['a guard', 'PUT', '/v1/me/guard', undefined, KIND.device],
])('%s that waits for the ledger is later than what is shown meanwhile', async (_, method, url, body, kind) => {
  const adult = { jurisdiction: 'NL', ageBand: '18plus' };
  const { token } = (await gateway.call('POST', '/v1/devices', deviceKey, adult)).json();
  expect((await gateway.call('PUT', CONSENT, token, { precision: 'precise' })).statusCode).toBe(200);
  expect((await gateway.ask({ key, device: token }, HERE)).json().precision).toBe('precise');
  const { waiting, cameAt } = await gateway.inChain(async () => {
    const coming = { waiting: gateway.call(method, url, token, body), cameAt: clock.nowMs };
    await sleep(100);
    clock.nowMs += WAITED_MS;
    return coming;
  });
  expect((await waiting).statusCode).toBe(200);
  const { rows } = await store.pool.query(
    `select l.at::float8 from ledger l where kind = $1 and subject = (select subject from ledger where kind = $2 order by seq desc limit 1)
     order by seq desc limit 1`,
    [kind, KIND.precise],
  );
  expect(rows[0].at - cameAt).toBe(WAITED_MS);
});

/** A yes and a look that wait for the ledger together: what the look tells. Which of them comes first is the store's to say, where it has one session. */
async function sayAndLook(): Promise<string> {
  const adult = { jurisdiction: 'NL', ageBand: '18plus' };
  const { token } = (await gateway.call('POST', '/v1/devices', deviceKey, adult)).json();
  const { said, look } = await gateway.inChain(async () => {
    const first = gateway.call('PUT', CONSENT, token, { precision: 'precise' });
    await sleep(100);
    const then = gateway.ask({ key, device: token }, HERE);
    await sleep(100);
    clock.nowMs += WAITED_MS;
    return { said: first, look: then };
  });
  expect((await said).statusCode).toBe(200);
  return (await look).json().precision;
}

test('what is shown on a yes that was said while the look waited for the ledger is later than the yes', async () => {
  await expect.poll(sayAndLook, { timeout: 20_000, interval: 0 }).toBe('precise');
  const { rows } = await store.pool.query(
    `select (l.at - e.at)::float8 as after from ledger l join consent_events e on e.seq = l.event_seq
     where l.kind = $1 order by l.seq desc limit 1`,
    [KIND.precise],
  );
  expect(rows).toEqual([{ after: 0 }]);
});

test('what runs out while a look waits for the ledger has run out for it', async () => {
  const adult = { jurisdiction: 'NL', ageBand: '18plus' };
  const { token } = (await gateway.call('POST', '/v1/devices', deviceKey, adult)).json();
  // What may be kept is written under the lock.
  const wanted = { precision: 'precise', scopes: ['geolocate', 'last-location'] };
  const expiresAt = new Date(clock.nowMs + WAITED_MS / 2).toISOString();
  expect((await gateway.call('PUT', CONSENT, token, { ...wanted, expiresAt })).statusCode).toBe(200);
  expect((await gateway.ask({ key, device: token }, HERE)).json().precision).toBe('precise');
  const { look } = await gateway.inChain(async () => {
    const waiting = gateway.ask({ key, device: token }, HERE);
    await sleep(100);
    clock.nowMs += WAITED_MS;
    return { look: waiting };
  });
  expect((await look).json().precision).toBe('region');
});

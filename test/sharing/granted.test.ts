// A yes is to one application, for one purpose, by some sources: asked by the real pipeline for everything else that it could be taken for.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import type { Profile } from '../../src/devices/profile.ts';
import { changeDevice } from '../../src/devices/store.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { addApplication, updateApplication } from '../../src/partners/registry-store.ts';
import { addKey } from '../../src/partners/store.ts';
import {
  addDevice,
  addPartner,
  HERE,
  MAP,
  MASTERS,
  openSharingGateway,
  PURPOSE,
  setGrant,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const OTHER = 'dpv:ResearchAndDevelopment';

const store = await openTestStore();
// Nothing is answered from memory: each answer is decided.
const gateway = await openSharingGateway(store, { map: MAP, leased: false });
const { clock, inChain, ask } = gateway;
const { key, application } = await addPartner(store, 'Bus Times', { purposes: [PURPOSE, OTHER] });
const vendor = (await store.pool.query('select partner from applications where id = $1', [application])).rows[0]
  .partner;

async function told(by: string, device: string, purpose = PURPOSE): Promise<string | number> {
  const answer = await ask({ key: by, device, purpose }, HERE);
  return answer.statusCode === 200 ? answer.json().precision : answer.statusCode;
}

test('a yes is acted on for its application and purpose, and neither for another purpose nor to another application of its vendor', async () => {
  const sibling = await inChain((client) =>
    addApplication(
      client,
      { partner: vendor, name: 'Bus Games', purposes: [PURPOSE, OTHER], maxPrecision: 2 },
      clock.nowMs,
    ),
  );
  const wanted = { class: 'partner' as const, name: 'games', dailyQuota: null, perMinute: null };
  const games = (await addKey(store, wanted, randomBytes, 1, { application: sibling! })).key;
  await gateway.followKeys();
  const { id, token } = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, { id, token }, application, clock.nowMs);
  expect([await told(key, token), await told(key, token, OTHER)]).toEqual(['precise', 'region']);
  expect([await told(games, token), await told(games, token, OTHER)]).toEqual(['region', 'region']);
});

test('a yes by some sources is told by those that its phone has on still, and not by one that was switched off since', async () => {
  const { id, token } = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, { id, token }, application, clock.nowMs, { sources: SOURCE.gps | SOURCE.wifi });
  expect(await told(key, token)).toBe('precise');
  const secrets = { masters: MASTERS, random: randomBytes };
  const off = ({ profile }: { profile: Profile }) => ({ profile: { ...profile, sources: ALL_SOURCES & ~SOURCE.gps } });
  await inChain((client, chain) => changeDevice(client, chain, secrets, id, off, 'test', clock.nowMs));
  expect(await told(key, token)).toBe(404);
});

test('under a yes to precise a request that can’t be located is told nothing, where silence is told the region of its tick', async () => {
  const { id, token } = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, { id, token }, application, clock.nowMs);
  expect([await told(key, token), await told(key, token, OTHER)]).toEqual(['precise', 'region']);
  const unlocated = async (purpose: string) => (await ask({ key, device: token, purpose }, {})).statusCode;
  expect([await unlocated(PURPOSE), await unlocated(OTHER)]).toEqual([404, 200]);
});

test('a purpose that was taken from an application is none of its own from then on, though its gateway has not heard of that yet', async () => {
  const { id, token } = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, { id, token }, application, clock.nowMs, {}, OTHER);
  expect(await told(key, token, OTHER)).toBe('precise');
  await inChain(async (client, chain) => {
    await updateApplication(client, application, { purposes: [PURPOSE] });
    chain.append({ at: clock.nowMs, kind: KIND.staff, detail: 'purposes' });
    chain.changed(null);
  });
  expect(await told(key, token, OTHER)).toBeOneOf([403, 404]);
});

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKeyRing } from '../../src/partners/key-ring.ts';
import {
  addApplication,
  addPartner,
  listPartners,
  readRecipient,
  setSuspended,
  updateApplication,
  updatePartner,
} from '../../src/partners/registry-store.ts';
import { addKey, followKeys, type NewHolder, type NewKey, revokeKey } from '../../src/partners/store.ts';
import type { Store } from '../../src/storage/open.ts';
import { transact } from '../../src/storage/transaction.ts';
import { afterFile, openTestStore } from '../support/store.ts';

const KEY: NewKey = { class: 'partner', name: 'Weathervane', dailyQuota: null, perMinute: null };
const WHOLE: NewHolder = {
  policyUrl: 'https://weathervane.example/privacy',
  contact: 'privacy@weathervane.example',
  controller: 'Weathervane BV, Dom 1, Utrecht',
};
const rejectErrors = (error: unknown) => {
  throw error;
};

async function follow(store: Store, now: () => number = () => 1000) {
  const ring = createKeyRing(now);
  const follower = await followKeys(store, ring.replace, rejectErrors, 1e6);
  afterFile(() => follower.stop());
  return { ring, follower };
}

describe("a partner's key", () => {
  test('stands for an application of its own, of a partner that gets regions only until it is complete', async () => {
    const store = await openTestStore();
    const [first, second] = [
      await addKey(store, KEY, randomBytes, 1000),
      await addKey(store, KEY, randomBytes, 1000, WHOLE),
    ];
    expect([first.application, second.application]).toEqual(['weathervane', 'weathervane-2']);
    const { ring, follower } = await follow(store);
    const recipient = {
      application: 'weathervane',
      partner: 'weathervane',
      role: 'vendor',
      purposes: ['dpv:ServiceProvision'],
      maxPrecision: 2,
      active: false,
      suspended: false,
      adFunded: false,
    };
    expect(ring.find(first.key)?.recipient).toEqual(recipient);
    expect(ring.find(second.key)?.recipient).toMatchObject({ application: 'weathervane-2', active: true });
    await transact(store.pool, (client) => updatePartner(client, 'weathervane', { ...WHOLE, adFunded: true }));
    await follower.poll();
    expect(ring.find(first.key)?.recipient).toEqual({ ...recipient, active: true, adFunded: true });
    expect(await readRecipient(store.pool, first.id, 2000)).toEqual(ring.find(first.key)?.recipient);
  });

  test('may stand for an application that is there, and for no other', async () => {
    const store = await openTestStore();
    const { application } = await addKey(store, KEY, randomBytes, 1000);
    const other = await addKey(store, { ...KEY, name: 'second' }, randomBytes, 1000, { application: application! });
    expect(other.application).toBe(application);
    await expect(addKey(store, KEY, randomBytes, 1000, { application: 'nobody' })).rejects.toThrow(RangeError);
    const { rows } = await store.pool.query(
      'select (select count(*)::int from api_keys) keys, (select count(*)::int from partners) partners',
    );
    expect(rows).toEqual([{ keys: 2, partners: 1 }]);
  });

  test('is told of a suspension of its application or its partner, as is whoever reads the store, and of its end', async () => {
    const store = await openTestStore();
    const { id, key } = await addKey(store, KEY, randomBytes, 1000, WHOLE);
    const { ring, follower } = await follow(store);
    for (const subject of [{ partner: 'weathervane' }, { application: 'weathervane' }]) {
      for (const [atMs, suspended] of [[5000, true] as const, [null, false] as const]) {
        expect(await transact(store.pool, (client) => setSuspended(client, subject, atMs))).toBe(true);
        expect((await readRecipient(store.pool, id, 6000))?.suspended).toBe(suspended);
        await follower.poll();
        expect(ring.find(key)?.recipient?.suspended).toBe(suspended);
      }
    }
    expect(await transact(store.pool, (client) => setSuspended(client, { partner: 'nobody' }, 1))).toBe(false);
  });

  test('is nobody in the store once revoked or run out, and no key of another class is anybody', async () => {
    const store = await openTestStore();
    const { id } = await addKey(store, { ...KEY, expiresAt: 3000 }, randomBytes, 1000);
    const maker = await addKey(store, { ...KEY, class: 'device' }, randomBytes, 1000);
    expect(maker).not.toHaveProperty('application');
    expect(await readRecipient(store.pool, id, 2999)).not.toBeNull();
    expect(await readRecipient(store.pool, id, 3000)).toBeNull();
    expect(await readRecipient(store.pool, maker.id, 2000)).toBeNull();
    await revokeKey(store, id, 2000);
    expect(await readRecipient(store.pool, id, 2000)).toBeNull();
  });

  test('opens nothing from the moment on at which it runs out, also where it was in use', async () => {
    const store = await openTestStore();
    const { key } = await addKey(store, { ...KEY, expiresAt: Date.now() + 1e9 }, randomBytes, 1000);
    let nowMs = Date.now();
    const { ring } = await follow(store, () => nowMs);
    expect(ring.find(key)).not.toBeNull();
    nowMs += 1e9;
    expect(ring.find(key)).toBeNull();
  });

  test('that had run out before a gateway started is not handed to it', async () => {
    const store = await openTestStore();
    const { key } = await addKey(store, { ...KEY, expiresAt: Date.now() - 1 }, randomBytes, 1000);
    const { ring } = await follow(store, () => 0);
    expect(ring.find(key)).toBeNull();
  });
});

describe('partners and applications', () => {
  test('are added under ids that nobody has, and listed with one another', async () => {
    const store = await openTestStore();
    const empty = { role: 'licensee', policyUrl: null, contact: null, controller: null, adFunded: false } as const;
    await transact(store.pool, async (client) => {
      expect(await addPartner(client, { ...empty, name: 'Pigeon', id: 'pigeon' }, 1000)).toBe('pigeon');
      expect(await addPartner(client, { ...empty, name: 'Pigeon', id: 'pigeon' }, 1000)).toBeNull();
      expect(await addPartner(client, { ...empty, name: 'Pigeon' }, 2000)).toBe('pigeon-2');
      const wanted = { name: 'Parcels', purposes: ['dpv:DeliveryOfGoods'], maxPrecision: 1 };
      expect(await addApplication(client, { ...wanted, partner: 'pigeon' }, 3000)).toBe('parcels');
      expect(await addApplication(client, { ...wanted, partner: 'nobody' }, 3000)).toBeNull();
      expect(await updateApplication(client, 'parcels', { maxPrecision: 2 })).toBe(true);
      expect(await updateApplication(client, 'nothing', { maxPrecision: 2 })).toBe(false);
    });
    expect(await listPartners(store.pool)).toMatchObject([
      { id: 'pigeon', role: 'licensee', active: false, applications: [{ application: 'parcels', maxPrecision: 2 }] },
      { id: 'pigeon-2', createdAt: 2000, suspendedAt: null, applications: [] },
    ]);
  });
});

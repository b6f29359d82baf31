import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKeyRing } from '../../src/partners/key-ring.ts';
import { addKey, followKeys, listKeys, type NewKey, revokeKey } from '../../src/partners/store.ts';
import { connectStore } from '../../src/storage/open.ts';
import { afterFile, ON_POSTGRES, openTestStore } from '../support/store.ts';

const WANTED: NewKey = { class: 'device', name: 'Maker X', dailyQuota: 1000, perMinute: null, trusted: true };
const rejectErrors = (error: unknown) => {
  throw error;
};

describe('keys in the store', () => {
  test('are shown once and kept as a hash only', async () => {
    const store = await openTestStore();
    const added = await addKey(store, WANTED, randomBytes, 1000);
    expect(added).toEqual({
      id: expect.stringMatching(/^key_/),
      key: expect.stringMatching(/^hgd_/),
      class: 'device',
      name: 'Maker X',
    });
    const { rows } = await store.pool.query('select row_to_json(k)::text as row from api_keys k');
    expect(rows).toHaveLength(1);
    for (const secret of [added.key, added.key.slice(4)]) {
      expect(rows[0].row).not.toContain(secret);
      expect(rows[0].row).not.toContain(Buffer.from(secret).toString('hex'));
    }
    expect(await listKeys(store)).toEqual([{ ...WANTED, id: added.id, createdAt: 1000, revokedAt: null }]);
  });

  test('are revoked once, for good', async () => {
    const store = await openTestStore();
    const { id } = await addKey(store, WANTED, randomBytes, 1000);
    expect(await revokeKey(store, id, 2000)).toBe(true);
    expect(await revokeKey(store, id, 3000)).toBe(false);
    expect(await revokeKey(store, 'key_unknown', 3000)).toBe(false);
    expect((await listKeys(store)).map((key) => key.revokedAt)).toEqual([2000]);
  });

  test('added and revoked through another connection reach who follows, others keep their slots', async () => {
    const store = await openTestStore();
    const elsewhere = connectStore(store.address);
    afterFile(() => elsewhere.close());
    const first = await addKey(elsewhere, WANTED, randomBytes, 1000);
    const ring = createKeyRing(Date.now);
    const follower = await followKeys(store, ring.replace, rejectErrors, 10);
    afterFile(() => follower.stop());
    expect(ring.find(first.key)).toMatchObject({ id: first.id, name: 'Maker X', dailyQuota: 1000, perMinute: null });

    const second = await addKey(elsewhere, { ...WANTED, class: 'partner' }, randomBytes, 500);
    await expect.poll(() => ring.find(second.key)?.class, { interval: 5, timeout: 20_000 }).toBe('partner');
    const slot = ring.find(second.key)?.slot;
    await revokeKey(elsewhere, first.id, 2000);
    await expect.poll(() => ring.find(first.key), { interval: 5, timeout: 20_000 }).toBeNull();
    expect(ring.find(second.key)?.slot).toBe(slot);
  });

  // The embedded store has one session, so transactions cannot overlap there.
  test.runIf(ON_POSTGRES)(
    'reach who follows also if the older of two transactions commits last, or a third never ends',
    async () => {
      const store = await openTestStore();
      const ring = createKeyRing(Date.now);
      const keys = [await addKey(store, WANTED, randomBytes, 1), await addKey(store, WANTED, randomBytes, 2)];
      const follower = await followKeys(store, ring.replace, rejectErrors, 1e6);
      afterFile(() => follower.stop());
      const [older, endless] = [await store.pool.connect(), await store.pool.connect()];
      await older.query('begin; select pg_current_xact_id()');
      await endless.query('begin; select pg_current_xact_id()');
      await revokeKey(store, keys[0].id, 3);
      await follower.poll();
      expect(ring.find(keys[0].key)).toBeNull();
      await older.query(
        `update api_keys set revoked_at = 4, changed = pg_current_xact_id() where id = '${keys[1].id}'`,
      );
      await older.query('commit');
      await follower.poll();
      expect(ring.find(keys[1].key)).toBeNull();
      await endless.query('rollback');
      older.release();
      endless.release();
    },
  );

  test('stay as they were while the store cannot be asked, which is said once', async () => {
    const store = await openTestStore();
    const { key } = await addKey(store, WANTED, randomBytes, 1000);
    const ring = createKeyRing(Date.now);
    const errors: unknown[] = [];
    const link = connectStore(store.address);
    const follower = await followKeys(link, ring.replace, (error) => errors.push(error), 5);
    afterFile(() => follower.stop());
    await link.close();
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBe(1);
    await expect(follower.poll()).rejects.toThrow();
    expect(ring.find(key)).not.toBeNull();
    expect(errors).toHaveLength(1);
  });
});

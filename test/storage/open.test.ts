import { describe, expect, test } from 'vitest';
import { apiKeys } from '../../src/storage/tables.ts';
import { openTestStore } from '../support/store.ts';

describe('an open store', () => {
  test('has its tables and an identity that differs from every other store', async () => {
    const [a, b] = await Promise.all([openTestStore(), openTestStore()]);
    const identity = async (store: typeof a) => (await store.pool.query('select store from store_meta')).rows;
    expect(await identity(a)).toHaveLength(1);
    expect(await identity(a)).not.toEqual(await identity(b));
    expect(await a.orm.select().from(apiKeys)).toEqual([]);
  });
});

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeStoreLoss, openStore } from '../../src/storage/open.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder } from '../support/store.ts';

describe('an open store', () => {
  test('has its tables and an identity that differs from every other store', async () => {
    const [a, b] = await Promise.all([openTestStore(), openTestStore()]);
    const identity = async (store: typeof a) => (await store.pool.query('select store from store_meta')).rows;
    expect(await identity(a)).toHaveLength(1);
    expect(await identity(a)).not.toEqual(await identity(b));
    expect((await a.pool.query('select * from api_keys')).rows).toEqual([]);
  });

  test.runIf(ON_POSTGRES)(
    'outlives its connections: an idle one that breaks is told of, and the next query works',
    async () => {
      const url = await testDatabase();
      const errors: Error[] = [];
      const store = await openStore(
        { databaseUrl: url, dataDir: testFolder() },
        { onError: (error) => errors.push(error) },
      );
      afterFile(() => store.close());
      await Promise.all([store.pool.query('select 1'), store.pool.query('select 1')]);
      const other = await openStore({ databaseUrl: url, dataDir: testFolder() });
      await other.pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      await other.close();
      await expect.poll(() => store.pool.totalCount, { timeout: 20_000 }).toBe(0);
      expect(errors.length).toBeGreaterThan(0);
      expect((await store.pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    },
  );

  test.runIf(ON_POSTGRES)('is refused where names in other scripts would not fit', async () => {
    const url = new URL(await testDatabase());
    const admin = await openStore({ databaseUrl: url.href, dataDir: testFolder() });
    afterFile(() => admin.close());
    const name = `latin_${process.pid}`;
    await admin.pool.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    url.pathname = `/${name}`;
    try {
      await expect(openStore({ databaseUrl: url.href, dataDir: testFolder() })).rejects.toThrow(/LATIN1.*UTF8/);
    } finally {
      await admin.pool.query(`drop database ${name} with (force)`);
    }
  });

  test.runIf(ON_POSTGRES)('that cannot be opened never shows its password', async () => {
    const url = new URL(await testDatabase());
    url.password = 'canary-of-a-password';
    url.username = 'nobody-of-that-name';
    const failure = await openStore({ databaseUrl: url.href, dataDir: testFolder() }).catch((error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(inspect(failure)).not.toContain('canary');
  });
});

test.each([
  ['ENOTFOUND', 'getaddrinfo', /nobody here knows the host/],
  ['EAI_AGAIN', 'getaddrinfo', /the name server does not say/],
  ['ECONNREFUSED', 'connect', /the process that serves it is not there/],
])('says of a store that fails with %s what to look at', (code, syscall, says) => {
  expect(describeStoreLoss(Object.assign(new Error(code), { code, syscall }))).toMatch(says);
});

test('says which setting of a store is too small when a query may not spill what it sorts', async () => {
  const client = await (await openTestStore()).pool.connect();
  await client.query(`begin; set local temp_file_limit = 0; set local work_mem = '64kB'`);
  const failure = await client
    .query('select max(g) from (select g from generate_series(1, 100000) g order by -g offset 1) sorted')
    .catch((error) => error);
  client.release(true);
  expect(describeStoreLoss(failure)).toMatch(/temp_file_limit is too small$/);
});

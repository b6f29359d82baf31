import { describe, expect, test } from 'vitest';
import { migrationState } from '../../src/storage/migrate.ts';
import { openStore } from '../../src/storage/open.ts';
import { startScript } from '../support/process.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder, testStoreConfig } from '../support/store.ts';

describe('migrations', () => {
  test('are all applied to an open store', async () => {
    const store = await openTestStore();
    const state = await migrationState((sql) => store.pool.query(sql));
    expect(state.expected).toBeGreaterThan(0);
    expect(state).toEqual({ applied: state.expected, expected: state.expected, unknown: 0 });
  });

  test('of a newer version are refused, not run over', async () => {
    const store = await openTestStore();
    await store.pool.query(
      `insert into drizzle.__drizzle_migrations (hash, created_at) values ('of the future', 9e15)`,
    );
    await store.close();
    const again = openStore(
      store.address.kind === 'postgres'
        ? { databaseUrl: store.address.url, dataDir: '' }
        : { dataDir: store.address.socketFolder.replace(/\/embedded$/, '') },
    );
    await expect(again).rejects.toThrow(/newer/);
  });

  test.skipIf(ON_POSTGRES)(
    'of another version are told of, beside a server that runs that: a command would fail half-way, or on tables that changed',
    async () => {
      const config = await testStoreConfig();
      const { pool, close } = await openStore(config, { role: 'server' });
      afterFile(close);
      const command = async () => (await openStore(config)).close();
      await command();
      const last = 'select max(created_at) from drizzle.__drizzle_migrations';
      const { rows } = await pool.query(
        `delete from drizzle.__drizzle_migrations where created_at = (${last}) returning *`,
      );
      await expect(command()).rejects.toThrow(/served by an older Honeyguide, and lacks 1 migration/);
      const put = 'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)';
      await pool.query(put, [rows[0].hash, rows[0].created_at]);
      await command();
      await pool.query(put, ['of the future', '9000000000000000']);
      await expect(command()).rejects.toThrow(/newer/);
    },
  );

  test.runIf(ON_POSTGRES)('run once when several processes start at once on an empty database', async () => {
    const url = await testDatabase();
    const opening = `
      import { openStore } from 'src/storage/open.ts';
      const store = await openStore({ databaseUrl: process.env.URL, dataDir: '' });
      console.log((await store.pool.query('select store from store_meta')).rows[0].store);
      await store.close();`;
    const children = Array.from({ length: 4 }, () => startScript(opening, { URL: url }));
    const stores = await Promise.all(children.map((child) => child.line()));
    expect(new Set(stores).size).toBe(1);
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0]);
    const store = await openStore({ databaseUrl: url, dataDir: testFolder() });
    afterFile(() => store.close());
    const { rows } = await store.pool.query('select count(*)::int as n from drizzle.__drizzle_migrations');
    expect(rows[0].n).toBe((await migrationState((sql) => store.pool.query(sql))).expected);
  });

  test.runIf(ON_POSTGRES)('leave no lock behind, and connections keep values out of the log', async () => {
    const store = await openTestStore();
    const { rows: locks } = await store.pool.query(
      `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    expect(locks).toEqual([]);
    const { rows } = await store.pool.query(
      `select name, setting from pg_settings where name in ('log_parameter_max_length', 'log_parameter_max_length_on_error') order by name`,
    );
    expect(rows.map((row) => row.setting)).toEqual(['0', '0']);
  });
});

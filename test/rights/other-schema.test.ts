// A PostgreSQL whose operator keeps our tables in a schema of their own.
import pg from 'pg';
import { expect, test } from 'vitest';
import { findTraces } from '../../src/rights/traces-store.ts';
import { unguardedTables } from '../../src/storage/append-only.ts';
import { openStore } from '../../src/storage/open.ts';
import { afterFile, ON_POSTGRES, testDatabase, testFolder } from '../support/store.ts';
import { register } from './people.ts';

test.runIf(ON_POSTGRES)(
  'what is left of somebody is found, and the guard of the evidence is seen, in any schema',
  async () => {
    const databaseUrl = await testDatabase();
    const operator = new pg.Client(databaseUrl);
    await operator.connect();
    await operator.query(`create schema "Gate way"; drop schema public`);
    await operator.query(`alter database "${new URL(databaseUrl).pathname.slice(1)}" set search_path = "Gate way"`);
    await operator.end();
    const store = await openStore({ databaseUrl, dataDir: testFolder() });
    afterFile(() => store.close());
    const { device } = await register(store.pool);
    expect(await findTraces(store.pool, device)).toContain('devices.id');
    expect(await unguardedTables(store.pool)).toEqual([]);
    await store.pool.query('alter table ledger disable trigger all');
    expect(await unguardedTables(store.pool)).toEqual(['ledger']);
  },
);

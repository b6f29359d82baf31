import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deriveAreas } from '../../src/stations/areas.ts';
import { repairFeed, tablesAhead } from '../../src/stations/feed-repair-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { canDump, createPrivatePostgres, POSTGRES_BIN } from '../support/private-postgres.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder } from '../support/store.ts';

const CELLS = `insert into cells (radio, mcc, mnc, area, cell_id, lat, lon)
  select 3, 262, 1, 5, i, 1, 2 from generate_series(1, 5000) i`;

test('rows of another server are counted as changed now, once; where nothing lies ahead nothing is written', async () => {
  const { pool } = await openTestStore();
  await pool.query(CELLS);
  await pool.query('insert into wifi_stations (mac) values (1)');
  expect([await tablesAhead(pool), await repairFeed(pool)]).toEqual([[], 0]);
  await pool.query(`update cells set changed = '888888888888' where cell_id > 2000`);
  expect(await tablesAhead(pool)).toEqual(['cells']);
  const stopped = await repairFeed(pool, AbortSignal.abort());
  expect(stopped).toBe(0);
  expect(await repairFeed(pool)).toBe(3000);
  expect([await tablesAhead(pool), await repairFeed(pool)]).toEqual([[], 0]);
  const { rows } = await pool.query('select count(*)::int as n from cells');
  expect(rows[0].n).toBe(5000);
});

test.runIf(ON_POSTGRES && (await canDump()))(
  'a dump restored on a younger server is repaired, and areas are derived once, not for ever',
  async () => {
    const databaseUrl = await testDatabase();
    const old = await openStore({ databaseUrl, dataDir: testFolder() });
    // The test server has counted far; a new cluster begins at some 700.
    await old.pool.query(CELLS);
    await old.close();
    const dump = execFileSync(join(POSTGRES_BIN!, 'pg_dump'), ['--no-owner', '--dbname', databaseUrl], {
      maxBuffer: 1 << 28,
    });
    const server = await createPrivatePostgres([]);
    await server.start();
    execFileSync(join(POSTGRES_BIN!, 'psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '--dbname', server.url], { input: dump });
    const store = await openStore({ databaseUrl: server.url, dataDir: testFolder() });
    afterFile(() => store.close());
    expect(await tablesAhead(store.pool)).toEqual(['cells']);
    expect(await repairFeed(store.pool)).toBe(5000);
    const client = await store.pool.connect();
    const derived = [await deriveAreas(client), await deriveAreas(client)];
    client.release();
    expect(derived.map(({ areas }) => areas)).toEqual([1, 0]);
  },
  60_000,
);

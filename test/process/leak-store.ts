// Where a load may leave something: a store that writes down all it can, what lies in it and beside it when the gateway has
// stopped, and how it is broken meanwhile.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';
import type { Store, StoreConfig } from '../../src/storage/open.ts';
import { APPLICATION_NAME } from '../../src/storage/prepared.ts';
import { filesBelow } from '../support/files.ts';
import type { Running } from '../support/gateway.ts';
import { createPrivatePostgres, POSTGRES_BIN } from '../support/private-postgres.ts';
import { ON_POSTGRES, testFolder, testStoreConfig } from '../support/store.ts';
import { type Ask, JURISDICTION, type Keys, lookUps, type Phone, runMixed, STEM } from './leak-load.ts';

/** Writes down every statement, every parameter it is not forbidden to, and every error with its details. */
const TALKATIVE = [
  ...['logging_collector = on', "log_directory = 'log'", "log_filename = 'all'", "log_statement = 'all'"],
  ...['log_min_duration_statement = 0', 'log_parameter_max_length = -1', 'log_parameter_max_length_on_error = -1'],
  ...["log_error_verbosity = 'verbose'", 'log_connections = on'],
];

type LeakStore = StoreConfig & { readonly logs?: string };

export async function talkativeStore(): Promise<LeakStore> {
  if (!ON_POSTGRES) return await testStoreConfig();
  const server = await createPrivatePostgres(TALKATIVE);
  await server.start();
  return { dataDir: testFolder(), databaseUrl: server.url, logs: join(server.dataDir, 'log') };
}

/** What breaks while it is asked: tables that are not there, checks that quote the row, connections that are cut. */
export async function breakThings(
  ask: Ask,
  store: Store,
  keys: Keys,
  phones: readonly Phone[],
  url?: string,
): Promise<void> {
  const { pool } = store;
  const everything = () => phones.flatMap((phone, i) => lookUps(ask, keys, phone, i));
  await pool.query('alter table rights_requests rename to moved');
  await pool.query('alter table complaints add constraint refuses check (received_at < 0) not valid');
  await pool.query('alter table devices add constraint refuses check (created_at < 0) not valid');
  await pool.query('alter table last_locations add constraint refuses check (expires_at < 0) not valid');
  for (const { token: bearer } of phones) {
    await ask('nobody', 'POST', '/v1/me/restrict', { bearer });
    await ask('nobody', 'GET', '/v1/me/export', { bearer });
    await ask('nobody', 'PATCH', '/v1/me', { bearer, body: { jurisdiction: JURISDICTION, ageBand: '16to17' } });
    await ask('nobody', 'POST', '/v1/privacy/complaints', {
      body: { text: `${STEM}-broken`, replyTo: `${STEM}@x.nl` },
    });
    await ask('nobody', 'POST', `/v1/devices?key=${keys.device}`, { body: { jurisdiction: JURISDICTION } });
  }
  await runMixed(everything());
  await pool.query('alter table moved rename to rights_requests');
  for (const table of ['complaints', 'devices', 'last_locations'])
    await pool.query(`alter table ${table} drop constraint refuses`);
  if (url === undefined) return;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${APPLICATION_NAME}'`;
  const load = runMixed([...everything(), ...everything()]);
  for (let i = 0; i < 20; i++) await admin.query(cut);
  await load;
  await admin.end();
}

/** Every row of every table as text. */
export async function rowsOf(store: Store): Promise<Record<string, string>> {
  const { rows } = await store.pool.query(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  const all: Record<string, string> = {};
  for (const { name } of rows) {
    const found = await store.pool.query(`select to_jsonb(t)::text as row from "${name}" t`);
    all[`table ${name}`] = found.rows.map(({ row }) => row).join('\n');
  }
  return all;
}

/** Stops it; what it wrote: its log, what lies in the store and beside it, and what PostgreSQL wrote down. */
export async function stopped(running: Running, config: LeakStore): Promise<Record<string, Buffer | string>> {
  running.child.process.kill('SIGTERM');
  await running.until('stopped');
  expect(await running.child.ended).toBe(0);
  const lines = running.lines.map((line) => JSON.stringify(line)).join('\n');
  const index = join(config.dataDir, 'stations.index');
  const files = ON_POSTGRES ? filesBelow(config.logs!) : filesBelow(join(config.dataDir, 'embedded', 'pgdata'));
  const dump = ON_POSTGRES
    ? execFileSync(join(POSTGRES_BIN!, 'pg_dump'), ['--dbname', config.databaseUrl!], { maxBuffer: 1 << 28 })
    : '';
  return {
    ...{ log: lines, errors: running.child.errors(), index: readFileSync(index), dump },
    ...Object.fromEntries(files.map((path) => [path, readFileSync(path)])),
  };
}

// A store of its own for whoever asks, real in every respect: PGlite in its thread (DB=embedded, the default) or a database
// on the server at TEST_DATABASE_URL (DB=postgres). All are closed and removed after the test file that imported this.

import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { openStore, type Store, type StoreConfig } from '../../src/storage/open.ts';
import { afterFile } from './after-file.ts';

export { afterFile };

export const ON_POSTGRES = process.env.DB === 'postgres';

/** An empty folder, removed after the test file. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-test-'));
  afterFile(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** What the types of this project lack. */
const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<object> } };

/** PGlite's program: as long as this process holds it, no thread that opens a store in it compiles it again. */
let program: Promise<object> | undefined;
function holdProgram(): Promise<object> {
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  program ??= WebAssembly.compile(readFileSync(join(dirname(pglite), 'pglite.wasm')));
  return program;
}

/** Where a fresh, empty, migrated store lies, not opened: for tests that start processes. */
export async function testStoreConfig(): Promise<StoreConfig> {
  const dataDir = testFolder();
  if (ON_POSTGRES) return { dataDir, databaseUrl: await testDatabase(inject('postgresTemplate')) };
  await holdProgram();
  mkdirSync(join(dataDir, 'embedded'), { mode: 0o700 });
  cpSync(inject('embeddedTemplate'), join(dataDir, 'embedded', 'pgdata'), { recursive: true });
  return { dataDir };
}

/** A fresh, empty, migrated store with an identity of its own. */
export async function openTestStore(): Promise<Store> {
  const store = await openStore(await testStoreConfig());
  afterFile(() => store.close());
  await store.pool.query('update store_meta set store = gen_random_uuid()');
  return store;
}

/** The URL of an empty database on the test server, or of a copy of another; dropped after the test file. */
export async function testDatabase(template = 'template1'): Promise<string> {
  const url = process.env.TEST_DATABASE_URL!;
  const name = `honeyguide_test_${randomBytes(6).toString('hex')}`;
  await onServer(url, `create database ${name} template ${template}`);
  afterFile(() => onServer(url, `drop database if exists ${name} with (force)`));
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

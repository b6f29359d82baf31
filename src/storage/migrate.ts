// Brings a store's tables to what this version expects, from the SQL files in schema/migrations (written by drizzle-kit,
// which is not needed here). Promises: safe when several processes start at once, all or nothing, forward only.
// A store that a newer version has migrated is refused: running against tables one does not know loses data quietly.
// The records are drizzle's own; its migrators are not used because loading them takes a second at every embedded start.

import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type pg from 'pg';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../schema/migrations', import.meta.url));

/** Any number nobody else locks: the first eight bytes of SHA-256("honeyguide migrations") as a signed 64-bit integer. */
const MIGRATION_LOCK = '1864754815207973658';

/** How many migrations the store has, how many this version has, and how many of the store's are unknown to it. */
export type MigrationState = { applied: number; expected: number; unknown: number };

/** Runs one or more statements without parameters; resolves to the rows of the last. */
type Run = (sql: string) => Promise<{ rows: unknown[] }>;

/** Reads what has been applied; a store that was never migrated has 0. */
export async function migrationState(run: Run): Promise<MigrationState> {
  const { files, applied } = await compare(run);
  const known = files.filter((file) => applied.has(file.hash)).length;
  return { applied: known, expected: files.length, unknown: applied.size - known };
}

/** Throws, with a sentence for people, if a store that somebody else serves has not just the tables of this version. */
export async function requireMigrated(run: Run): Promise<void> {
  const { applied, expected, unknown } = await migrationState(run);
  if (unknown > 0) throw new Error(ofNewer(unknown));
  if (applied < expected) {
    throw new Error(
      `the store is served by an older Honeyguide, and lacks ${expected - applied} migration(s) of this one: restart that as this version first`,
    );
  }
}

const ofNewer = (unknown: number): string =>
  `the store holds ${unknown} migration(s) this version does not know: it was opened by a newer or another Honeyguide; update this one`;

/** Migrates a PostgreSQL server; whoever comes second waits for the first and finds nothing left to do. */
export async function migratePostgres(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`);
    await applyMissing((sql) => client.query(sql));
  } finally {
    // The lock, and a transaction that failed, belong to the session, so they end with it.
    client.release(true);
  }
}

/** Migrates an embedded store that nobody else has open yet. */
export async function migrateEmbedded(db: PGlite): Promise<void> {
  await applyMissing(async (sql) => (await db.exec(sql)).at(-1) ?? { rows: [] });
}

async function applyMissing(run: Run): Promise<void> {
  const { files, applied } = await compare(run);
  const missing = files.filter((file) => !applied.delete(file.hash));
  if (applied.size > 0) throw new Error(ofNewer(applied.size));
  if (missing.length === 0) return;
  await run('begin');
  await run('create schema if not exists drizzle');
  await run(
    'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
  );
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) await run(statement);
    await run(`insert into drizzle.__drizzle_migrations (hash, created_at) values ('${hash}', ${folderMillis})`);
  }
  await run('commit');
}

async function compare(run: Run) {
  const files = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  const { rows: here } = await run(`select to_regclass('drizzle.__drizzle_migrations') is not null as here`);
  if (!(here[0] as { here: boolean }).here) return { files, applied: new Set<string>() };
  const { rows } = await run('select hash from drizzle.__drizzle_migrations');
  return { files, applied: new Set((rows as { hash: string }[]).map((row) => row.hash)) };
}

// Brings a store's tables to what this version expects, from the SQL files in schema/migrations (written by drizzle-kit,
// which is not needed here). Promises: safe when several processes start at once, all or nothing, forward only.
// A store that a newer version has migrated is refused: running against tables one does not know loses data quietly.

import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as migrateServer } from 'drizzle-orm/node-postgres/migrator';
import { drizzle as drizzleEmbedded } from 'drizzle-orm/pglite';
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator';
import type pg from 'pg';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../schema/migrations', import.meta.url));

/** Any number nobody else locks: the first eight bytes of SHA-256("honeyguide migrations") as a signed 64-bit integer. */
const MIGRATION_LOCK = '1864754815207973658';

/** How many migrations the store has, how many this version has, and how many of the store's are unknown to it. */
export type MigrationState = { applied: number; expected: number; unknown: number };

type Query = (sql: string) => Promise<{ rows: unknown[] }>;

/** Reads what has been applied; a store that was never migrated has 0. */
export async function migrationState(query: Query): Promise<MigrationState> {
  const files = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  const state: MigrationState = { applied: 0, expected: files.length, unknown: 0 };
  const { rows: present } = await query(`select to_regclass('drizzle.__drizzle_migrations') is not null as present`);
  if (!(present[0] as { present: boolean }).present) return state;
  const { rows } = await query('select hash from drizzle.__drizzle_migrations');
  const known = new Set(files.map((file) => file.hash));
  for (const { hash } of rows as { hash: string }[]) {
    if (known.has(hash)) state.applied++;
    else state.unknown++;
  }
  return state;
}

/** Migrates a PostgreSQL server; whoever comes second waits for the first and finds nothing left to do. */
export async function migratePostgres(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`);
    refuseNewer(await migrationState((sql) => client.query(sql)));
    await migrateServer(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
  } finally {
    // The lock belongs to the session, so the session ends with it.
    client.release(true);
  }
}

/** Migrates an embedded store that nobody else has open yet. */
export async function migrateEmbedded(db: PGlite): Promise<void> {
  refuseNewer(await migrationState((sql) => db.query(sql)));
  await migratePglite(drizzleEmbedded(db), { migrationsFolder: MIGRATIONS_FOLDER });
}

function refuseNewer(state: MigrationState): void {
  if (state.unknown === 0) return;
  throw new Error(
    `the store holds ${state.unknown} migration(s) this version does not know: it was opened by a newer or another Honeyguide; update this one`,
  );
}

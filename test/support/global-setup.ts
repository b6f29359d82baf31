// Once per run. DB=embedded: a migrated PGlite folder that every test store is copied from, kept between runs under
// node_modules/.cache and named by what it depends on. DB=postgres: says at once if there is no server to test on.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { MIGRATIONS_FOLDER, migrateEmbedded } from '../../src/storage/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    embeddedTemplate: string;
  }
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/honeyguide-test', import.meta.url));

export default async function setup(project: TestProject): Promise<void> {
  if (process.env.DB === 'postgres') await requirePostgres();
  project.provide('embeddedTemplate', await embeddedTemplate());
}

async function embeddedTemplate(): Promise<string> {
  const template = join(CACHE, `pgdata-${templateVersion()}`);
  if (existsSync(template)) return template;
  mkdirSync(CACHE, { recursive: true });
  const building = mkdtempSync(join(CACHE, 'building-'));
  const files = join(building, 'pgdata');
  const db = await PGlite.create(files);
  await migrateEmbedded(db);
  // Half of the files, of no use to a store that creates no databases, and every test store copies them all.
  await db.exec('update pg_database set datistemplate = false');
  for (const unused of ['template0', 'template1']) await db.exec(`drop database ${unused}`);
  await db.close();
  try {
    renameSync(files, template);
  } catch (error) {
    // Another run was faster: its template is as good.
    if (!existsSync(template)) throw error;
  }
  rmSync(building, { recursive: true, force: true });
  return template;
}

function templateVersion(): string {
  const hash = createHash('sha256').update(readFileSync(import.meta.filename));
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  hash.update(readFileSync(join(dirname(pglite), '..', 'package.json')));
  for (const name of readdirSync(MIGRATIONS_FOLDER).sort()) {
    if (name.endsWith('.sql')) hash.update(name).update(readFileSync(join(MIGRATIONS_FOLDER, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function requirePostgres(): Promise<void> {
  const url = process.env.TEST_DATABASE_URL;
  const how = `DB=postgres needs a server whose role may create databases, for instance:
  docker run -d -p 5433:5432 -e POSTGRES_PASSWORD=test postgres:17
  TEST_DATABASE_URL=postgres://postgres:test@127.0.0.1:5433/postgres npm run test:postgres`;
  if (!url) throw new Error(how);
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(how, { cause: error });
  }
  await client.end();
}

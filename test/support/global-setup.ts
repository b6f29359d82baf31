// Once per run, a migrated store that every test store is copied from: a PGlite folder, kept between runs under
// node_modules/.cache and named by what it depends on; with DB=postgres a database too, dropped after the run. Says at once
// if there is no server to test on.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { MIGRATIONS_FOLDER, migrateEmbedded, migratePostgres } from '../../src/storage/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    embeddedTemplate: string;
    /** Name of the database; '' without DB=postgres. */
    postgresTemplate: string;
  }
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/honeyguide-test', import.meta.url));

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const template = process.env.DB === 'postgres' ? await postgresTemplate() : '';
  project.provide('postgresTemplate', template);
  project.provide('embeddedTemplate', await embeddedTemplate());
  return template === '' ? undefined : () => onServer(`drop database ${template} with (force)`);
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
  // As many as tests need: to lay out the 128 MB of buffers that a store has by default is half of what it takes to start.
  await db.exec(`alter system set shared_buffers = '16MB'`);
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

/** Migrating is most of what it takes to make a test store on a server. */
async function postgresTemplate(): Promise<string> {
  const name = `honeyguide_template_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(process.env.TEST_DATABASE_URL!);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href });
  await migratePostgres(pool);
  await pool.end();
  return name;
}

async function onServer(sql: string): Promise<void> {
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
  await client.query(sql);
  await client.end();
}

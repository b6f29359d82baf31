// Everything a store holds, as bytes: what a scan for somebody's traces looks through. All of every table as text, and the files
// of the database, read from the disk or through the server where that is elsewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { ON_POSTGRES } from '../support/store.ts';

/** Every row of every table as JSON, and what the planner keeps of them as samples; bytes are in it as hex. */
export async function dumpTables(db: Pool): Promise<string> {
  const { rows } = await db.query(
    "select table_name as t from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  const texts: string[] = [];
  for (const { t } of rows)
    texts.push(...(await db.query(`select to_jsonb(x)::text as row from "${t}" x`)).rows.map((row) => row.row));
  const { rows: samples } = await db.query(
    "select to_jsonb(s)::text as row from pg_stats s where schemaname = 'public'",
  );
  return [...texts, ...samples.map((one) => one.row)].join('\n');
}

/** Which of the byte strings are in any file of the tables and indexes. */
export async function inFiles(dataDir: string, db: Pool, needles: readonly Buffer[]): Promise<boolean[]> {
  const found = needles.map(() => false);
  const look = (bytes: Buffer) =>
    needles.forEach((needle, i) => {
      if (bytes.includes(needle)) found[i] = true;
    });
  if (!ON_POSTGRES) {
    const base = join(dataDir, 'embedded', 'pgdata', 'base');
    for (const file of readdirSync(base, { recursive: true, withFileTypes: true }))
      if (file.isFile()) look(readFileSync(join(file.parentPath, file.name)));
    return found;
  }
  const { rows } = await db.query(
    `select pg_relation_filepath(c.oid) as path from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'pg_toast') and c.relkind in ('r', 't', 'i') and pg_relation_size(c.oid) > 0`,
  );
  for (const { path } of rows) {
    const { rows: files } = await db.query('select pg_read_binary_file($1, 0, 100000000, true) as bytes', [path]);
    if (files[0].bytes !== null) look(files[0].bytes);
  }
  return found;
}

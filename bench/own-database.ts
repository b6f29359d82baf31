// A database of a bench's own on a PostgreSQL server, gone afterwards whatever happens.

import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Runs `use` with the URL of an empty database on the server at `url`, whose user must be allowed to create one. */
export async function withOwnDatabase<T>(url: string, use: (own: string) => Promise<T>): Promise<T> {
  const name = `honeyguide_bench_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    return await use(own.href);
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

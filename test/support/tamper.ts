// What somebody does to the store who is more than the gateway: owns its tables, and takes away what guards them first.
import type { Pool } from 'pg';

/** Runs SQL on the ledger and the history of consent as if they were not append-only. */
export async function tamper(pool: Pool, sql: string, values?: unknown[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const table of ['ledger', 'consent_events']) await client.query(`alter table ${table} disable trigger user`);
    await client.query(sql, values);
    for (const table of ['ledger', 'consent_events']) await client.query(`alter table ${table} enable trigger user`);
    await client.query('commit');
  } finally {
    client.release();
  }
}

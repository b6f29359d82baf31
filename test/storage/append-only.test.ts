import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { LEDGER_TTL_MS } from '../../src/disclosures/store.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { APPEND_ONLY, allowDeletes, unguardedTables } from '../../src/storage/append-only.ts';
import { transact } from '../../src/storage/transaction.ts';
import { disclose, register, START_MS } from '../rights/people.ts';
import { openTestStore } from '../support/store.ts';

/** SQLSTATE insufficient_privilege. */
const REFUSED = expect.objectContaining({ code: '42501' });
const { pool } = await openTestStore();
const columns = { ledger: 'detail', consent_events: 'state', policies: 'version', policy_texts: 'text' };
const count = async (table: string): Promise<number> =>
  (await pool.query(`select count(*)::int as n from ${table}`)).rows[0].n;
/** Runs `sql` in a transaction that says why it deletes, and undoes it. */
async function because(why: string, sql: string): Promise<void> {
  const undone = new Error('undone');
  await transact(pool, async (client) => {
    await allowDeletes(client, why as 'retention');
    await client.query(sql);
    throw undone;
  }).catch((error: unknown) => {
    if (error !== undone) throw error;
  });
}

beforeAll(async () => {
  await insertPolicy(pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  await register(pool);
  await disclose(pool, randomBytes(16), 'some-app');
});

describe.each(APPEND_ONLY)('the table %s', (table) => {
  test('refuses the gateway’s own role to change, delete or empty, also where no row would match', async () => {
    const before = await count(table);
    expect(before).toBeGreaterThan(0);
    for (const sql of [
      `update ${table} set ${columns[table]} = 'x'`,
      `update ${table} set ${columns[table]} = 'x' where false`,
      `delete from ${table}`,
      `delete from ${table} where false`,
      `truncate ${table}`,
      `truncate ${table} cascade`,
      `insert into ${table} select * from ${table} on conflict (${await keyOf(table)}) do update set ${columns[table]} = 'x'`,
    ])
      expect([table, sql, await pool.query(sql).catch((error: unknown) => error)]).toEqual([table, sql, REFUSED]);
    expect(await count(table)).toBe(before);
  });

  test('lets go of rows for a reason that counts for it, and never lets one be changed or emptied', async () => {
    const counts: Record<string, readonly string[]> = {
      ledger: ['retention'],
      consent_events: ['retention', 'erasure'],
    };
    for (const why of ['retention', 'erasure', '', 'anything']) {
      const remove = because(why, `delete from ${table}`);
      if (counts[table]?.includes(why)) await remove;
      else await expect(remove).rejects.toEqual(REFUSED);
      await expect(because(why, `update ${table} set ${columns[table]} = 'x'`)).rejects.toEqual(REFUSED);
      await expect(because(why, `truncate ${table}`)).rejects.toEqual(REFUSED);
    }
  });
});

test('the leave to delete ends with its transaction', async () => {
  await because('retention', 'select 1');
  await transact(pool, (client: ClientBase) => allowDeletes(client, 'retention'));
  for (let i = 0; i < 12; i++)
    await expect(pool.query(`delete from ledger where at < ${START_MS - LEDGER_TTL_MS}`)).rejects.toEqual(REFUSED);
});

test('a guard that somebody took away is missed, and one that is switched off', async () => {
  expect(await unguardedTables(pool)).toEqual([]);
  await pool.query('alter table ledger disable trigger ledger_append_only');
  expect(await unguardedTables(pool)).toEqual(['ledger']);
  await pool.query('drop trigger consent_events_append_only on consent_events');
  expect(await unguardedTables(pool)).toEqual(['consent_events', 'ledger']);
  await pool.query('alter table ledger enable trigger ledger_append_only');
  expect(await unguardedTables(pool)).toEqual(['consent_events']);
});

async function keyOf(table: string): Promise<string> {
  const { rows } = await pool.query(
    `select string_agg(a.attname, ', ') as key from pg_index i join pg_attribute a on a.attrelid = i.indrelid
       and a.attnum = any(i.indkey) where i.indisprimary and i.indrelid = $1::regclass`,
    [table],
  );
  return rows[0].key;
}

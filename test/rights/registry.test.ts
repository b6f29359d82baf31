import { describe, expect, test } from 'vitest';
import { classOf, describeLife, endsAtSql, overdueSql, REGISTRY } from '../../src/rights/registry.ts';
import { openTestStore } from '../support/store.ts';

const { pool } = await openTestStore();
const { rows: columns } = await pool.query<{ table: string; column: string; type: string }>(
  `select table_name as "table", column_name as "column", udt_name as type from information_schema.columns
   where table_schema = 'public' and table_name <> '__drizzle_migrations' order by 1, 2`,
);
const inStore = [...new Set(columns.map((one) => one.table))];

describe('the registry of what is kept', () => {
  test('names every table of the store and no other', () => {
    expect(Object.keys(REGISTRY).sort()).toEqual([...inStore].sort());
  });

  test('says of every column what it is, and of no other', () => {
    for (const table of inStore) {
      const theirs = columns.filter((one) => one.table === table).map((one) => one.column);
      expect([table, Object.keys(REGISTRY[table].columns).sort()]).toEqual([table, theirs.sort()]);
    }
  });

  test('knows primary keys as the store does', async () => {
    const { rows } = await pool.query<{ table: string; columns: string[] }>(
      `select c.relname as "table", array_agg(a.attname::text order by k.n) as columns from pg_index i
       join pg_class c on c.oid = i.indrelid join pg_namespace s on s.oid = c.relnamespace
       cross join unnest(i.indkey) with ordinality k(attnum, n)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
       where i.indisprimary and s.nspname = 'public' group by 1`,
    );
    for (const { table, columns: key } of rows) expect([table, REGISTRY[table].key]).toEqual([table, key]);
  });

  test('gives every table a time to live that the store understands, or an argument', async () => {
    for (const [table, entry] of Object.entries(REGISTRY)) {
      const overdue = overdueSql(entry);
      if (overdue === null) expect(describeLife(entry).length).toBeGreaterThan(15);
      else await pool.query(`select count(*), $1::int8 from ${table} t where ${overdue}`, [Date.now()]);
      const endsAt = endsAtSql(entry);
      if (endsAt !== null) await pool.query(`select ${endsAt} from ${table} t`);
      if (entry.life.kind === 'lasts') expect(entry.endedBy).not.toBe('sweep');
    }
  });

  test('has no table that sealed columns alone could make less than personal', () => {
    for (const { column, table, type } of columns) {
      if (column === 'sealed') expect([table, REGISTRY[table].columns[column]]).toEqual([table, 'sealed']);
      if (REGISTRY[table].columns[column] === 'sealed') expect(type).toBe('bytea');
    }
  });

  test('lets no anonymous table carry what could join it to a person', () => {
    for (const { table, column, type } of columns) {
      if (classOf(REGISTRY[table]) !== 'anonymous') continue;
      expect([table, column]).not.toEqual([table, expect.stringMatching(/device|subject|token|record|contributor/)]);
      // A random id that two tables share is a join.
      const alone = ['store_meta.store', 'feed_epoch.epoch', 'replicas.id'];
      if (type === 'uuid') expect(alone).toContain(`${table}.${column}`);
    }
  });

  test('finds the rows of a device in every table that has its id', () => {
    for (const { table, column } of columns) {
      if (column !== 'device' && column !== 'subject') continue;
      expect([table, REGISTRY[table].subject?.column]).toEqual([table, column]);
    }
  });
});

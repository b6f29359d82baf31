// Looks for a device in everything the store has: every column of every table that could hold its id, whether the registry
// knows the table or not. Promises: a column added tomorrow is looked at tomorrow. Tables of the map are left out: they
// have no column that could (the registry's test), and millions of rows.
import type { ClientBase, Pool } from 'pg';
import { MAP_TABLES } from './registry-map.ts';

/** Where the tables lie: it is the operator who says, by the search_path of the role. */
const OUR_SCHEMA = `(select n.nspname from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = 'devices'::regclass)`;

/** Columns, as `table.column`, in which the device's id is found: as a UUID, in text, in lists, or as bytes. */
export async function findTraces(db: Pool | ClientBase, device: string): Promise<string[]> {
  const { rows: columns } = await db.query<{ table: string; column: string; type: string }>(
    `select c.table_name as "table", c.column_name as "column", c.udt_name as type from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = ${OUR_SCHEMA} and t.table_type = 'BASE TABLE' and c.udt_name in ('uuid', 'text', '_text', 'bytea', 'jsonb')
     order by 1, 2`,
  );
  const tables = Map.groupBy(
    columns.filter((one) => !Object.hasOwn(MAP_TABLES, one.table)),
    (one) => one.table,
  );
  const found: string[] = [];
  for (const [table, theirs] of tables) {
    // One pass over each table.
    const conditions = theirs.map(({ column, type }, i) => `bool_or(${contains(column, type)}) as c${i}`);
    const { rows } = await db.query(`select ${conditions.join(', ')}, $1::text from "${table}"`, [device]);
    found.push(...theirs.filter((_, i) => rows[0][`c${i}`] === true).map(({ column }) => `${table}.${column}`));
  }
  return found;
}

function contains(column: string, type: string): string {
  if (type === 'uuid') return `"${column}" = $1::uuid`;
  if (type === 'bytea')
    return `position(decode(replace($1::text, '-', ''), 'hex') in "${column}") > 0 or position(convert_to($1::text, 'UTF8') in "${column}") > 0`;
  return `position($1::text in "${column}"::text) > 0`;
}

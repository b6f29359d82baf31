// Fills every table of the registry with one row about a device, every column with a mark of its own, whatever its type: the
// row that an export must show and an erasure must take.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { ledgerSubject, seal } from '../../src/devices/device-key.ts';
import type { Person } from '../../src/rights/challenges-store.ts';
import { noticeHandles } from '../../src/rights/notices-store.ts';
import { REGISTRY, type TableEntry } from '../../src/rights/registry.ts';
import { APPEND_ONLY } from '../../src/storage/append-only.ts';

/** `isSecret`: bytes that nobody is shown, in hex as a dump has them. */
export type Mark = {
  readonly table: string;
  readonly column: string;
  readonly mark: string;
  readonly isSecret: boolean;
};
/** Columns whose values the store or the lookup fixes; times are left in the future, so that nothing is over. */
const FAR_MS = 4_000_000_000_000;

/** Plants one row in each table that has rows about devices (or in `tables`). Returns what must be found again. */
export async function plant(pool: Pool, person: Person, tables?: readonly string[]): Promise<Mark[]> {
  const types = await columnTypes(pool);
  const marks: Mark[] = [];
  let n = 7_000_000 + Math.floor(Math.random() * 1_000_000);
  for (const [table, entry] of Object.entries(REGISTRY)) {
    // Visits are found by keys that are not in the store: in-force.test.ts and held.test.ts make theirs.
    if (entry.subject === undefined || entry.subject.by === 'tags' || table === 'device_keys') continue;
    if (tables !== undefined && !tables.includes(table)) continue;
    // Whose place is over where nobody asks for it.
    if (table === 'last_locations') await askForLastPlace(pool, person);
    const names: string[] = [];
    const values: unknown[] = [];
    for (const column of Object.keys(entry.columns)) {
      const { type, generated } = types.get(`${table}.${column}`)!;
      if (generated) continue;
      const { value, mark } = await plantedValue(pool, person, table, entry, column, type, n++);
      names.push(column);
      values.push(value);
      if (mark !== null) marks.push({ table, column, mark, isSecret: entry.columns[column] === 'secret' });
    }
    const list = names.map((_, i) => `$${i + 1}`).join(', ');
    const sets = names.map((name) => `${name} = excluded.${name}`).join(', ');
    const replace = `on conflict (${entry.key.join(', ')}) do update set ${sets}`;
    const isOnlyAdded = (APPEND_ONLY as readonly string[]).includes(table);
    await pool.query(
      `insert into ${table} (${names.join(', ')}) values (${list}) ${isOnlyAdded ? '' : replace}`,
      values,
    );
  }
  return marks;
}

async function askForLastPlace(pool: Pool, { device }: Person): Promise<void> {
  await pool.query(
    `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version, given_at,
       expires_at, event_seq) values ($1, 'asks', 'p', $2, 'given', 2, '{last-location}', 31, 'v', 0, $3, 1)
     on conflict do nothing`,
    [device, randomUUID(), FAR_MS],
  );
}

async function columnTypes(pool: Pool): Promise<Map<string, { type: string; generated: boolean }>> {
  const { rows } = await pool.query(
    `select table_name || '.' || column_name as name, udt_name as type, is_identity = 'YES' as generated
     from information_schema.columns where table_schema = 'public'`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

async function plantedValue(
  pool: Pool,
  person: Person,
  table: string,
  entry: TableEntry,
  column: string,
  type: string,
  n: number,
): Promise<{ value: unknown; mark: string | null }> {
  if (column === entry.subject!.column) {
    const { by } = entry.subject!;
    if (by === 'device') return { value: person.device, mark: person.device };
    return {
      value: by === 'ledger' ? ledgerSubject(person.key) : await noticeHandles(pool, person.device),
      mark: null,
    };
  }
  const kind = entry.columns[column];
  if (kind === 'secret') {
    const value = randomBytes(16);
    return { value, mark: value.toString('hex') };
  }
  if (kind === 'sealed') {
    const mark = `sealed mark ${n}`;
    const text = JSON.stringify({ mark });
    return { value: seal(person.key, `${table}.sealed ${person.device}`, Buffer.from(text), randomBytes), mark };
  }
  if (type === 'int8' && /(^at|_at|_until)$/.test(column)) {
    const at = FAR_MS + n;
    // A gag or an execution in the future would hide the row.
    if (column === 'gag_until' || column === 'withdrawn_at') return { value: null, mark: null };
    return { value: at, mark: new Date(at).toISOString() };
  }
  if (column === 'last_used_day') return { value: 90_000, mark: '90000' };
  if (type === 'int8' || type === 'int4') return { value: n, mark: `${n}` };
  if (type === 'int2') return { value: 16, mark: '16' };
  if (type === 'bool') return { value: true, mark: 'true' };
  if (type === 'text') return { value: `mark ${n}`, mark: `mark ${n}` };
  if (type === '_text') return { value: [`mark ${n}`], mark: `mark ${n}` };
  if (type === 'uuid') {
    const value = `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
    return { value, mark: value };
  }
  if (type === 'bytea') return { value: Buffer.from(`mark ${n}`), mark: null };
  throw new Error(`${table}.${column}: nothing to plant in ${type}`);
}

// Everything that is held about one device, read table by table from the registry: the export (GDPR 15, 20) and what a
// disclosure under law may take parts of are this. Promises: no table can be forgotten, because there is no list but the
// registry; sealed columns are opened; key material and hashes of credentials are named, not shown; rows whose time is over
// are not there; what a gag still keeps from the person is left out only where `forPerson` says so.
import type { ClientBase, Pool } from 'pg';
import { ledgerSubject, unseal } from '../devices/device-key.ts';
import type { Person } from './challenges-store.ts';
import { noticeHandles } from './notices-store.ts';
import { classOf, type DataClass, describeLife, endsAtSql, overdueSql, REGISTRY, type TableEntry } from './registry.ts';

export type HeldRow = Readonly<Record<string, unknown>>;
export type HeldTable = {
  readonly room: string;
  readonly what: string;
  readonly class: DataClass;
  /** How long rows stay, in words. */
  readonly kept: string;
  readonly rows: readonly HeldRow[];
};
export type Held = Readonly<Record<string, HeldTable>>;

const WITHHELD = '(a key, or a hash of a credential: kept, shown to nobody)';

/** `tables` narrows what is read. Tables without rows are absent. */
export async function readHeld(
  db: Pool | ClientBase,
  person: Person,
  nowMs: number,
  options: { readonly forPerson: boolean; readonly tables?: readonly string[] },
): Promise<Held> {
  const held: Record<string, HeldTable> = {};
  for (const [table, entry] of Object.entries(REGISTRY)) {
    if (entry.subject === undefined || options.tables?.includes(table) === false) continue;
    const rows = await readTable(db, person, table, entry, nowMs, options.forPerson);
    if (rows.length === 0) continue;
    held[table] = { room: entry.room, what: entry.what, class: classOf(entry), kept: describeLife(entry), rows };
  }
  return held;
}

/** What the person must not hear of yet (C3): the disclosure itself, its ledger rows, and holds that may belong to it. */
const UNDER_GAG: Readonly<Record<string, string>> = {
  legal_disclosures: 'and (t.gag_until is null or t.gag_until <= $1)',
  ledger: `and not exists (select from legal_disclosures l where l.device = $3::uuid and l.gag_until > $1
    and t.detail like '%' || l.id::text || '%')`,
  legal_holds: 'and not exists (select from legal_disclosures l where l.device = $3::uuid and l.gag_until > $1)',
};

async function readTable(
  db: Pool | ClientBase,
  person: Person,
  table: string,
  entry: TableEntry,
  nowMs: number,
  forPerson: boolean,
): Promise<HeldRow[]> {
  const { by, column } = entry.subject!;
  const overdue = overdueSql(entry);
  const { rows } = await db.query(
    `select to_jsonb(t) as row, (${endsAtSql(entry) ?? 'null'})::float8 as ends_at from ${table} t
     where ${by === 'handles' ? `t.${column} && $2` : `t.${column} = $2`} and $1::int8 is not null and $3::uuid is not null
     ${overdue === null ? '' : `and (${overdue}) is not true`} ${forPerson ? (UNDER_GAG[table] ?? '') : ''}
     order by ${entry.key.map((one) => `t.${one}`).join(', ')}`,
    [nowMs, await valueFor(db, by, person), person.device],
  );
  return rows.map(({ row, ends_at }) => {
    const shown: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(entry.columns)) {
      if (kind === 'secret') shown[camel(name)] = WITHHELD;
      else if (kind === 'sealed') shown.content = open(person, table, name, row[name]);
      else shown[camel(name)] = readable(name, row[name]);
    }
    if (ends_at !== null) shown.keptUntil = new Date(ends_at).toISOString();
    return shown;
  });
}

async function valueFor(db: Pool | ClientBase, by: 'device' | 'ledger' | 'handles', person: Person): Promise<unknown> {
  if (by === 'device') return person.device;
  return by === 'ledger' ? ledgerSubject(person.key) : await noticeHandles(db, person.device);
}

/** JSON if it is, else its bytes as base64; what does not open is said, not left out; null = emptied before its time is over. */
function open(person: Person, table: string, column: string, hex: string): unknown {
  if (hex === '\\x') return null;
  const plain = unseal(person.key, `${table}.${column} ${person.device}`, Buffer.from(hex.slice(2), 'hex'));
  if (plain === null) return '(does not open)';
  try {
    return JSON.parse(plain.toString());
  } catch {
    return { base64: plain.toString('base64') };
  }
}

/** Times as ISO 8601, the rest as it is. */
function readable(column: string, value: unknown): unknown {
  return typeof value === 'number' && /(^at|_at|_until)$/.test(column) ? new Date(value).toISOString() : value;
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

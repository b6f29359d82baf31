// Everything that is held about one device, read table by table from the registry: the export (GDPR 15, 20) and what a
// disclosure under law may take parts of are this. Promises: no table can be forgotten, because there is no list but the
// registry; sealed columns are opened; key material and hashes of credentials are named, not shown; rows whose time is over
// are not there; what a gag still keeps from the person is left out only where `forPerson` says so. It comes in pages, each a
// short query by key: a person who was shown a million times costs no more memory, and holds up nobody longer, than one who was
// shown once. No transaction lasts from one page to the next: rows that come or go meanwhile may be there or not, no row twice.
import type { Pool } from 'pg';
import { ledgerSubject, unseal } from '../devices/device-key.ts';
import { KIND } from '../disclosures/entry.ts';
import { cellOfKey } from '../privacy/region-key.ts';
import { type RowNames, rowNamesOf } from '../privacy/row-names.ts';
import { transact } from '../storage/transaction.ts';
import type { Person } from './challenges-store.ts';
import { withoutApprovers } from './legal-words.ts';
import { noticeHandles } from './notices-store.ts';
import {
  classOf,
  type DataClass,
  describeLife,
  endsAtSql,
  overdueSql,
  REGISTRY,
  type SubjectColumn,
  type TableEntry,
} from './registry.ts';
import { withoutStaff } from './staff.ts';
import type { VisitTag } from './visit-tags-store.ts';

type HeldRow = Readonly<Record<string, unknown>>;
export type HeldAbout = {
  readonly room: string;
  readonly what: string;
  readonly class: DataClass;
  /** How long rows stay, in words. */
  readonly kept: string;
};
/** Rows of one table, in the order of its key; pages of a table follow each other. */
export type HeldPage = { readonly table: string; readonly about: HeldAbout; readonly rows: readonly HeldRow[] };
export type HeldOptions = {
  readonly forPerson: boolean;
  readonly tables?: readonly string[];
  /** The tags under which somebody is counted; none where visits are not to be read. */
  readonly tagsOf: TagsOf;
};
export type TagsOf = (person: Person) => Promise<readonly VisitTag[]>;

/** Columns that count everybody's rows. */
const ROW_NUMBERS: ReadonlySet<string> = new Set(['seq', 'event_seq']);
const STAFF = 'staff';
const WITHHELD = '(a key, or a hash of a credential: kept, shown to nobody)';
/** Some 75 kB of the ledger: a few milliseconds to write, a minute on the slowest of phones' networks. */
export const PAGE_ROWS = 200;

/** `tables` narrows what is read. Tables without rows have no page. */
export async function* readHeldPages(
  pool: Pool,
  person: Person,
  nowMs: number,
  { forPerson, tables, tagsOf }: HeldOptions,
): AsyncGenerator<HeldPage> {
  for (const [table, entry] of Object.entries(REGISTRY)) {
    if (entry.subject === undefined || tables?.includes(table) === false) continue;
    const about = { room: entry.room, what: entry.what, class: classOf(entry), kept: describeLife(entry) };
    for await (const rows of readPages(pool, person, table, entry, nowMs, forPerson, tagsOf))
      yield { table, about, rows };
  }
}

/** What the person must not hear of yet (C3): the disclosure itself, its ledger rows, and holds that may belong to it. */
const UNDER_GAG: Readonly<Record<string, string>> = {
  legal_disclosures: 'and (t.gag_until is null or t.gag_until <= $1)',
  ledger: `and not exists (select from legal_disclosures l where l.device = $3::uuid and l.gag_until > $1
    and t.detail like '%' || l.id::text || '%')`,
  legal_holds: 'and not exists (select from legal_disclosures l where l.device = $3::uuid and l.gag_until > $1)',
};

async function* readPages(
  pool: Pool,
  person: Person,
  table: string,
  entry: TableEntry,
  nowMs: number,
  forPerson: boolean,
  tagsOf: TagsOf,
): AsyncGenerator<HeldRow[]> {
  const { by } = entry.subject!;
  const names = forPerson ? rowNamesOf(person.key) : null;
  const overdue = overdueSql(entry);
  const key = entry.key.map((one) => `t.${one}`).join(', ');
  const select = (
    behind: string,
  ) => `select to_jsonb(t) as row, (${endsAtSql(entry) ?? 'null'})::float8 as ends_at from ${table} t
     where ${isAbout(entry.subject!)} and $1::int8 is not null and $3::uuid is not null
     ${overdue === null ? '' : `and (${overdue}) is not true`} ${forPerson ? (UNDER_GAG[table] ?? '') : ''} ${behind}
     order by ${key} limit ${PAGE_ROWS}`;
  const next = `and (${key}) > (${entry.key.map((_, i) => `$${i + 4}`).join(', ')})`;
  const about = [nowMs, await valueFor(pool, by, person, tagsOf), person.device];
  let last: unknown[] | null = null;
  do {
    const rows: ReadRow[] = await readPage(pool, last === null ? select('') : select(next), [
      ...about,
      ...(last ?? []),
    ]);
    if (rows.length > 0) yield rows.map(({ row, ends_at }) => shownRow(person, table, entry, row, ends_at, names));
    const { row } = rows.at(-1) ?? {};
    last = row === undefined || rows.length < PAGE_ROWS ? null : entry.key.map((one) => row[one]);
  } while (last !== null);
}

type ReadRow = { readonly row: Readonly<Record<string, unknown>>; readonly ends_at: number | null };

/**
 * A page by the index that is in its order, to which the planner is held: where it has no statistics yet it would rather gather
 * all rows of somebody who was shown a lot, and sort them, for every page of them.
 */
async function readPage(pool: Pool, sql: string, values: unknown[]): Promise<ReadRow[]> {
  return await transact(pool, async (client) => {
    await client.query('set local enable_bitmapscan = off');
    return (await client.query<ReadRow>(sql, values)).rows;
  });
}

function shownRow(
  person: Person,
  table: string,
  entry: TableEntry,
  row: Readonly<Record<string, unknown>>,
  endsAt: number | null,
  /** Whose copy it is, how rows are called; null in what is not for the person. */
  names: RowNames | null,
): HeldRow {
  const shown: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(entry.columns)) {
    if (kind === 'secret') shown[camel(name)] = WITHHELD;
    else if (kind === 'sealed') shown.content = open(person, table, name, row[name] as string);
    else if (names !== null && ROW_NUMBERS.has(name) && typeof row[name] === 'number')
      shown[camel(name)] = names.nameOf(row[name]);
    else shown[camel(name)] = readable(name, row[name]);
  }
  if (names !== null) Object.assign(shown, withoutOthers(table, row));
  if (endsAt !== null) shown.keptUntil = new Date(endsAt).toISOString();
  return shown;
}

/** What a row says of who of the staff acted is about somebody else: it stays in the ledger, and out of the person's copy. */
function withoutOthers(table: string, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (table === 'legal_disclosures') return { requestedBy: STAFF };
  if (table === 'legal_holds') return { placedBy: STAFF };
  if (table !== 'ledger') return {};
  if (row.kind === KIND.staff) return { detail: withoutStaff(`${row.detail}`) };
  return row.kind === KIND.legal ? { detail: withoutApprovers(`${row.detail}`) } : {};
}

/** SQL that is true of rows `t` about the person; `$2` is what `valueFor` gives. */
function isAbout({ by, column }: SubjectColumn): string {
  if (by === 'tags')
    return `(t.window_no, t.${column}) in (select (one->>0)::int, decode(one->>1, 'hex') from jsonb_array_elements($2::jsonb) one)`;
  return by === 'handles' ? `t.${column} && $2` : `t.${column} = $2`;
}

async function valueFor(pool: Pool, by: SubjectColumn['by'], person: Person, tagsOf: TagsOf): Promise<unknown> {
  if (by === 'device') return person.device;
  if (by === 'tags') return JSON.stringify(await tagsOf(person));
  return by === 'ledger' ? ledgerSubject(person.key) : await noticeHandles(pool, person.device);
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

/** Times as ISO 8601, regions as cells of H3, the rest as it is. */
function readable(column: string, value: unknown): unknown {
  if (column === 'region' && typeof value === 'number') return cellOfKey(value);
  return typeof value === 'number' && /(^at|_at|_until)$/.test(column) ? new Date(value).toISOString() : value;
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

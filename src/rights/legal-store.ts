// Disclosures under law, for security and to protect rights (C3, C4): by staff and the command line only; no route leads here.
// Promises: asked for with reference, authority, statute, fields and period; two people approve, neither the one who asked, both of the staff when it is carried out;
// carried out before its end, once; limited to its fields; in the ledger under its own basis, with what it was, which outlives the erasure of
// its person; shown to the person unless a gag date lies ahead; counted for the transparency report whether gagged or not.
import type { ClientBase, Pool } from 'pg';
import { ledgerSubject, type Random, unseal } from '../devices/device-key.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { sealJson } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import { type Basis, KIND } from '../disclosures/entry.ts';
import type { Person } from './challenges-store.ts';
import { findPerson } from './erase-store.ts';
import { type HeldPage, readHeldPages } from './held-store.ts';
import { askedForDetail, handedOverDetail } from './legal-words.ts';
import { REGISTRY } from './registry.ts';

export const LEGAL_BASES = ['legal_obligation', 'security', 'protect_rights'] as const;
export type LegalBasis = (typeof LEGAL_BASES)[number] & Basis;
const APPROVALS = 2;

export type LegalScope = {
  readonly reference: string;
  readonly authority: string;
  readonly statute: string;
  /** Tables of the registry. */
  readonly fields: readonly string[];
  /** Rows from and to these times, where rows have one. */
  readonly from: number;
  readonly to: number;
};
type LegalRequest = LegalScope & {
  readonly id: string;
  readonly device: string;
  readonly basis: LegalBasis;
  readonly endsAt: number;
  readonly gagUntil: number | null;
};

/**
 * What may be handed over at all: tables about a device, but keys, this table itself, and what is tied to a device by keys only: for
 * counting, and to show it to its person.
 */
export function isDisclosable(table: string): boolean {
  const entry = Object.hasOwn(REGISTRY, table) ? REGISTRY[table] : undefined;
  return (
    entry?.subject !== undefined &&
    entry.subject.by !== 'tags' &&
    ![...['device_keys', 'device_tokens', 'application_tokens'], ...['challenges', 'legal_disclosures']].includes(table)
  );
}

/** Notes a request, in the ledger too; false if there is no such device. */
export async function requestLegal(
  client: ClientBase,
  chain: Chain,
  masters: MasterKeys,
  { id, device, basis, endsAt, gagUntil, ...scope }: LegalRequest,
  staff: string,
  random: Random,
  nowMs: number,
): Promise<boolean> {
  const person = await findPerson(client, masters, device);
  if (person === null) return false;
  await client.query(
    `insert into legal_disclosures (id, device, basis, requested_by, requested_at, ends_at, gag_until, sealed)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      id,
      device,
      basis,
      staff,
      nowMs,
      endsAt,
      gagUntil,
      sealJson(person.key, labelOf(person), scope satisfies LegalScope, random),
    ],
  );
  const subject = ledgerSubject(person.key);
  chain.append({ at: nowMs, kind: KIND.legal, subject, basis, detail: askedForDetail(id) });
  return true;
}

export type LegalRow = {
  readonly id: string;
  readonly device: string;
  readonly basis: LegalBasis;
  readonly requestedBy: string;
  readonly requestedAt: number;
  readonly endsAt: number;
  readonly gagUntil: number | null;
  readonly executedAt: number | null;
  /** Who approved it and is of the staff still: others' approvals count no more (attack: who was ended for cause has approved the rest before). */
  readonly approvedBy: readonly string[];
};

export async function findLegal(db: Pool | ClientBase, id: string): Promise<LegalRow | null> {
  const { rows } = await db.query(
    `select l.id, l.device, l.basis, l.requested_by as "requestedBy", l.requested_at::float8 as "requestedAt",
       l.ends_at::float8 as "endsAt", l.gag_until::float8 as "gagUntil", l.executed_at::float8 as "executedAt",
       array(select a.staff from legal_approvals a join staff s on s.id = a.staff and s.ended_at is null
         where a.disclosure = l.id order by a.staff) as "approvedBy"
     from legal_disclosures l where l.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** One approval; a sentence if it is not to be had. */
export async function approveLegal(
  client: ClientBase,
  id: string,
  staff: string,
  nowMs: number,
): Promise<string | null> {
  const found = await findLegal(client, id);
  if (found === null) return 'there is no such disclosure';
  if (found.requestedBy === staff) return 'who asks for a disclosure cannot approve it';
  if (found.endsAt <= nowMs) return 'its time is over';
  await client.query('insert into legal_approvals (disclosure, staff, at) values ($1, $2, $3) on conflict do nothing', [
    id,
    staff,
    nowMs,
  ]);
  return null;
}

/** What it is limited to, opened; null if the device was erased, and with it the key. */
export async function openScope(
  client: ClientBase,
  masters: MasterKeys,
  { id, device }: Pick<LegalRow, 'id' | 'device'>,
): Promise<LegalScope | null> {
  const person = await findPerson(client, masters, device);
  return person === null ? null : await readScope(client, person, id);
}

type ReadyLegal = {
  readonly person: Person;
  readonly basis: LegalBasis;
  readonly scope: LegalScope;
  readonly approvedBy: readonly string[];
};

/** What the disclosure is of, if it may be carried out now; a sentence if it may not be. */
export async function readyLegal(
  client: ClientBase,
  masters: MasterKeys,
  id: string,
  nowMs: number,
): Promise<ReadyLegal | string> {
  const found = await findLegal(client, id);
  if (found === null) return 'there is no such disclosure';
  if (found.executedAt !== null) return 'it was carried out already';
  if (found.endsAt <= nowMs) return 'its time is over';
  const approvedBy = found.approvedBy.filter((one) => one !== found.requestedBy);
  if (approvedBy.length < APPROVALS) return `${APPROVALS} people who did not ask for it must approve it first`;
  const person = await findPerson(client, masters, found.device);
  if (person === null) return 'the device was erased';
  return { person, basis: found.basis, scope: await readScope(client, person, id), approvedBy };
}

/** What it is limited to. Not under the ledger's lock, which everybody would wait for. */
export async function* readLegalPages(
  db: Pool,
  { person, scope }: ReadyLegal,
  nowMs: number,
): AsyncGenerator<HeldPage> {
  const options = { forPerson: false, tables: scope.fields, tagsOf: async () => [] };
  for await (const page of readHeldPages(db, person, nowMs, options))
    yield { ...page, rows: page.rows.filter((row) => !isOurOwn(page.table, row) && isWithin(scope, row, nowMs)) };
}

/** What our staff did, and what was handed over to others, who may not know of each other: rows of the ledger that are for nobody else. */
function isOurOwn(table: string, { kind }: HeldPage['rows'][number]): boolean {
  return table === 'ledger' && (kind === KIND.staff || kind === KIND.legal);
}

/**
 * Writes down, under the ledger's lock, that it is handed over: when all was read, and before anybody has it. A sentence if it
 * may not be (any more): two may have begun, or the device was erased meanwhile.
 */
export async function noteHandedOver(
  client: ClientBase,
  chain: Chain,
  masters: MasterKeys,
  id: string,
  nowMs: number,
): Promise<string | null> {
  const ready = await readyLegal(client, masters, id, nowMs);
  if (typeof ready === 'string') return ready;
  await client.query('update legal_disclosures set executed_at = $2 where id = $1', [id, nowMs]);
  const { person, basis, scope, approvedBy } = ready;
  const subject = ledgerSubject(person.key);
  const detail = handedOverDetail({ ...scope, id, approvedBy });
  chain.append({ at: nowMs, kind: KIND.legal, subject, basis, detail });
  return null;
}

const labelOf = (person: Person) => `legal_disclosures.sealed ${person.device}`;

async function readScope(client: ClientBase, person: Person, id: string): Promise<LegalScope> {
  const { rows } = await client.query('select sealed from legal_disclosures where id = $1', [id]);
  const plain = unseal(person.key, labelOf(person), rows[0].sealed);
  if (plain === null) throw new Error('the scope of a disclosure does not open');
  return JSON.parse(plain.toString());
}

/** Columns that say when a row came about. */
const OWN_TIMES = ['at', 'receivedAt', 'requestedAt', 'givenAt', 'createdAt', 'issuedAt', 'markedAt'];

/** Rows whose own time lies outside the period are left out; rows without one are states of now, and need the period to reach now. */
function isWithin({ from, to }: LegalScope, row: Readonly<Record<string, unknown>>, nowMs: number): boolean {
  const at = ownTime(row) ?? nowMs;
  return at >= from && at <= to;
}

/** Epoch milliseconds. The last place has its time inside what was sealed. */
function ownTime(row: Readonly<Record<string, unknown>>): number | undefined {
  const own = OWN_TIMES.map((name) => row[name]).find((one) => typeof one === 'string');
  if (own !== undefined) return Date.parse(own as string);
  const { at } = (row.content ?? {}) as { readonly at?: unknown };
  return typeof at === 'number' ? at : undefined;
}

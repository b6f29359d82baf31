// How rows of the ledger get into the store: all of a transaction's in one statement, with the head. Promises: as they are
// given, all or none; nothing is decided or hashed here.
import type { ClientBase } from 'pg';
import { binaryArray, binaryBytes, binaryTexts, type ElementType } from '../storage/binary-array.ts';
import { queryPrepared } from '../storage/prepared.ts';
import type { LedgerEntry } from './entry.ts';

export { inOneWrite } from '../storage/one-write.ts';

/** A row with its number and its hash. */
export type Row = readonly [seq: number, hash: Buffer, entry: LedgerEntry];

/** The end of the ledger: number and hash of its last row, and how often something was decided in its order that wrote none. */
export type Head = { readonly seq: number; readonly hash: Buffer; readonly touched: number };

const INSERT = `insert into ledger (seq, hash, at, kind, application, subject, purpose, basis, precision, event_seq,
    policy_version, tick, detail)
  select * from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[], $7::text[],
    $8::text[], $9::smallint[], $10::bigint[], $11::text[], $12::int[], $13::text[])`;
const WRITE = `with written as (${INSERT}) update ledger_head set seq = $14, hash = $15`;
/** What has to hold, besides the head, for rows to be written: `values` are the parameters of a condition (`writingIf`). */
export type Guard = { readonly writing: Writing; readonly values: readonly unknown[] };
export const GUARD_FROM = 19;
/** A statement, made once: its text is long, and is compared with what its connection has prepared under that name. */
export type Writing = { readonly name: string; readonly text: string };

/** Rows, if a condition holds, looked at in the same snapshot: in SQL, with parameters from GUARD_FROM on. `name` belongs to it. */
export function writingIf(name: string, condition: string): Writing {
  return { name: `ledger rows if ${name}`, text: writeUpon(` and ${condition}`) };
}

/**
 * Nothing, unless the head is free and still that one: a head that somebody holds is as good as moved, and one that moved after
 * this statement began is looked at again when its row is locked (read committed).
 */
const writeUpon = (guard: string): string => `with unmoved as (
    select "only" from ledger_head where seq = $16 and hash = $17 and touched = $18${guard} for update skip locked),
  moved as (update ledger_head h set seq = $14, hash = $15 from unmoved u where h."only" = u."only" returning h.seq)
  ${INSERT} where exists (select from moved)`;
const WRITING: Writing = { name: 'ledger rows upon', text: writeUpon('') };

/**
 * Moves the head without a row. The ledger's lock is held. Attack: what is refused is a row, what is unknown or not located is none; a partner
 * whose own phone is shown to it precisely by another gateway, which goes upon the head it knew, sees by how long that takes which it was.
 */
export async function touchHead(client: ClientBase): Promise<void> {
  await queryPrepared(client, 'ledger touched', 'update ledger_head set touched = touched + 1', []);
}

/** Adds rows, at least one, and makes the last of them the head. The ledger's lock is held. */
export async function writeRows(client: ClientBase, rows: readonly Row[]): Promise<void> {
  await queryPrepared(client, 'ledger rows', WRITE, valuesOf(rows));
}

/**
 * The same in a transaction of its own and without the lock, if `head` is still the end of the ledger and `guard` holds; else
 * nothing, and false. True once it is durable.
 */
export async function writeRowsUpon(
  client: ClientBase,
  rows: readonly Row[],
  head: Head,
  guard: Guard | null,
): Promise<boolean> {
  const { name, text } = guard?.writing ?? WRITING;
  const values = [...valuesOf(rows), head.seq, head.hash, head.touched, ...(guard?.values ?? [])];
  const { rowCount } = await queryPrepared(client, name, text, values);
  return rowCount === rows.length;
}

function valuesOf(rows: readonly Row[]): unknown[] {
  const [seq, hash] = rows.at(-1)!;
  const order = rows.map((_, i) => i);
  const numbers = (type: ElementType, pick: (entry: LedgerEntry) => number | null | undefined) =>
    binaryArray(
      type,
      Float64Array.from(rows, ([, , entry]) => pick(entry) ?? Number.NaN),
      order,
      rows.length,
    );
  const texts = (pick: (entry: LedgerEntry) => string | null | undefined) =>
    binaryTexts(rows.map(([, , entry]) => pick(entry) ?? null));
  const bytes = (pick: (row: Row) => Buffer | null | undefined) =>
    binaryBytes(
      'bytea',
      rows.map((row) => pick(row) ?? null),
    );
  return [
    binaryArray(
      'int8',
      Float64Array.from(rows, ([number]) => number),
      order,
      rows.length,
    ),
    bytes(([, rowHash]) => rowHash),
    numbers('int8', (e) => e.at),
    numbers('int2', (e) => e.kind),
    texts((e) => e.application),
    bytes(([, , e]) => e.subject),
    texts((e) => e.purpose),
    texts((e) => e.basis),
    numbers('int2', (e) => e.precision),
    numbers('int8', (e) => e.eventSeq),
    texts((e) => e.policyVersion),
    numbers('int4', (e) => e.tick),
    texts((e) => e.detail),
    seq,
    hash,
  ];
}

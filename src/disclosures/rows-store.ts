// How rows of the ledger get into the store: all of a transaction's in one statement, with the head. Promises: as they are
// given; nothing is decided or hashed here.
import type { ClientBase } from 'pg';
import { binaryArray, binaryBytes, binaryTexts, type ElementType } from '../storage/binary-array.ts';
import { queryPrepared } from '../storage/prepared.ts';
import type { LedgerEntry } from './entry.ts';

/** A row with its number and its hash. */
export type Row = readonly [seq: number, hash: Buffer, entry: LedgerEntry];

/** Adds rows, at least one, and makes the last of them the head. The ledger's lock is held. */
export async function writeRows(client: ClientBase, rows: readonly Row[]): Promise<void> {
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
  await queryPrepared(
    client,
    'ledger rows',
    `with written as (
       insert into ledger (seq, hash, at, kind, application, subject, purpose, basis, precision, event_seq,
         policy_version, tick, detail)
       select * from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[], $7::text[],
         $8::text[], $9::smallint[], $10::bigint[], $11::text[], $12::int[], $13::text[]))
     update ledger_head set seq = $14, hash = $15`,
    [
      binaryArray(
        'int8',
        Float64Array.from(rows, ([number]) => number),
        order,
        rows.length,
      ),
      binaryBytes(
        'bytea',
        rows.map(([, rowHash]) => rowHash),
      ),
      numbers('int8', (e) => e.at),
      numbers('int2', (e) => e.kind),
      texts((e) => e.application),
      binaryBytes(
        'bytea',
        rows.map(([, , e]) => e.subject ?? null),
      ),
      texts((e) => e.purpose),
      texts((e) => e.basis),
      numbers('int2', (e) => e.precision),
      numbers('int8', (e) => e.eventSeq),
      texts((e) => e.policyVersion),
      numbers('int4', (e) => e.tick),
      texts((e) => e.detail),
      seq,
      hash,
    ],
  );
}

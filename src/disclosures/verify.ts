// Proves that the ledger is what was written: every row follows from the one before under the ledger's key, numbers have no
// gap, both ends are where they should be. Promises: constant memory however long the ledger; finds any edit, gap, reorder,
// cut tail, cut beginning, lost head or row beyond either end, and names the first row that does not hold; and consents, as they stand
// and as they came about, that are not what the ledger says was said; and devices that are shown more of than was noted with it. Whoever can write tables could set the ledger back
// to an earlier end whole: that is found by an end that was noted before (`known`), as the command prints one.
import { chainHash, KIND, type LedgerEntry } from './entry.ts';
import { type HmacKey, hmacKey } from './hmac.ts';

type Ends = {
  readonly seq: number;
  readonly hash: Buffer;
  readonly droppedSeq: number;
  readonly droppedHash: Buffer;
};
export type ReadLedger = {
  /** Null: nothing says where it ends. */
  ends(): Promise<Ends | null>;
  rows(
    after: number,
    limit: number,
  ): Promise<{ readonly seq: number; readonly hash: Buffer; readonly entry: LedgerEntry }[]>;
  /** A row numbered before the beginning or behind the end, as both are at that moment; null if there is none. */
  beyondEnds(): Promise<number | null>;
  /** The number of the first consent that is not what its row says, or has none; null if there is none. */
  forgedConsent(): Promise<number | null>;
  /** The number of the row with which what was noted last of a device was written that is shown more of; null if there is none. */
  forgedDevice(): Promise<number | null>;
  /** How a drop of aged rows is spelled in the ledger. */
  droppedDetail(seq: number): string;
};

/** An end of the ledger that somebody noted: number and hash of its last row. */
export type KnownEnd = { readonly seq: number; readonly hash: Buffer };

export type Verdict = {
  /** null: all is well. `at` is the number of the first row that is not as it should be. */
  readonly broken: { readonly at: number; readonly what: Fault } | null;
  readonly rows: number;
  /** The last row that holds: what to note. */
  readonly seq: number;
  readonly hash: Buffer;
};
export type Fault =
  | 'headGone'
  | 'missing'
  | 'changed'
  | 'tailCut'
  | 'beginningCut'
  | 'notTheKnownEnd'
  | 'added'
  | 'forgedConsent'
  | 'forgedDevice';

const PAGE_ROWS = 2_000;

/** Checks the whole ledger as it is now; `known` must be a row of it, unless it was dropped for age since. */
export async function verifyLedger(read: ReadLedger, key: Uint8Array, known?: KnownEnd): Promise<Verdict> {
  const secret = hmacKey(key);
  for (;;) {
    const before = await read.ends();
    if (before === null) return { broken: { at: 0, what: 'headGone' }, rows: 0, seq: 0, hash: Buffer.alloc(0) };
    const verdict = await verifyFrom(read, secret, before, known);
    if (verdict.broken === null) return verdict;
    // Rows may have been dropped for age while we read.
    const after = await read.ends();
    if (after?.droppedSeq === before.droppedSeq) return verdict;
  }
}

async function verifyFrom(read: ReadLedger, key: HmacKey, ends: Ends, known: KnownEnd | undefined): Promise<Verdict> {
  let seq = ends.droppedSeq;
  let hash = ends.droppedHash;
  let rows = 0;
  let dropIsTold = ends.droppedSeq === 0;
  const toldAs = read.droppedDetail(ends.droppedSeq);
  const broken = (at: number, what: Fault): Verdict => ({ broken: { at, what }, rows, seq, hash });
  const isKnown = (): boolean => known === undefined || known.seq !== seq || known.hash.equals(hash);
  while (seq < ends.seq) {
    const page = await read.rows(seq, PAGE_ROWS);
    if (page.length === 0) return broken(seq + 1, 'tailCut');
    for (const row of page) {
      // What was written since.
      if (seq === ends.seq) break;
      if (row.seq !== seq + 1) return broken(seq + 1, 'missing');
      if (!chainHash(key, hash, row.seq, row.entry).equals(row.hash)) return broken(row.seq, 'changed');
      seq = row.seq;
      hash = row.hash;
      rows++;
      if (row.entry.kind === KIND.staff && row.entry.detail === toldAs) dropIsTold = true;
      if (!isKnown()) return broken(seq, 'notTheKnownEnd');
    }
  }
  if (!hash.equals(ends.hash)) return broken(seq, 'tailCut');
  if (!dropIsTold) return broken(ends.droppedSeq + 1, 'beginningCut');
  if (known !== undefined && known.seq > seq) return broken(seq + 1, 'notTheKnownEnd');
  // Rows that no chain leads to are read by people and counted as disclosures all the same, and one behind the end is in the way of the next.
  const added = await read.beyondEnds();
  if (added !== null) return broken(added, 'added');
  // A yes that nobody said shows a place to whoever it names.
  const forged = await read.forgedConsent();
  if (forged !== null) return broken(forged, 'forgedConsent');
  const loosened = await read.forgedDevice();
  if (loosened !== null) return broken(loosened, 'forgedDevice');
  return { broken: null, rows, seq, hash };
}

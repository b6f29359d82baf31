// Rows of the ledger without its lock: drafted upon the head that was read in one snapshot with what they stand on, and written
// only if nobody else has written since. Whatever is done in the ledger's order (chain.ts) moves its head, so rows that could be
// written are as if everything, the reading too, had happened in the moment they were: no change of mind lies in between.
// Promises: that, and what chain.ts promises of numbers and hashes; rows that could not be written never were.
import type { ClientBase } from 'pg';
import { chainHash, type LedgerEntry } from './entry.ts';
import { hmacKey } from './hmac.ts';
import { type Guard, type Head, type Row, writeRowsUpon } from './rows-store.ts';

export { GUARD_FROM, type Guard, type Writing, writingIf } from './rows-store.ts';

export type Draft = {
  append(entry: LedgerEntry): void;
  /**
   * True once the rows are durable; false if the ledger had moved, and nothing was written. `client` is of a connection that
   * pipelines, outside of any transaction, and is not to be given back before it is `clear`. `guard`: what else has to hold.
   */
  write(client: ClientBase, guard?: Guard): Promise<boolean>;
};

export type Drafts = {
  /** A draft upon the ledger's head as it is in the snapshot that was decided on. */
  upon(read: Head): Draft;
  /** Where the ledger ends as far as is known here: a guess, that a write upon it tries. null = no idea. */
  end(): Head | null;
  /**
   * Resolves when no draft is on its way by this connection; null if none is now. Whoever had it sooner might begin a
   * transaction, which drafts behind would be part of: written, told, and rolled back with it.
   */
  clear(client: ClientBase): Promise<void> | null;
};

/** More of our own than are ever on their way at once. */
const MAX_OWN = 4;

type Step = { readonly from: Head; readonly to: Head };
type Way = { readonly client: ClientBase; writes: number; readonly cleared: PromiseWithResolvers<void> };

/**
 * Drafts of one thread. A draft is made, filled and sent in one
 * turn of the event loop, so that the next one goes upon its end: rows of ours that are on their way move the head, but nobody's
 * mind. Should those fail, the ones upon them do too.
 */
export function createDrafts(ledgerKey: Uint8Array): Drafts {
  const key = hmacKey(ledgerKey);
  let own: Step[] = [];
  let end: Head | null = null;
  let way: Way | null = null;
  function upon(read: Head): Draft {
    const rows: Row[] = [];
    let from = read;
    for (const step of own) if (isSame(step.from, from)) from = step.to;
    end = from;
    let { seq, hash } = from;
    return {
      append(entry) {
        seq++;
        hash = chainHash(key, hash, seq, entry);
        rows.push([seq, hash, entry]);
      },
      async write(client, guard) {
        if (rows.length === 0) return true;
        const step: Step = { from, to: { seq, hash, touched: from.touched } };
        own = [...own.slice(1 - MAX_OWN), step];
        end = step.to;
        // Behind those that are on their way, or the store would look for their end before it is there.
        const ours = way ?? { client, writes: 0, cleared: Promise.withResolvers<void>() };
        way = ours;
        ours.writes++;
        let isWritten = false;
        try {
          isWritten = await writeRowsUpon(ours.client, rows, from, guard ?? null);
          return isWritten;
        } finally {
          if (--ours.writes === 0) {
            way = null;
            ours.cleared.resolve();
          }
          if (!isWritten) {
            own = own.filter((one) => one !== step);
            end = null;
          }
        }
      },
    };
  }
  return { upon, end: () => end, clear: (client) => (way?.client === client ? way.cleared.promise : null) };
}

function isSame(a: Head, b: Head): boolean {
  return a.seq === b.seq && a.touched === b.touched && a.hash.equals(b.hash);
}

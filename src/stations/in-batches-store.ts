// Much work on what is learnt, in short transactions. Promises: each is done beside no fold (a fold at work may be about to read or
// write the same stations); between two of them others have their turn, and an abort ends the work; what a run leaves over
// waits for the next.
import type { ClientBase, Pool } from 'pg';
import { LEARNING_LOCK } from '../storage/locks.ts';
import { transact } from '../storage/transaction.ts';

/** Rows in a transaction at most, and transactions in a run. */
type Batches = { readonly rows: number; readonly most: number; readonly signal?: AbortSignal };

/** Runs `work`, which resolves with how many rows it did, until it does fewer than a batch. Resolves with how many rows in all. */
export async function inBatches(
  db: Pool,
  { rows, most, signal }: Batches,
  work: (client: ClientBase) => Promise<number>,
): Promise<number> {
  let done = 0;
  for (let batch = 0, n = rows; n === rows && batch < most && !signal?.aborted; batch++) {
    n = await transact(db, async (client) => {
      await client.query(`select pg_advisory_xact_lock(${LEARNING_LOCK})`);
      return await work(client);
    });
    done += n;
  }
  return done;
}

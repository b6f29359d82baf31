// One transaction on a connection of its own. Promises: all of `work` is durable when it resolves (unless `begin` says that its
// commit need not wait for the disk), or nothing of it happened; a connection that failed half-way, whose state nobody knows, is
// closed, which rolls back, and not handed to the next one.
import type { Pool, PoolClient } from 'pg';

/** `begin`: what opens it, with whatever is to hold or to be locked in it, in one round trip. */
export async function transact<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, begin = 'begin'): Promise<T> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}

/** SQLSTATE of a transaction that the store ended because nothing was asked in it for as long as pool.ts allows. */
const STOOD_STILL = '25P03';
/** A machine on which as many in a row stand still gets nothing done. */
const TRIES = 5;

/**
 * As `transact`; from the beginning again where the store ended it because it stood still: whoever computes between two statements may have no
 * turn for a minute on a machine that is busy all over, or asleep. So `work` may run again, and keeps nothing of a run that failed.
 */
export async function transactAgain<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  begin?: string,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transact(pool, work, begin);
    } catch (error) {
      if ((error as { code?: string }).code !== STOOD_STILL || tries === TRIES) throw error;
    }
  }
}

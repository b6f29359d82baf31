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

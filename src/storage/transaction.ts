// One transaction on a connection of its own. Promises: all of `work` is durable when it resolves, or nothing of it happened;
// a connection that failed half-way is not handed to the next one.
import type { ClientBase, Pool } from 'pg';

export async function transact<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}

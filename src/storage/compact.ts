// A table of a few rows without its dead ones. PostgreSQL takes the place of a deleted row again when a page is full, which of a row
// a day is months, and a vacuum leaves its bytes in the free space: for keys that are deleted so that something can't be read any more
// that is no deletion (attack: who gets the disk, a copy of it or the provider's snapshot). Promises: files hold the rows that
// are there and no others; whoever needs the table waits for a copy of them; nothing is waited for longer than a second. The
// write-ahead log holds them until it is used again.
import type { Pool } from 'pg';

/** SQLSTATE of a lock that was not to be had in time. */
const LOCKED = '55P03';

/** False if somebody held the table, and it is to be tried again. `table` is a name of ours. */
export async function compactTable(db: Pool, table: string): Promise<boolean> {
  const client = await db.connect();
  try {
    await client.query("set lock_timeout = '1s'");
    await client.query(`vacuum full ${table}`);
    await client.query('reset lock_timeout');
    client.release();
    return true;
  } catch (error) {
    client.release(true);
    if ((error as { code?: string }).code === LOCKED) return false;
    throw error;
  }
}

// People to be counted: rows of devices, with nothing in them that counting looks at but their flags.
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

export async function addDevices(pool: Pool, count: number, flags = 0): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await pool.query(
    `insert into devices (id, created_at, last_used_day, flags, sealed) select i, 0, 0, $2, '' from unnest($1::uuid[]) i`,
    [ids, flags],
  );
  return ids;
}

// Wraps every key in the store anew under the current master key, while gateways go on. Promises: a row is read by whoever has either
// key at any moment; a row that an erasure deletes meanwhile stays deleted; a run that was cut off goes on where it was.
import type { Pool } from 'pg';
import { type Random, wrapDeviceKey } from '../devices/device-key.ts';
import { type MasterKeys, openDeviceKey } from '../devices/master-keys.ts';
import { FIRST_UUID } from './uuid.ts';

const BATCH = 500;

/** Rows by the master key that wrapped them: the current one, one we know, one we don't. */
export async function countWrapped(
  db: Pool,
  masters: MasterKeys,
): Promise<{ current: number; other: number; unknown: number }> {
  const { rows } = await db.query('select master_key, count(*)::float8 as n from device_keys group by 1');
  const sum = { current: 0, other: 0, unknown: 0 };
  for (const { master_key, n } of rows) {
    const known = masters.find(master_key);
    sum[known === null ? 'unknown' : known.name.equals(masters.current.name) ? 'current' : 'other'] += n;
  }
  return sum;
}

/** Resolves with how many rows were wrapped anew; those that no key of ours opens stay as they are. */
export async function rewrapKeys(db: Pool, masters: MasterKeys, random: Random, signal?: AbortSignal): Promise<number> {
  const { current } = masters;
  let after = FIRST_UUID;
  let done = 0;
  for (;;) {
    const { rows } = await db.query(
      `select device, master_key, wrapped from device_keys where device > $1 and master_key <> $2 order by device limit ${BATCH}`,
      [after, current.name],
    );
    for (const row of rows) {
      const key = openDeviceKey(masters, row);
      if (key === null) continue;
      const { rowCount } = await db.query(
        'update device_keys set master_key = $2, wrapped = $3 where device = $1 and master_key = $4',
        [row.device, current.name, wrapDeviceKey(current, row.device, key, random), row.master_key],
      );
      done += rowCount ?? 0;
    }
    if (rows.length < BATCH || signal?.aborted) return done;
    after = rows[rows.length - 1].device;
  }
}

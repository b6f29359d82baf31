// Devices that came back with a backup, after they had been erased. Promises: whoever was erased is found again, by the tombstone or,
// where the backup is older than that, by the key that is gone; keys that were not restored are not taken for erased people.
import type { Pool } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { erasureMarker, findPerson, type Leaving } from './erase-store.ts';

/** A device `t` whose key is gone and whose erasure has not begun: registering makes both at once, and only an erasure takes the key. */
const KEYLESS = `t.flags & ${FLAG.erasing} = 0 and not exists (select from device_keys k where k.device = t.id)`;

/**
 * Devices that were erased before and are there again, as after a backup was restored: by their tombstone, or, where the backup is
 * older than that, because the newest keys have none of theirs. Rejects if they have none of anybody: those were not restored.
 */
export async function findReturned(db: Pool, markerKey: Uint8Array): Promise<string[]> {
  const tombstones = await db.query('select marker from erasures where device is null');
  const erased = new Set(tombstones.rows.map((row) => row.marker.toString('hex')));
  const { rows } = await db.query<{ id: string; keyless: boolean }>(`select id, ${KEYLESS} as keyless from devices t`);
  if (rows.length > 0 && rows.every(({ keyless }) => keyless))
    throw new Error('no device has its key: restore the newest device_keys first');
  return rows
    .filter(({ id, keyless }) => keyless || erased.has(erasureMarker(markerKey, id).toString('hex')))
    .map(({ id }) => id);
}

/** Who is to be erased, with the key if it is there; null if there is one that does not open. */
export async function findLeaving(db: Pool, masters: MasterKeys, device: string): Promise<Leaving | null> {
  const person = await findPerson(db, masters, device);
  if (person !== null) return person;
  return (await db.query('select from device_keys where device = $1', [device])).rowCount === 0
    ? { device, key: null }
    : null;
}

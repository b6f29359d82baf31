// The random key of each UTC day, shared by all processes of one store, under which contributors are counted. Promises: made
// by whoever needs it first, the same for everybody; a thread forgets yesterday's as soon as it asks for today's; after
// KEY_LIFE_DAYS (day-keys-store.ts) the row is deleted, and with it the only way from an address to its tag. What the store holds is half of it: the
// other half is a secret outside, so that a dump of the day's rows and key does not do (networks are few enough to try all).
import type { Pool } from 'pg';
import { dayOf } from './contributor.ts';

const KEY_BYTES = 32;

export type DayKeys = {
  /** The key of the day in which `nowMs` lies. Rejects if the store does. */
  keyFor(nowMs: number): Promise<Uint8Array>;
};

/** `bind` makes the day's key of what the store holds of it (sealed-payload.ts). */
export function createDayKeys(
  db: Pool,
  randomBytes: (size: number) => Buffer,
  bind: (stored: Uint8Array) => Uint8Array,
): DayKeys {
  let day = -1;
  let key: Promise<Uint8Array> | null = null;

  async function fetchKey(wanted: number): Promise<Uint8Array> {
    await db.query('insert into contributor_keys (day, key) values ($1, $2) on conflict (day) do nothing', [
      wanted,
      randomBytes(KEY_BYTES),
    ]);
    const { rows } = await db.query('select key from contributor_keys where day = $1', [wanted]);
    return bind(rows[0].key);
  }

  return {
    keyFor(nowMs) {
      const wanted = dayOf(nowMs);
      if (key !== null && day === wanted) return key;
      day = wanted;
      const fetched = fetchKey(wanted);
      key = fetched;
      // A failure is not remembered: the next call asks again.
      fetched.catch(() => {
        if (key === fetched) key = null;
      });
      return fetched;
    },
  };
}

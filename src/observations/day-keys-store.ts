// The end of the keys of days that are over (day-keys.ts). Promises: their bytes leave the store's files too.
import type { Pool } from 'pg';
import { compactTable } from '../storage/compact.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import { dayOf } from './contributor.ts';

/** A key is deleted when its day ended a whole day ago at the latest: replicas' clocks may differ around midnight. */
const KEY_LIFE_DAYS = 2;
/** Some runs of the hourly jobs. */
const COMPACT_MS = 6 * HOUR_MS;

/**
 * Deletes the keys of days that are over since KEY_LIFE_DAYS, and of days beyond tomorrow, which a clock that ran ahead made: they
 * would last until then. Their bytes leave the files too; for hours after midnight that is tried with each call, since one may find
 * the table in use. Returns how many went.
 */
export async function deleteOldKeys(db: Pool, nowMs: number): Promise<number> {
  const today = dayOf(nowMs);
  const { rowCount } = await db.query('delete from contributor_keys where day <= $1 or day > $2', [
    today - KEY_LIFE_DAYS,
    today + 1,
  ]);
  const gone = rowCount ?? 0;
  if (gone > 0 || nowMs % DAY_MS < COMPACT_MS) await compactTable(db, 'contributor_keys');
  return gone;
}

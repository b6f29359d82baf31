// Published counts as partners read them: the one draw that everybody is told, page by page. Promises: a read changes nothing
// but the number of reads; the same question has the same answer for every partner, from the first day to the last, which is
// the last whether or not anything was swept.
import type { Pool } from 'pg';
import type { RegionKey } from '../../privacy/region-key.ts';
import { inTimeSql } from '../../rights/registry.ts';

export type RegionCount = {
  readonly window: number;
  readonly region: RegionKey;
  readonly count: number;
  readonly mapVersion: string;
};

/** Where a page ends: the next one begins behind it. */
export type Position = { readonly window: number; readonly region: RegionKey };

export type Question = {
  /** Windows from the first up to, without, the last. */
  readonly from: number;
  readonly until: number;
  /** Names of regions, both included. */
  readonly lowest: RegionKey;
  readonly highest: RegionKey;
  readonly after: Position | null;
  readonly limit: number;
};

/** The last window that is out; null before the first. */
export async function lastReleased(pool: Pool, nowMs: number): Promise<number | null> {
  const { rows } = await pool.query<{ last: number | null }>(
    `select max(window_no) as last from count_releases t where epsilon_milli > 0 and ${inTimeSql('count_releases', '$1')}`,
    [nowMs],
  );
  return rows[0].last;
}

/** Counts in the order of window and region, `limit` at most. */
export async function readCounts(pool: Pool, question: Question, nowMs: number): Promise<RegionCount[]> {
  const { from, until, lowest, highest, limit } = question;
  const after = question.after ?? { window: -1, region: -1 };
  const { rows } = await pool.query<RegionCount>(
    `select t.window_no as "window", t.region, t.count, r.map_version as "mapVersion"
     from region_counts t join count_releases r using (window_no)
     where window_no >= $1 and window_no < $2 and region between $3 and $4 and (window_no, region) > ($5, $6)
       and ${inTimeSql('region_counts', '$8')}
     order by window_no, region limit $7`,
    [from, until, lowest, highest, after.window, after.region, limit, nowMs],
  );
  return rows;
}

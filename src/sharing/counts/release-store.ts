// Counts as they are published: once for each window, a day late, one draw for everybody. Promises: crash-safe and
// single-winner. The row of the window, the draw and the end of its visits and salt are one transaction, under one lock for
// all gateways: what was killed half-way never happened and nobody saw its noise; nobody ever draws twice for a window. A
// window that the budget does not allow is closed without a draw. A device counts once, in the region of most of its ticks.
import type { ClientBase, Pool } from 'pg';
import {
  BUDGET_WINDOWS,
  EPSILON_MILLI,
  FEWEST_DEVICES,
  lastDueWindow,
  maySpend,
  noisyCounts,
} from '../../privacy/count-rule.ts';
import type { RandomBelow } from '../../privacy/discrete-laplace.ts';
import type { RegionKey } from '../../privacy/region-key.ts';
import { inTimeSql } from '../../rights/registry.ts';
import { compactTable } from '../../storage/compact.ts';
import { COUNTS_LOCK } from '../../storage/locks.ts';
import { transact } from '../../storage/transaction.ts';

export type ReleaseDeps = {
  readonly pool: Pool;
  /** Cryptographic: crypto.randomInt. */
  readonly randomBelow: RandomBelow;
  readonly mapVersion: string;
  /** What may be spent in any 30 days. */
  readonly epsilonCap: number;
};

/** Windows that became public in one run, and those that the budget kept back. */
type Released = { readonly windows: number; readonly regions: number; readonly keptBack: number };

/**
 * Publishes every window that is due, oldest first; one whose visits' time is over (a gateway that stood still) without any count,
 * whether or not they were swept. Windows older than the budget's 30 days are lost.
 */
export async function releaseDueWindows(deps: ReleaseDeps, nowMs: number): Promise<Released> {
  const due = await dueWindows(deps.pool, lastDueWindow(nowMs));
  let [windows, regions, keptBack] = [0, 0, 0];
  for (const window of due) {
    const published = await transact(deps.pool, (client) => release(client, deps, window, nowMs));
    if (published === 'out already') continue;
    if (published === 'kept back') keptBack++;
    else {
      windows++;
      regions += published;
    }
  }
  // Tags can't be told from their devices any more once the salt is gone, from the files too.
  if (windows + keptBack > 0) await compactTable(deps.pool, 'visit_salts');
  return { windows, regions, keptBack };
}

/**
 * Also windows in which nobody was seen: that a window is out says nothing about anybody. On a first start only the last
 * one, and any that have visits.
 */
async function dueWindows(pool: Pool, last: number): Promise<number[]> {
  const { rows } = await pool.query<{ window: number; out: boolean }>(
    `select window_no as "window", true as out from count_releases where window_no between $1 and $2
     union all select window_no, false from visit_salts where window_no between $1 and $2`,
    [last - BUDGET_WINDOWS + 1, last],
  );
  const out = new Set(rows.filter((row) => row.out).map((row) => row.window));
  const first = rows.reduce((least, row) => Math.min(least, row.window), last);
  // Salts of windows that are out: left by a writer that came before the first of its window, and late.
  const due = new Set(rows.filter((row) => !row.out).map((row) => row.window));
  for (let window = first; window <= last; window++) if (!out.has(window)) due.add(window);
  return [...due].sort((a, b) => a - b);
}

async function release(
  client: ClientBase,
  { randomBelow, mapVersion, epsilonCap }: ReleaseDeps,
  window: number,
  nowMs: number,
): Promise<number | 'out already' | 'kept back'> {
  await client.query(`select pg_advisory_xact_lock(${COUNTS_LOCK})`);
  // Waits for writers of this window; those that come later find it closed.
  await client.query('select from visit_salts where window_no = $1 for update', [window]);
  const inserted = await client.query(
    `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, $2, $3, $4)
     on conflict do nothing returning window_no`,
    [window, nowMs, mapVersion, EPSILON_MILLI],
  );
  const isFirst = inserted.rows.length > 0;
  const allowed = isFirst && maySpend(await spentAround(client, window), window, epsilonCap * 1_000);
  const counts = allowed ? noisyCounts(await devicesByRegion(client, window, nowMs), randomBelow) : [];
  if (counts.length > 0) {
    await client.query(
      'insert into region_counts (window_no, region, count) select $1, * from unnest($2::int[], $3::int[])',
      [window, counts.map((one) => one.region), counts.map((one) => one.count)],
    );
  }
  await client.query('delete from visits where window_no = $1', [window]);
  await client.query('delete from visit_salts where window_no = $1', [window]);
  if (!isFirst) return 'out already';
  if (allowed) return counts.length;
  await client.query('update count_releases set epsilon_milli = 0 where window_no = $1', [window]);
  return 'kept back';
}

async function spentAround(client: ClientBase, window: number): Promise<Map<number, number>> {
  const { rows } = await client.query<{ window: number; spent: number }>(
    'select window_no as "window", epsilon_milli as spent from count_releases where window_no between $1 and $2',
    [window - BUDGET_WINDOWS, window + BUDGET_WINDOWS],
  );
  return new Map(rows.map((row) => [row.window, row.spent]));
}

/** Devices by the region in which each was longest; of regions that tie, the one with the smallest name. */
async function devicesByRegion(client: ClientBase, window: number, nowMs: number): Promise<Map<RegionKey, number>> {
  const { rows } = await client.query<{ region: RegionKey; devices: number }>(
    `select region, count(*)::int as devices from
       (select distinct on (tag) region from visits t where window_no = $1 and ${inTimeSql('visits', '$2')}
        order by tag, ticks desc, region) as modal
     group by region having count(*) >= ${FEWEST_DEVICES} order by region`,
    [window, nowMs],
  );
  return new Map(rows.map((row) => [row.region, row.devices]));
}

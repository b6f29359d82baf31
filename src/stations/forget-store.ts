// The end of a learnt station: nobody has heard it for so long that it is not there any more. Promises: its position leaves all
// answers by the change feed and what was learnt of it goes, sooner if it never answered: a place that one person alone walked past is
// nobody's business for two years, nor is what a flood invented; short transactions, never beside a fold; imported positions stay: those
// that no proof replaced (one report is none), and those that were imported over a learnt one since, unless they are as old
// themselves. The row stays, without a position, for indexes that have not followed yet, until
// empty-store.ts deletes it.
import type { ClientBase, Pool } from 'pg';
import { noPositionSql } from '../storage/no-position.ts';
import { DAY_MS } from '../time/spans.ts';
import { inBatches } from './in-batches-store.ts';
import { MAC_KIND } from './index-contract.ts';
import { decodeLearning, IS_UNPROVEN } from './whereabouts-bytes.ts';

/** Stations forgotten in one transaction. */
const BATCH = 2_000;
/** Of each kind in one run: some ten seconds' work. What is left over waits for the next run. */
const MAX_BATCHES = 200;
/** What was heard, but never of two contributors, is kept so long: where few report, the second comes within half a year or not at all. */
export const UNPROVEN_DAYS = 180;

/**
 * Forgets learnt stations last heard more than `afterDays` days ago, those that never answered after UNPROVEN_DAYS, `maxBatches` transactions of each kind at most; stops
 * between two when the signal aborts. Resolves with how many.
 */
export async function forgetStations(
  db: Pool,
  nowMs: number,
  afterDays: number,
  signal?: AbortSignal,
  maxBatches: number = MAX_BATCHES,
): Promise<number> {
  const today = Math.floor(nowMs / DAY_MS);
  const before = { day: today - afterDays, unprovenDay: today - Math.min(afterDays, UNPROVEN_DAYS) };
  let forgotten = 0;
  for (const forget of [forgetMacs, forgetCells]) {
    const batches = { rows: BATCH, most: maxBatches, signal };
    forgotten += await inBatches(db, batches, (client) => forget(client, before, nowMs));
  }
  return forgotten;
}

/** Last days (UTC numbers) before which what is learnt is over: of stations that answered, and of those that never did. */
type Before = { readonly day: number; readonly unprovenDay: number };

const IS_OVER = `last_day < $1 or (last_day < $2 and ${IS_UNPROVEN})`;

/** A row of the fold's, or one older than it may be: `u` is what was learnt of it, the two parameters come last. */
const isOver = (beforeMs: string) =>
  `(u.published_at is null or e.modified_at = u.published_at or coalesce(greatest(e.modified_at, e.last_seen_at), 0) < ${beforeMs})`;

async function forgetMacs(client: ClientBase, before: Before, nowMs: number): Promise<number> {
  const { rows } = await client.query(
    `delete from mac_learning where ctid = any(array(select ctid from mac_learning where ${IS_OVER} limit ${BATCH}))
     returning kind, mac, state`,
    [before.day, before.unprovenDay],
  );
  const learnt = rows.map(withPublishedAt).filter(({ publishedAt }) => publishedAt !== undefined);
  for (const [kind, table] of [
    [MAC_KIND.wifi, 'wifi_stations'],
    [MAC_KIND.bluetooth, 'bluetooth_stations'],
  ] as const) {
    const ofKind = learnt.filter((row) => row.kind === kind);
    await client.query(
      `update ${table} e set ${noPositionSql(table)}, modified_at = $3, changed = pg_current_xact_id()
       from unnest($1::int8[], $2::int8[]) as u(mac, published_at)
       where e.mac = u.mac and e.lat is not null and ${isOver('$4')}`,
      [ofKind.map(({ mac }) => mac), ofKind.map(({ publishedAt }) => publishedAt), nowMs, before.day * DAY_MS],
    );
  }
  return rows.length;
}

async function forgetCells(client: ClientBase, before: Before, nowMs: number): Promise<number> {
  const { rows } = await client.query(
    `delete from cell_learning where ctid = any(array(select ctid from cell_learning where ${IS_OVER} limit ${BATCH}))
     returning radio, mcc, mnc, area, cell_id, state`,
    [before.day, before.unprovenDay],
  );
  const learnt = rows.map(withPublishedAt).filter(({ publishedAt }) => publishedAt !== undefined);
  const column = (name: string) => learnt.map((row) => row[name]);
  await client.query(
    `update cells e set ${noPositionSql('cells')}, modified_at = $7, changed = pg_current_xact_id()
     from unnest($1::int2[], $2::int2[], $3::int2[], $4::int4[], $5::int8[], $6::int8[])
       as u(radio, mcc, mnc, area, cell_id, published_at)
     where (e.radio, e.mcc, e.mnc, e.area, e.cell_id) = (u.radio, u.mcc, u.mnc, u.area, u.cell_id)
       and e.lat is not null and ${isOver('$8')}`,
    [...['radio', 'mcc', 'mnc', 'area', 'cell_id', 'publishedAt'].map(column), ...[nowMs, before.day * DAY_MS]],
  );
  return rows.length;
}

/** The row with when its position was published; null = not known, undefined = never, what was heard proved nothing. */
function withPublishedAt<T extends { state: Buffer }>(row: T): T & { publishedAt: number | null | undefined } {
  try {
    const { learnt, publishedAt } = decodeLearning(row.state);
    return { ...row, publishedAt: learnt ? publishedAt : undefined };
  } catch {
    return { ...row, publishedAt: null };
  }
}

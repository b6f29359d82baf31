// Keeps areas in step with their cells. Promises: every area one of whose cells changed since the last time is derived anew,
// whoever changed it and even if a run before was killed; short transactions, memory of one number an area; an area that
// comes out as it was is not written. Says nothing of how an area is judged: area-summary.ts does.

import type { ClientBase, Pool } from 'pg';
import type { Radio } from '../radio/cell.ts';
import { PART_RADIO } from '../radio/cell-parts.ts';
import { binaryArray, type ElementType } from '../storage/binary-array.ts';
import { type AreaCells, summariseArea } from './area-summary.ts';
import { BEGIN_BATCH } from './store.ts';

/** Changed cells looked through in one query, and areas derived in one transaction (33 cells an area in Mozilla's file). */
const CELLS_PER_LOOK = 50_000;
const AREAS_PER_TRANSACTION = 200;
/** pg_advisory_xact_lock: of two processes that derive the same area, the later reads what the earlier wrote. */
const AREA_LOCK = 'select pg_advisory_xact_lock(4704711)';

/** Areas looked at, and cells left out of them because they lie far from all others. */
export type DerivedAreas = { areas: number; outlierCells: number };

/**
 * Derives all areas with news. Stops between transactions when the signal aborts; the next call then begins again. With
 * `enoughAreas` it stops looking for more once it has so many, and the next call goes on behind them.
 */
export async function deriveAreas(
  client: ClientBase,
  signal?: AbortSignal,
  enoughAreas = Number.POSITIVE_INFINITY,
): Promise<DerivedAreas> {
  const derived: DerivedAreas = { areas: 0, outlierCells: 0 };
  const news = await findNews(client);
  if (news === null) return derived;
  const { now, since } = news;
  const { keys, upto } = await findChangedAreas(client, since, enoughAreas, signal);
  for (let at = 0; at < keys.length; at += AREAS_PER_TRANSACTION) {
    if (signal?.aborted) return derived;
    const some = keys.subarray(at, at + AREAS_PER_TRANSACTION);
    derived.outlierCells += await deriveSome(client, some);
    derived.areas += some.length;
  }
  if (signal?.aborted) return derived;
  await client.query(
    `insert into feed_positions (reader, upto) values ('areas', $1::xid8)
     on conflict (reader) do update set upto = excluded.upto where feed_positions.upto is distinct from excluded.upto`,
    // Behind the present, a transaction may still commit what a look did not see.
    [upto !== null && BigInt(upto) < BigInt(now) ? upto : now],
  );
  return derived;
}

/** The transactions between which cells changed since the last time; null if none did. */
export async function findNews(db: ClientBase | Pool): Promise<{ now: string; since: string } | null> {
  const { rows } = await db.query(
    // A position ahead of the present is one of another server, restored here: begin anew.
    `select now::text, coalesce((select upto from feed_positions where reader = 'areas' and upto <= now), '0')::text as since
     from pg_snapshot_xmin(pg_current_snapshot()) as now`,
  );
  const { now, since } = rows[0];
  const news = await db.query('select from cells where changed >= $1::xid8 limit 1', [since]);
  return news.rowCount === 0 ? null : { now, since };
}

/** An area as one number: radio 3 bits, MCC 10, MNC 10, area 24. */
function areaKey(radio: number, mcc: number, mnc: number, area: number): number {
  return ((radio * 1024 + mcc) * 1024 + mnc) * 0x100_0000 + area;
}

/** The areas of cells changed since a transaction, sorted, and the transaction up to which they were looked for; null = to the end. */
async function findChangedAreas(
  client: ClientBase,
  since: string,
  enoughAreas: number,
  signal?: AbortSignal,
): Promise<{ keys: Float64Array; upto: string | null }> {
  const keys = new Set<number>();
  let from: string | null = since;
  while (from !== null && keys.size < enoughAreas && !signal?.aborted) {
    const next: string | null = await nextLook(client, from);
    const { rows } = await client.query({
      text: `select distinct radio, mcc, mnc, area from cells
             where changed >= $1::xid8 and ($2::xid8 is null or changed < $2::xid8) and radio <> ${PART_RADIO}`,
      values: [from, next],
      rowMode: 'array',
    });
    for (const [radio, mcc, mnc, area] of rows) keys.add(areaKey(radio, mcc, mnc, area));
    from = next;
  }
  return { keys: Float64Array.from(keys).sort(), upto: from };
}

/** The transaction at which a look that begins at `from` should end, or null if it reaches all there is. */
async function nextLook(client: ClientBase, from: string): Promise<string | null> {
  const { rows } = await client.query(
    `select changed::text as next from cells
     where changed > (select changed from cells where changed >= $1::xid8 order by changed offset ${CELLS_PER_LOOK} limit 1)
     order by changed limit 1`,
    [from],
  );
  return rows[0]?.next ?? null;
}

/** Derives areas in one transaction; resolves with the number of outlier cells. */
async function deriveSome(client: ClientBase, keys: Float64Array): Promise<number> {
  try {
    await client.query(BEGIN_BATCH);
    await client.query(AREA_LOCK);
    const outliers = await summariseSome(client, keys);
    await client.query('commit');
    return outliers;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

type Area = Required<AreaCells> & { createdAt: number; modifiedAt: number; lastSeenAt: number };

async function summariseSome(client: ClientBase, keys: Float64Array): Promise<number> {
  const columns = keyColumns(keys);
  const all = Array.from(keys, (_, i) => i);
  const areas = all.map((i): Area => {
    const times = { createdAt: Number.NaN, modifiedAt: Number.NaN, lastSeenAt: Number.NaN };
    return { radio: columns.radio[i] as Radio, lat: [], lon: [], rangeM: [], createdAtMs: [], ...times };
  });
  const { rows } = await client.query({ text: READ_CELLS, values: keyArrays(columns, all), rowMode: 'array' });
  for (const [n, lat, lon, rangeM, createdAt, modifiedAt, lastSeenAt] of rows) {
    const area = areas[Number(n) - 1];
    area.lat.push(lat);
    area.lon.push(lon);
    area.rangeM.push(rangeM ?? Number.NaN);
    area.createdAtMs.push(createdAt === null ? Number.NaN : Number(createdAt));
    if (createdAt !== null) area.createdAt = -latest(-area.createdAt, -createdAt);
    area.modifiedAt = latest(area.modifiedAt, modifiedAt);
    area.lastSeenAt = latest(area.lastSeenAt, lastSeenAt);
  }
  const found = all.filter((i) => areas[i].lat.length > 0);
  const empty = all.filter((i) => areas[i].lat.length === 0);
  const summaries = areas.map((area) => (area.lat.length > 0 ? summariseArea(area) : null));
  const values = (type: ElementType, of: (i: number) => number | undefined) =>
    binaryArray(
      type,
      Float64Array.from(all, (i) => of(i) ?? Number.NaN),
      found,
      found.length,
    );
  await client.query(WRITE_AREAS, [
    ...keyArrays(columns, found),
    values('int4', (i) => areas[i].lat.length),
    values('float8', (i) => summaries[i]?.center?.lat),
    values('float8', (i) => summaries[i]?.center?.lon),
    values('float8', (i) => summaries[i]?.center?.radiusM),
    values('int8', (i) => areas[i].createdAt),
    values('int8', (i) => areas[i].modifiedAt),
    values('int8', (i) => areas[i].lastSeenAt),
  ]);
  if (empty.length > 0) await client.query(FORGET_AREAS, keyArrays(columns, empty));
  return summaries.reduce((sum, summary) => sum + (summary?.outliers ?? 0), 0);
}

/** The later of a time and one from the store, which may be null and comes as text. */
function latest(known: number, stored: string | number | null): number {
  return stored === null || known >= Number(stored) ? known : Number(stored);
}

type KeyColumns = Record<'radio' | 'mcc' | 'mnc' | 'area', Float64Array>;

function keyColumns(keys: Float64Array): KeyColumns {
  return {
    radio: keys.map((key) => Math.floor(key / 2 ** 44)),
    mcc: keys.map((key) => Math.floor(key / 2 ** 34) % 1024),
    mnc: keys.map((key) => Math.floor(key / 2 ** 24) % 1024),
    area: keys.map((key) => key % 2 ** 24),
  };
}

function keyArrays({ radio, mcc, mnc, area }: KeyColumns, order: number[]): (Buffer | null)[] {
  const array = (type: ElementType, values: Float64Array) => binaryArray(type, values, order, order.length);
  return [array('int2', radio), array('int2', mcc), array('int2', mnc), array('int4', area)];
}

const KEY_ARRAYS = '$1::int2[], $2::int2[], $3::int2[], $4::int4[]';
const SAME_AREA = '(t.radio, t.mcc, t.mnc, t.area) = (i.radio, i.mcc, i.mnc, i.area)';

/** Cells with a position younger than their last block, if any. The same order every time, so that the same cells give the same bits. */
const READ_CELLS = `select i.n, t.lat, t.lon, t.radius_m, t.created_at, t.modified_at, t.last_seen_at
  from unnest(${KEY_ARRAYS}) with ordinality as i(radio, mcc, mnc, area, n)
  join cells t on ${SAME_AREA}
  where t.lat is not null and (t.blocked_at is null or t.modified_at > t.blocked_at) order by i.n, t.cell_id`;

const DERIVED = ['cells', 'lat', 'lon', 'radius_m', 'samples', 'created_at', 'modified_at', 'last_seen_at'];
const list = (prefix: string) => DERIVED.map((name) => `${prefix}.${name}`).join(', ');
const WRITE_AREAS = `insert into areas as t (radio, mcc, mnc, area, ${DERIVED.join(', ')})
  select radio, mcc, mnc, area, cells, lat, lon, radius_m, cells, created_at, modified_at, last_seen_at
  from unnest(${KEY_ARRAYS}, $5::int4[], $6::float8[], $7::float8[], $8::float8[], $9::int8[], $10::int8[], $11::int8[])
    as i(radio, mcc, mnc, area, cells, lat, lon, radius_m, created_at, modified_at, last_seen_at)
  on conflict (radio, mcc, mnc, area) do update
  set (${DERIVED.join(', ')}, changed) = row(${list('excluded')}, pg_current_xact_id())
  where (${list('t')}) is distinct from (${list('excluded')})`;

const FORGET_AREAS = `update areas t
  set cells = 0, lat = null, lon = null, radius_m = null, samples = null, changed = pg_current_xact_id()
  from unnest(${KEY_ARRAYS}) as i(radio, mcc, mnc, area)
  where ${SAME_AREA} and t.cells > 0`;

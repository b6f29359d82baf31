// How fast reports become stations: observations a second of the fold, on a store of its own, beside bare multi-row upserts
// of the same observations into one table (a row each, no learning). Both in alternation, in the same order, same batches.
// The walks are made up, seeded: walkers hear what is near, over and over, as in a street. Needs TEST_DATABASE_URL for
// PostgreSQL; run by itself it prints one line.
import { randomBytes } from 'node:crypto';
import { createRandom } from '../fixtures/random.ts';
import { createFoldDeps, foldInbox } from '../src/jobs/fold.ts';
import { type InboxRow, packRows } from '../src/observations/inbox.ts';
import { decodeReport } from '../src/observations/payload.ts';
import type { PayloadSeal } from '../src/observations/sealed-payload.ts';
import { insertRows } from '../src/observations/store.ts';
import { createAtRest } from '../src/process/at-rest.ts';
import { binaryArray } from '../src/storage/binary-array.ts';
import { openStore, type Store } from '../src/storage/open.ts';
import { DAY_MS } from '../src/time/spans.ts';
import { withOwnDatabase } from './own-database.ts';

type FoldBench = { observations: number; foldPerS: number; barePerS: number; ratio: number };

export const STATIONS = 20_000;
const HEARD = 15;
/** Address of access point n of the town. */
export const macOf = (n: number) => 0x001a2b000000 + n * 7919;
const BARE_BATCH = 30_000;

/** Reports of walkers through a town of STATIONS access points on a square grid 30 m apart. */
export function walk(reports: number, random: () => number, receivedAtMs: number, payloads: PayloadSeal): InboxRow[] {
  const side = Math.ceil(Math.sqrt(STATIONS));
  const rows: InboxRow[] = [];
  const dayKey = Buffer.alloc(32, 1);
  let x = 0;
  let y = 0;
  for (let i = 0; i < reports; i++) {
    if (i % 100 === 0) {
      x = random() * side;
      y = random() * side;
    }
    x = Math.min(side - 1, Math.max(0, x + (random() - 0.5) * 2));
    y = Math.min(side - 1, Math.max(0, y + (random() - 0.5) * 2));
    const heard = new Set<number>();
    while (heard.size < HEARD) {
      const [sx, sy] = [Math.floor(x + (random() - 0.5) * 5), Math.floor(y + (random() - 0.5) * 5)];
      heard.add(Math.max(0, Math.min(side * side - 1, sx + sy * side)));
    }
    const wifi = [...heard].map((n) => ({
      mac: macOf(n),
      dbm: -50 - Math.floor(random() * 40),
      ageMs: 0,
    }));
    const at = { lat: 48 + (y * 30) / 111_195, lon: 9 + (x * 30) / 74_400 };
    const report = {
      ...at,
      accuracyM: 5 + random() * 20,
      speedMps: 1.2,
      fused: false,
      timeMs: receivedAtMs,
      wifi,
      bluetooth: [],
      cells: [],
      neighbours: [],
    };
    rows.push(...packRows([report], { tag: Math.floor(i / 100) % 7, dayKey, trusted: false }, receivedAtMs, payloads));
  }
  return rows;
}

const BARE = `insert into bare as b (mac, lat, lon, radius_m, samples, weight, last_seen_at)
  select mac, avg(lat), avg(lon), 1, count(*), sum(weight), max(at)
  from unnest($1::int8[], $2::float8[], $3::float8[], $4::float8[], $5::int8[]) as u(mac, lat, lon, weight, at) group by mac
  on conflict (mac) do update set lat = excluded.lat, lon = excluded.lon, samples = b.samples + excluded.samples,
    weight = b.weight + excluded.weight, last_seen_at = excluded.last_seen_at`;

/** Milliseconds of bare upserts: all observations of a round, a transaction each BARE_BATCH of them. */
async function upsertBare(
  store: Store,
  rows: readonly InboxRow[],
  nowMs: number,
  payloads: PayloadSeal,
): Promise<number> {
  const observations = rows.flatMap((row) => {
    const { lat, lon, wifi } = decodeReport(payloads.open(row, row.digest, row.payload)!);
    return wifi.map(({ mac }) => [mac, lat, lon, 1, nowMs]);
  });
  const startMs = performance.now();
  for (let at = 0; at < observations.length; at += BARE_BATCH) {
    const batch = observations.slice(at, at + BARE_BATCH);
    const order = batch.map((_, i) => i);
    const column = (c: number, type: 'int8' | 'float8') =>
      binaryArray(
        type,
        Float64Array.from(batch, (row) => row[c]),
        order,
        order.length,
      );
    await store.pool.query(BARE, [
      column(0, 'int8'),
      column(1, 'float8'),
      column(2, 'float8'),
      column(3, 'float8'),
      column(4, 'int8'),
    ]);
  }
  return performance.now() - startMs;
}

/** Runs `rounds` days of `reports` each on an empty store. */
async function benchFold(store: Store, reports = 5_000, rounds = 4): Promise<FoldBench> {
  const random = createRandom(7).next;
  const atRest = createAtRest(randomBytes(32));
  let foldMs = 0;
  let bareMs = 0;
  await store.pool.query(
    'create table bare (mac bigint primary key, lat float8, lon float8, radius_m float8, samples int8, weight float8, last_seen_at int8)',
  );
  const startMs = Date.now() - rounds * DAY_MS;
  for (let round = 0; round < rounds; round++) {
    const receivedAtMs = startMs + round * DAY_MS;
    await store.pool.query('insert into contributor_keys (day, key) values ($1, $2)', [
      Math.floor(receivedAtMs / DAY_MS),
      randomBytes(32),
    ]);
    const rows = walk(reports, random, receivedAtMs, atRest.payloads);
    for (let at = 0; at < rows.length; at += 2_000) await insertRows(store.pool, rows.slice(at, at + 2_000));
    const timedBare = async () => {
      const took = await upsertBare(store, rows, receivedAtMs, atRest.payloads);
      if (round > 0) bareMs += took;
    };
    if (round % 2 === 0) await timedBare();
    const foldStartMs = performance.now();
    const done = await foldInbox(
      createFoldDeps(store, atRest, Buffer.alloc(32), (error) => {
        throw error;
      }),
    );
    if (done.rows !== reports) throw new Error('the fold did not fold what was sent');
    // The first day creates everything and warms the compiler.
    if (round > 0) foldMs += performance.now() - foldStartMs;
    if (round % 2 === 1) await timedBare();
  }
  const observations = (rounds - 1) * reports * HEARD;
  return {
    observations,
    foldPerS: Math.round((observations / foldMs) * 1000),
    barePerS: Math.round((observations / bareMs) * 1000),
    ratio: bareMs / foldMs,
  };
}

/** Runs the bench on a database of its own on the server at `url`. */
export async function benchFoldOnServer(url: string): Promise<FoldBench> {
  return await withOwnDatabase(url, async (own) => {
    const store = await openStore({ databaseUrl: own, dataDir: '' });
    try {
      return await benchFold(store);
    } finally {
      await store.close();
    }
  });
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL must name a PostgreSQL server');
  process.stdout.write(`${JSON.stringify(await benchFoldOnServer(url))}\n`);
}

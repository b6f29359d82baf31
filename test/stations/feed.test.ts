import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { type FeedLog, type FollowOptions, followStore, type StoreFollower } from '../../src/stations/feed.ts';
import { createFoundStations, STATION_FLAG } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { createStationIndex } from '../../src/stations/index-writer.ts';
import { readSnapshot, writeSnapshot } from '../../src/stations/snapshot.ts';
import type { Store } from '../../src/storage/open.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { AT_REST, openMac, sealMac } from '../support/at-rest.ts';
import { ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

const NOW = Date.UTC(2026, 0, 15);
const SEED = [9, 10] as const;
const followers: StoreFollower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

let shared: Promise<Store> | undefined;

/** The file's one store, without stations: opening an embedded one takes seconds. */
async function emptyStore(): Promise<Store> {
  shared ??= openTestStore();
  const store = await shared;
  await store.pool.query('truncate cells, areas, wifi_stations, bluetooth_stations');
  return store;
}

function follow(store: { pool: Pool }, options: Partial<FollowOptions> = {}) {
  const said: string[] = [];
  const say = (fields: object, message: string) => void said.push(`${message} ${JSON.stringify(fields)}`);
  const log: FeedLog = { info: say, warn: say, error: say };
  const index = createStationIndex({ seed: SEED });
  const { handle, port } = index.connect();
  const reader = openStationReader(handle, port);
  const follower = followStore(store, index, { macs: AT_REST.macs, log, now: () => NOW, pollMs: 20, ...options });
  followers.push(follower);
  const out = createFoundStations(1);
  const found = new Uint8Array(1);
  return {
    index,
    follower,
    said,
    wifi: (mac: number) => (reader.findMacs(1, Float64Array.of(mac), 1, out, found) === 1 ? out.lat[0] : null),
    bluetooth: (mac: number) => (reader.findMacs(2, Float64Array.of(mac), 1, out, found) === 1 ? out.lat[0] : null),
    cell: (...id: [number, number, number, number, number]) => (reader.findCell(...id, out, 0) ? out.lat[0] : null),
    area: (...id: [number, number, number, number]) => (reader.findArea(...id, out, 0) ? out.lat[0] : null),
    out,
  };
}

async function upsertWifi(pool: { query: Pool['query'] }, mac: number, lat: number | null, more = ''): Promise<void> {
  await pool.query(
    `insert into wifi_stations (mac, lat, lon, radius_m, samples, source, last_seen_at) values ($1, $2, $2, 50, 7, 1, ${NOW})
     on conflict (mac) do update set lat = excluded.lat, lon = excluded.lon ${more}, changed = pg_current_xact_id()`,
    [sealMac('wifi', mac), lat],
  );
}

/** A store of one access point, which moved, was blocked then, and is silent for 30 days from then on. */
async function storeOfMoved(blockedAt: number): Promise<Store> {
  const store = await emptyStore();
  await upsertWifi(store.pool, 1, 1);
  await store.pool.query('update wifi_stations set created_at = 0, block_count = 1, blocked_at = $1', [blockedAt]);
  return store;
}

/** True if the index has it, and as silent. */
function isSilent(map: ReturnType<typeof follow>): boolean {
  return map.wifi(1) === 1 && (map.out.flags[0] & STATION_FLAG.moved) !== 0;
}

/** Waits until `get` gives `value`, failing with what it gives instead. */
async function eventually<T>(get: () => T, value: T): Promise<void> {
  await expect.poll(get, { timeout: 10_000, interval: 5 }).toEqual(value);
}

describe('a start', () => {
  test('reads all four tables, page by page, with everything the index keeps', async () => {
    const store = await emptyStore();
    await store.pool.query(
      `insert into cells (radio, mcc, mnc, area, cell_id, psc, lat, lon, radius_m, samples, source, last_seen_at)
       select 4, 310, m, 16777214, 68719476734 - i, i, i, -i, 1000, 12, 2, ${NOW}
       from generate_series(0, 49) i, generate_series(0, 2) m`,
    );
    await store.pool.query(
      `insert into areas (radio, mcc, mnc, area, cells, lat, lon) values (1, 1, 0, 7, 3, 45.5, 7.25)`,
    );
    await upsertWifi(store.pool, 2 ** 47, 10);
    await upsertWifi(store.pool, 5, null);
    await upsertWifi(store.pool, 7, 11);
    await store.pool.query('update wifi_stations set loudest_dbm = -63 where mac = $1', [sealMac('wifi', 7)]);
    await store.pool.query('insert into bluetooth_stations (mac, lat, lon) values ($1, -20, 3)', [
      sealMac('bluetooth', 6),
    ]);
    const map = follow(store, { pageRows: 7 });
    await map.follower.ready;
    expect(map.follower.status()).toMatchObject({ ready: true, lagMs: 0 });
    expect(map.index.size()).toBe(154);
    for (let i = 0; i < 50; i++) expect(map.cell(4, 310, 2, 16_777_214, 68_719_476_734 - i)).toBe(i);
    const { out } = map;
    expect([out.lon[0], out.radiusM[0], out.samples[0], out.lastSeenDay[0], out.flags[0], out.detail[0]]).toEqual([
      -49,
      1000,
      12,
      NOW / DAY_MS,
      0,
      49,
    ]);
    expect([map.area(1, 1, 0, 7), out.lastSeenDay[0], out.radiusM[0], out.detail[0]]).toEqual([45.5, 0, 0, -1]);
    expect([map.wifi(2 ** 47), out.flags[0], out.detail[0]]).toEqual([10, STATION_FLAG.gnss, -1]);
    expect([map.wifi(7), out.detail[0]]).toEqual([11, 63]);
    expect([map.wifi(5), map.wifi(6), map.bluetooth(6)]).toEqual([null, null, -20]);
  });

  test('does not miss what changes while it reads, behind where it is, by a write or by time alone', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    await upsertWifi(store.pool, 2, 2);
    await store.pool.query('update wifi_stations set created_at = 0, block_count = 1, blocked_at = $2 where mac = $1', [
      sealMac('wifi', 2),
      NOW + 30_000 - 30 * DAY_MS,
    ]);
    let nowMs = NOW;
    let isRead = false;
    const pool = {
      async query(...args: Parameters<Pool['query']>) {
        const answer = await store.pool.query(...args);
        const text = String(args[0]);
        if (!isRead && text.includes('string_agg') && text.includes('from bluetooth_stations')) {
          isRead = true;
          nowMs = NOW + 40_000;
          await upsertWifi(store.pool, 1, 9);
        }
        return answer;
      },
    } as unknown as Pool;
    const map = follow({ pool }, { now: () => nowMs });
    await map.follower.ready;
    expect([isRead, map.wifi(1)]).toEqual([true, 9]);
    expect([map.wifi(2), map.out.flags[0] & STATION_FLAG.moved]).toEqual([2, STATION_FLAG.moved]);
    nowMs = NOW + 110_000;
    await eventually(() => map.wifi(2) === 2 && map.out.flags[0] & STATION_FLAG.moved, 0);
  });

  test('of an empty store is ready and empty', async () => {
    const map = follow(await emptyStore());
    await map.follower.ready;
    expect(map.follower.status().ready).toBe(true);
    expect(map.index.size()).toBe(0);
  });

  test('keeps trying while the store fails, and says so once', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    let failures = 3;
    const pool = {
      query: (...args: Parameters<Pool['query']>) =>
        failures-- > 0 ? Promise.reject(Object.assign(new Error('x'), { code: '57P01' })) : store.pool.query(...args),
    } as unknown as Pool;
    const map = follow({ pool });
    await map.follower.ready;
    expect(map.wifi(1)).toBe(1);
    expect(map.said.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  });
});

describe('a change', () => {
  test('of any kind reaches the index: new, moved, without position, blocked, back again', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    const map = follow(store);
    await map.follower.ready;
    await upsertWifi(store.pool, 2, 2);
    await eventually(() => map.wifi(2), 2);
    await upsertWifi(store.pool, 1, -1);
    await eventually(() => map.wifi(1), -1);
    await upsertWifi(store.pool, 1, null);
    await eventually(() => map.wifi(1), null);
    await upsertWifi(store.pool, 2, 3, `, block_count = 1, blocked_at = ${NOW - DAY_MS}`);
    await eventually(() => map.wifi(2), null);
    await upsertWifi(store.pool, 2, 4, `, created_at = 0, block_count = 1, blocked_at = ${NOW - 3 * DAY_MS}`);
    await eventually(() => map.wifi(2), 4);
    expect(map.out.flags[0] & STATION_FLAG.moved).toBe(STATION_FLAG.moved);
    await upsertWifi(store.pool, 2, 5, `, blocked_at = ${NOW - 31 * DAY_MS}`);
    await eventually(() => map.wifi(2), 5);
    expect(map.out.flags[0] & STATION_FLAG.moved).toBe(0);
    await upsertWifi(store.pool, 2, 6, `, block_count = 999`);
    await eventually(() => map.wifi(2), null);
  });

  test('that time alone makes, the end of an access point’s silence after a move, reaches it too, here, in a snapshot and from one', async () => {
    const store = await emptyStore();
    const MOVED = 30 * DAY_MS;
    // Blocked so long ago that it ends two minutes from now, in one hour (three of a page each), and never was.
    for (const [mac, blockedAt] of [
      [11, NOW - MOVED + 120_000],
      [12, NOW - MOVED + 120_000],
      [13, NOW - MOVED + 120_000],
      [14, NOW - MOVED + 3_600_000],
    ])
      await store.pool.query(
        `insert into wifi_stations (mac, lat, lon, radius_m, samples, source, created_at, last_seen_at, block_count, blocked_at)
         values ($1, $2, $2, 50, 7, 1, 0, ${NOW}, 1, $3)`,
        [sealMac('wifi', mac), mac, blockedAt],
      );
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    let nowMs = NOW;
    const silent = (map: ReturnType<typeof follow>) =>
      [11, 12, 13, 14].filter((mac) => map.wifi(mac) === mac && (map.out.flags[0] & STATION_FLAG.moved) !== 0);
    const map = follow(store, { snapshot, pageRows: 1, now: () => nowMs });
    await map.follower.ready;
    expect(silent(map)).toEqual([11, 12, 13, 14]);
    await map.follower.writeSnapshot();
    nowMs = NOW + 190_000;
    await eventually(() => silent(map), [14]);
    await map.follower.stop();
    // The snapshot was taken while all were silent.
    const again = follow(store, { snapshot, pageRows: 1, now: () => nowMs });
    await again.follower.ready;
    expect(again.said.join()).toContain('loaded from its snapshot');
    expect(silent(again)).toEqual([14]);
    nowMs = NOW + 3_700_000;
    await eventually(() => silent(again), []);
  });

  test('that time made just before a snapshot, and nobody had looked for yet, reaches who starts from it', async () => {
    const store = await storeOfMoved(NOW + 30_000 - 30 * DAY_MS);
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    let nowMs = NOW;
    const map = follow(store, { snapshot, now: () => nowMs });
    await map.follower.ready;
    nowMs = NOW + 40_000;
    await eventually(() => map.follower.status().lagMs, 0);
    await map.follower.writeSnapshot();
    await map.follower.stop();
    expect(isSilent(map)).toBe(true);
    nowMs = NOW + 110_000;
    const again = follow(store, { snapshot, now: () => nowMs });
    await again.follower.ready;
    expect([again.said.join().includes('loaded from its snapshot'), isSilent(again)]).toEqual([true, false]);
  });

  test('that a clock made which ran ahead, the end of a silence, is taken back when it is right, and in no snapshot', async () => {
    const store = await storeOfMoved(NOW - 26 * DAY_MS);
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    let nowMs = NOW;
    const map = follow(store, { snapshot, now: () => nowMs });
    await map.follower.ready;
    nowMs = NOW + 5 * DAY_MS;
    await eventually(() => isSilent(map), false);
    await eventually(() => map.follower.status().lagMs, 0);
    nowMs = NOW;
    await map.follower.writeSnapshot();
    expect(map.follower.status().snapshotTakenAt).toBe(null);
    await eventually(() => isSilent(map), true);
    await eventually(() => map.follower.status().ready, true);
    await map.follower.writeSnapshot();
    const again = follow(store, { snapshot, now: () => nowMs });
    await again.follower.ready;
    expect([again.said.join().includes('loaded from its snapshot'), isSilent(again)]).toEqual([true, true]);
  });

  test('that a clock made which ran ahead while all was read, and is right since then, is taken back as well', async () => {
    const store = await storeOfMoved(NOW - 26 * DAY_MS);
    let nowMs = NOW + 5 * DAY_MS;
    const read: string[] = [];
    const info = (_: object, message: string) => {
      if (message === 'index read from the store') read.push(message);
      nowMs = NOW;
    };
    const map = follow(store, { log: { info, warn: info, error: info }, now: () => nowMs });
    await map.follower.ready;
    expect(isSilent(map)).toBe(true);
    expect(read.length).toBe(2);
  });

  test('of many rows in many transactions arrives whole, in pages', async () => {
    const store = await emptyStore();
    const map = follow(store, { pageRows: 100 });
    await map.follower.ready;
    for (let part = 0; part < 10; part++) {
      await store.pool.query(
        `insert into wifi_stations (mac, lat, lon)
         select mac, ($2 + i - 1) / 100.0, 1 from unnest($1::int8[]) with ordinality as u(mac, i)`,
        [
          [
            ...AT_REST.macs.seal(
              'wifi',
              Array.from({ length: 333 }, (_, i) => part * 333 + i),
            ),
          ],
          part * 333,
        ],
      );
    }
    await eventually(() => map.index.size(), 3330);
    for (let mac = 0; mac < 3330; mac++) if (map.wifi(mac) !== mac / 100) throw new Error(`station ${mac} differs`);
  });

  test.runIf(ON_POSTGRES)(
    'that commits late is picked up, and does not hold back those that commit before it',
    async () => {
      const store = await emptyStore();
      const early = await store.pool.connect();
      const map = follow(store);
      await early.query('begin');
      await upsertWifi(early, 1, 1);
      await map.follower.ready;
      for (let mac = 2; mac < 20; mac++) {
        await upsertWifi(store.pool, mac, mac);
        await eventually(() => map.wifi(mac), mac);
      }
      expect(map.wifi(1)).toBe(null);
      await early.query('commit');
      early.release();
      await eventually(() => map.wifi(1), 1);
      expect(map.index.size()).toBe(19);
    },
  );

  test.runIf(ON_POSTGRES)('that is rolled back never shows', async () => {
    const store = await emptyStore();
    const map = follow(store);
    await map.follower.ready;
    const client = await store.pool.connect();
    await client.query('begin');
    await upsertWifi(client, 1, 1);
    await client.query('rollback');
    client.release();
    await upsertWifi(store.pool, 2, 2);
    await eventually(() => map.wifi(2), 2);
    expect(map.wifi(1)).toBe(null);
  });

  test.runIf(ON_POSTGRES)('made by many sessions at once, with overlapping transactions, is never lost', async () => {
    const store = await emptyStore();
    const map = follow(store, { pollMs: 1, pageRows: 5 });
    await map.follower.ready;
    await Promise.all(
      Array.from({ length: 6 }, async (_, session) => {
        const client = await store.pool.connect();
        for (let n = 0; n < 25; n++) {
          await client.query('begin');
          for (let k = 0; k < 3; k++) await upsertWifi(client, session * 1000 + ((n * 7 + k) % 20), n + 1);
          await client.query(`select pg_sleep(${(((session + 1) * (n + 1)) % 5) / 500})`);
          await client.query('commit');
        }
        client.release();
      }),
    );
    const { rows } = await store.pool.query<{ mac: string; lat: number }>('select mac, lat from wifi_stations');
    await eventually(() => rows.filter(({ mac, lat }) => map.wifi(openMac('wifi', Number(mac))) !== lat).length, 0);
  });
});

describe('a restart', () => {
  test('goes on from the snapshot and reads only what changed since', async () => {
    const store = await emptyStore();
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    for (let mac = 1; mac < 30; mac++) await upsertWifi(store.pool, mac, mac);
    const before = follow(store, { snapshot });
    await before.follower.ready;
    await before.follower.writeSnapshot();
    await before.follower.stop();
    await upsertWifi(store.pool, 3, null);
    await upsertWifi(store.pool, 40, 40);
    // Behind the feed's back: only a full read would notice.
    await store.pool.query('update wifi_stations set lat = 80 where mac = $1', [sealMac('wifi', 5)]);
    const after = follow(store, { snapshot });
    await after.follower.ready;
    expect([after.wifi(3), after.wifi(40), after.wifi(4), after.wifi(5)]).toEqual([null, 40, 4, 5]);
    expect(after.said.join()).toContain('loaded from its snapshot');
    expect(after.follower.status().snapshotTakenAt).toBe(NOW);
  });

  test('finds a snapshot that is written when there is news, not otherwise, and again if that failed', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    const folder = join(testFolder(), 'data');
    mkdirSync(folder);
    const snapshot = { path: join(folder, 'stations.index'), key: AT_REST.snapshotKey };
    const map = follow(store, { snapshot });
    await map.follower.ready;
    const { writeSnapshot: write } = map.follower;
    const written = async () => {
      await write();
      return readFileSync(snapshot.path);
    };
    // One after the other: they go by one name.
    const [first, same] = await Promise.all([written(), written()]);
    expect(same.equals(first)).toBe(true);
    await upsertWifi(store.pool, 2, 2);
    await eventually(() => map.wifi(2), 2);
    renameSync(folder, `${folder}-away`);
    await expect(write()).rejects.toThrow('ENOENT');
    renameSync(`${folder}-away`, folder);
    expect(readFileSync(snapshot.path).equals(first)).toBe(true);
    const second = await written();
    expect(second.equals(first)).toBe(false);
    expect((await written()).equals(second)).toBe(true);
    const next = follow(store, { snapshot });
    await next.follower.ready;
    expect([next.wifi(2), next.said.join().includes('loaded from its snapshot')]).toEqual([2, true]);
  });

  test('with a snapshot that a clock took which ran a month ahead reads everything, and takes another once that is right', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    await upsertWifi(store.pool, 2, 2);
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    let nowMs = NOW + 30 * DAY_MS;
    const first = follow(store, { snapshot, now: () => nowMs });
    await first.follower.ready;
    await first.follower.writeSnapshot();
    // Its row is gone, as a removed one's is after a week, of which a feed can't tell.
    await store.pool.query('delete from wifi_stations where mac = $1', [sealMac('wifi', 2)]);
    nowMs = NOW + 10 * DAY_MS;
    const later = follow(store, { snapshot, now: () => nowMs });
    await later.follower.ready;
    expect([later.wifi(1), later.wifi(2)]).toEqual([1, null]);
    expect(later.said.join()).toContain('of a time to come');
    await later.follower.stop();
    await eventually(() => first.follower.status().lagMs, 0);
    await first.follower.writeSnapshot();
    expect(first.follower.status().snapshotTakenAt).toBe(nowMs);
    await first.follower.stop();
  });

  test("with a snapshot that is damaged, old, or another store's reads everything and says why", async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    const alien = createStationIndex({ seed: SEED });
    alien.upsertMac(1, 666, { lat: 6, lon: 6, radiusM: 6, samples: 6, lastSeenDay: 6, flags: 0, detail: -1 });
    const first = follow(store, { snapshot });
    await first.follower.ready;
    await first.follower.writeSnapshot();
    await first.follower.stop();
    const later = follow(store, { snapshot, now: () => NOW + 8 * DAY_MS });
    await later.follower.ready;
    expect(later.said.join()).toContain('too old');
    await later.follower.stop();
    await writeSnapshot(snapshot, alien, { store: 'another', position: '1:1:', takenAt: NOW });
    const foreign = follow(store, { snapshot });
    await foreign.follower.ready;
    expect(foreign.said.join()).toContain('another store');
    expect([foreign.wifi(1), foreign.wifi(666)]).toEqual([1, null]);
  });

  test('on a store that was set back to an older state reads everything', async () => {
    const store = await emptyStore();
    await upsertWifi(store.pool, 1, 1);
    const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
    const first = follow(store, { snapshot });
    await first.follower.ready;
    await first.follower.writeSnapshot();
    const copy = createStationIndex({ seed: SEED });
    const loaded = await readSnapshot(snapshot, copy);
    if (loaded.kind !== 'loaded') throw new Error('no snapshot');
    copy.removeMac(1, 1);
    await writeSnapshot(snapshot, copy, { ...loaded.about, position: '99999999:99999999:' });
    const after = follow(store, { snapshot });
    await after.follower.ready;
    expect(after.wifi(1)).toBe(1);
    expect(after.said.join()).toContain('ahead of the store');
  });
});

test('a store that goes back in time under a running follower is read anew, which is no readiness until it is done', async () => {
  const store = await emptyStore();
  await upsertWifi(store.pool, 1, 1);
  let goesBack = false;
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const pool = {
    async query(...args: Parameters<Pool['query']>) {
      const text = String(args[0]);
      if (goesBack && text.includes('went_back')) return { rows: [{ position: '1:1:', went_back: true, epoch: null }] };
      if (goesBack) await held;
      return store.pool.query(...args);
    },
  } as unknown as Pool;
  const map = follow({ pool });
  await map.follower.ready;
  expect(map.follower.status().ready).toBe(true);
  goesBack = true;
  await eventually(() => map.wifi(1), null);
  expect(map.follower.status().ready).toBe(false);
  goesBack = false;
  goOn();
  await eventually(() => map.wifi(1), 1);
  await eventually(() => map.follower.status().ready, true);
  expect(map.said.join()).toContain('went back in time');
});

test('an index that could not follow for longer than rows of removed stations stay is read anew, and its snapshot is as old', async () => {
  const store = await emptyStore();
  await upsertWifi(store.pool, 1, 1);
  await upsertWifi(store.pool, 2, 2);
  let nowMs = NOW;
  let isAway = false;
  const pool = {
    query: (...args: Parameters<Pool['query']>) =>
      isAway && !String((args[0] as { text?: string }).text ?? args[0]).includes('synchronous_commit')
        ? Promise.reject(Object.assign(new Error('x'), { code: '57P01' }))
        : store.pool.query(...args),
  } as unknown as Pool;
  const snapshot = { path: join(testFolder(), 'stations.index'), key: AT_REST.snapshotKey };
  const map = follow({ pool }, { snapshot, now: () => nowMs });
  await map.follower.ready;
  isAway = true;
  await eventually(() => map.said.some((line) => line.includes('does not answer')), true);
  // Removed, and its row deleted meanwhile, as another gateway of the same store does.
  await store.pool.query('delete from wifi_stations where mac = $1', [sealMac('wifi', 2)]);
  nowMs = NOW + 20 * DAY_MS;
  await map.follower.writeSnapshot();
  expect(map.follower.status().snapshotTakenAt).toBe(NOW);
  isAway = false;
  await eventually(() => map.wifi(2), null);
  await eventually(() => map.follower.status(), { ready: true, lagMs: 0, snapshotTakenAt: NOW });
  expect([map.wifi(1), map.said.filter((line) => line.includes('too old')).length]).toEqual([1, 1]);
});

test('a station that another process writes is in the answers of another thread of ours', async () => {
  const store = await emptyStore();
  const map = follow(store);
  await map.follower.ready;
  const { handle, port } = map.index.connect();
  const thread = new Worker(new URL('../support/waiting-reader.ts', import.meta.url), {
    workerData: { handle, port, mac: 77 },
    transferList: [port],
  });
  const seen = new Promise<number>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  await upsertWifi(store.pool, 77, 7.5);
  expect(await seen).toBe(7.5);
  await thread.terminate();
});

test('stopping twice, at once after the start, ends', async () => {
  const map = follow(await emptyStore());
  await Promise.all([map.follower.stop(), map.follower.stop()]);
  await map.follower.ready;
});

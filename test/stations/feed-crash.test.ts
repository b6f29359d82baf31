import { join } from 'node:path';
import type { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { type FeedLog, followStore, type StoreFollower } from '../../src/stations/feed.ts';
import { currentEpoch, settleChanges, storeIdentity } from '../../src/stations/feed-store.ts';
import { createFoundStations } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { createStationIndex } from '../../src/stations/index-writer.ts';
import { openStore } from '../../src/storage/open.ts';
import { AT_REST, sealMac } from '../support/at-rest.ts';
import { createPrivatePostgres, POSTGRES_BIN } from '../support/private-postgres.ts';
import { startScript } from '../support/process.ts';
import { afterFile, ON_POSTGRES, openTestStore, testFolder, testStoreConfig } from '../support/store.ts';

const followers: StoreFollower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

function follow(pool: Pool, path?: string) {
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const log: FeedLog = { info: say, warn: say, error: say };
  const index = createStationIndex({ seed: [1, 2] });
  const { handle, port } = index.connect();
  const reader = openStationReader(handle, port);
  const follower = followStore({ pool }, index, {
    ...{ macs: AT_REST.macs, log, now: Date.now, pollMs: 10 },
    snapshot: path === undefined ? undefined : { path, key: AT_REST.snapshotKey },
  });
  followers.push(follower);
  const out = createFoundStations(1);
  const found = new Uint8Array(1);
  const wifi = (mac: number) => (reader.findMacs(1, Float64Array.of(mac), 1, out, found) === 1 ? out.lat[0] : null);
  return { index, follower, said, wifi };
}

/** Commits without waiting for the disk, as imports and folds do. */
async function write(pool: Pool, mac: number): Promise<void> {
  await pool.query(
    `with hasty as materialized (select set_config('synchronous_commit', 'off', true) as how)
     insert into wifi_stations (mac, lat, lon) select $1::int8, $2::float8, 1 from hasty`,
    [sealMac('wifi', mac), mac / 100],
  );
}

const latsOf = async (pool: Pool) =>
  (await pool.query<{ lat: number }>('select lat from wifi_stations order by lat')).rows.map(({ lat }) => lat);

describe.runIf(ON_POSTGRES && POSTGRES_BIN !== undefined)('a PostgreSQL that crashes', () => {
  // The log is written by commits that wait only, so that those that don't are lost.
  const settings = ['wal_writer_delay = 10s', 'wal_writer_flush_after = 1GB', 'autovacuum = off', 'fsync = off'];

  test('takes from running indexes what it lost, and gives them what it wrote under the same numbers', async () => {
    const server = await createPrivatePostgres(settings);
    await server.start();
    const store = await openStore({ databaseUrl: server.url, dataDir: '' });
    afterFile(() => store.close());
    const { pool } = store;
    const path = join(testFolder(), 'stations.index');
    const map = follow(pool, path);
    await map.follower.ready;
    let lost = 0;
    for (let round = 0; round < 5 && lost === 0; round++) {
      await pool.query('truncate wifi_stations');
      for (let mac = 1; mac <= 5; mac++) await write(pool, mac);
      await expect.poll(() => map.wifi(5)).toBe(0.05);
      await map.follower.writeSnapshot();
      for (let mac = 6; mac <= 40; mac++) await write(pool, mac);
      await expect.poll(() => map.wifi(40)).toBe(0.4);
      await server.crash();
      await server.start();
      const left = await latsOf(pool);
      // What the snapshot shows is never lost.
      expect(left.slice(0, 5)).toEqual([0.01, 0.02, 0.03, 0.04, 0.05]);
      lost = 40 - left.length;
      // More transactions than were lost, so that their numbers are past those that the index has seen.
      for (let mac = 100; mac < 150; mac++) await write(pool, mac);
      await expect.poll(() => map.wifi(149), { timeout: 10_000 }).toBe(1.49);
      const all = await latsOf(pool);
      const inIndex = Array.from({ length: 200 }, (_, mac) => map.wifi(mac)).filter((lat) => lat !== null);
      expect(inIndex).toEqual(all);
      expect(map.index.size()).toBe(all.length);
    }
    expect(lost).toBeGreaterThan(0);
    expect(map.said).toContain('the store recovered from a crash, or was replaced: starting over');
    expect(map.said.filter((line) => line === 'index loaded from its snapshot').length).toBeGreaterThan(0);
  }, 60_000);

  test('never takes back what a snapshot shows', async () => {
    const server = await createPrivatePostgres(settings);
    await server.start();
    const store = await openStore({ databaseUrl: server.url, dataDir: '' });
    afterFile(() => store.close());
    const path = join(testFolder(), 'stations.index');
    const map = follow(store.pool, path);
    await map.follower.ready;
    await write(store.pool, 1);
    await write(store.pool, 2);
    await expect.poll(() => map.wifi(2)).toBe(0.02);
    await map.follower.writeSnapshot();
    await map.follower.stop();
    await server.crash();
    await server.start();
    const next = follow(store.pool, path);
    await next.follower.ready;
    expect(next.said).toContain('index loaded from its snapshot');
    expect([next.wifi(1), next.wifi(2)]).toEqual([0.01, 0.02]);
    expect(await latsOf(store.pool)).toEqual([0.01, 0.02]);
  }, 60_000);

  test('is read whole when there is no snapshot to begin with', async () => {
    const server = await createPrivatePostgres(settings);
    await server.start();
    const store = await openStore({ databaseUrl: server.url, dataDir: '' });
    afterFile(() => store.close());
    const map = follow(store.pool);
    await map.follower.ready;
    await write(store.pool, 1);
    await expect.poll(() => map.wifi(1)).toBe(0.01);
    // What answers, and is not lost, goes on to do so while all is read anew.
    await store.pool.query('checkpoint');
    const told = new Set<number | null>();
    const asking = setInterval(() => told.add(map.wifi(1)), 1);
    await server.crash();
    await server.start();
    await write(store.pool, 2);
    await expect.poll(() => map.wifi(2), { timeout: 10_000 }).toBe(0.02);
    clearInterval(asking);
    expect([...told]).toEqual([0.01]);
    expect(map.index.size()).toBe((await latsOf(store.pool)).length);
  }, 60_000);
});

test.skipIf(ON_POSTGRES)(
  'an embedded store that is killed begins another epoch, one that is closed does not',
  async () => {
    const config = await testStoreConfig();
    const run = (end: string) =>
      startScript(`import { openStore } from 'src/storage/open.ts';
      import { currentEpoch } from 'src/stations/feed-store.ts';
      const store = await openStore(${JSON.stringify(config)});
      console.log(await currentEpoch(store.pool));
      ${end}`);
    const epochs: string[] = [];
    for (const end of ['await store.close()', `process.kill(process.pid, 'SIGKILL')`, 'await store.close()']) {
      const child = run(end);
      epochs.push(await child.line());
      await child.ended;
    }
    expect(epochs[1]).toBe(epochs[0]);
    expect(epochs[2]).not.toBe(epochs[1]);
  },
);

describe('the epoch', () => {
  test('is one for all who ask, and another once it is gone', async () => {
    const { pool } = await openTestStore();
    const epoch = await currentEpoch(pool);
    expect(await currentEpoch(pool)).toBe(epoch);
    await settleChanges(pool, epoch);
    await pool.query('truncate feed_epoch');
    await expect(settleChanges(pool, epoch)).rejects.toThrow('crashed');
    expect(await currentEpoch(pool)).not.toBe(epoch);
  });

  test('is another, as is the store, when the tables are dropped and restored with the same rows', async () => {
    const { pool } = await openTestStore();
    const before = [await storeIdentity(pool), await currentEpoch(pool)];
    for (const table of ['store_meta', 'feed_epoch']) {
      await pool.query(
        `create table copy as select * from ${table}; drop table ${table}; alter table copy rename to ${table}`,
      );
    }
    const after = [await storeIdentity(pool), await currentEpoch(pool)];
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { describe, expect, test } from 'vitest';
import { createFoldDeps, foldInbox } from '../../src/jobs/fold.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { encodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport } from '../../src/observations/report.ts';
import { insertRows } from '../../src/observations/store.ts';
import { createAtRest, openAtRest } from '../../src/process/at-rest.ts';
import { openMapIndex, snapshotPath } from '../../src/process/map-index.ts';
import { requestRemoval } from '../../src/rights/store.ts';
import { exportStations } from '../../src/stations/export.ts';
import { importStations } from '../../src/stations/import.ts';
import { openStore } from '../../src/storage/open.ts';
import { STATION_KEY, sealMac } from '../support/at-rest.ts';
import { filesBelow } from '../support/files.ts';
import { formsOfMac } from '../support/leaks.ts';
import { canDump, POSTGRES_BIN } from '../support/private-postgres.ts';
import { ON_POSTGRES, openTestStore, testFolder, testStoreConfig } from '../support/store.ts';

const NOW_MS = Date.now();
const DAY_KEY = Buffer.alloc(32, 9);
const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const report = (mac: number): AdmittedReport => ({
  ...{ lat: 38.7654321, lon: -9.1234567, accuracyM: 8, speedMps: 1, fused: false, timeMs: NOW_MS },
  ...{ wifi: [{ mac, dbm: -60, ageMs: 0 }], bluetooth: [], cells: [], neighbours: [] },
});

async function exported(pool: Pool, key = STATION_KEY): Promise<string[]> {
  let text = '';
  const { macs } = createAtRest(key);
  for await (const piece of exportStations({ pool }, { format: 'ndjson', macs })) text += piece;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).mac)
    .sort();
}

describe('a store', () => {
  test('takes the key of whoever opens it first, and refuses every other', async () => {
    const { pool } = await openTestStore();
    await Promise.all([openAtRest(pool, STATION_KEY), openAtRest(pool, STATION_KEY)]);
    await openAtRest(pool, STATION_KEY);
    await expect(openAtRest(pool, Buffer.alloc(32, 1))).rejects.toThrow('encrypted with another stationKey');
  });

  /** What a version before encryption left behind. */
  async function plainStore(): Promise<Pool> {
    const { pool } = await openTestStore();
    await pool.query(
      'insert into wifi_stations (mac, lat, lon) select 113000000000 + i, 1, 2 from generate_series(1, 7) i',
    );
    await pool.query('insert into bluetooth_stations (mac, lat, lon) values (113000000001, 3, 4)');
    await pool.query(`insert into mac_learning (kind, mac, last_day, state)
      values (1, 113000000001, 1, '\\x00'), (2, 113000000001, 1, '\\x00')`);
    await pool.query(`insert into bssid_removals (mac, code, requested_at) values (113000000002, 'c', 1)`);
    await pool.query('insert into contributor_keys (day, key) values ($1, $2)', [
      Math.floor(NOW_MS / 86_400_000),
      DAY_KEY,
    ]);
    await pool.query(
      `insert into inbox (digest, received_at, contributor, trusted, payload, folded_at)
       select gen_random_uuid(), $1::int8, 5, true, p, f from unnest($2::bytea[], $3::int8[]) as u(p, f)`,
      [NOW_MS, [encodeReport(report(113000000099)), encodeReport(report(1))], [null, NOW_MS]],
    );
    return pool;
  }

  test('of an older version is encrypted once, and everything in it goes on working', async () => {
    const pool = await plainStore();
    let told = 0;
    const [atRest] = await Promise.all([
      openAtRest(pool, STATION_KEY, () => told++),
      openAtRest(pool, STATION_KEY, () => told++),
    ]);
    await openAtRest(pool, STATION_KEY, () => told++);
    expect(told).toBe(1);
    const plain = [1, 2, 3, 4, 5, 6, 7].map((i) => 113_000_000_000 + i);
    const { rows } = await pool.query<{ mac: string }>('select mac from wifi_stations');
    expect(rows.map(({ mac }) => Number(mac)).sort()).toEqual(plain.map((mac) => sealMac('wifi', mac)).sort());
    expect(new Set(await exported(pool)).size).toBe(7);
    const learning = await pool.query('select kind, mac::float8 as mac from mac_learning order by kind');
    expect(learning.rows).toEqual([
      { kind: 1, mac: sealMac('wifi', 113_000_000_001) },
      { kind: 2, mac: sealMac('bluetooth', 113_000_000_001) },
    ]);
    const removals = await pool.query('select mac::float8 as mac from bssid_removals');
    expect(removals.rows).toEqual([{ mac: sealMac('removal', 113_000_000_002) }]);
    const deps = createFoldDeps(
      { kind: ON_POSTGRES ? 'postgres' : 'embedded', pool } as never,
      atRest,
      DAY_KEY,
      () => {},
    );
    // The folded report is gone; the one that waited is learnt.
    expect(await foldInbox(deps)).toMatchObject({ rows: 1, unreadable: 0, published: 1 });
    expect((await exported(pool)).length).toBe(9);
  });

  test('whose encryption is cut short anywhere is plain, and encrypted by the next start', async () => {
    const pool = await plainStore();
    const all = async () => (await pool.query('select mac::float8 as mac from wifi_stations order by mac')).rows;
    const before = await all();
    let cuts = 0;
    for (let after = 1; ; after++) {
      let queries = 0;
      const cutPool = new Proxy(pool, {
        get(of, name) {
          if (name !== 'connect') return Reflect.get(of, name).bind(of);
          return async () => {
            const client = await of.connect();
            return {
              query: (...args: [string]) =>
                ++queries > after ? Promise.reject(new Error('cut')) : client.query(...args),
              release: (error?: Error) => client.release(error),
            };
          };
        },
      });
      const failed = await openAtRest(cutPool, STATION_KEY).then(
        () => false,
        () => true,
      );
      if (!failed) break;
      cuts++;
      expect(await all()).toEqual(before);
    }
    expect(cuts).toBeGreaterThan(10);
    expect((await all()).length).toBe(7);
    expect(await all()).not.toEqual(before);
  });
});

test.skipIf(ON_POSTGRES && !(await canDump()))(
  'a dump of the store, its files and the snapshot hold no address and no report that was put in',
  async () => {
    const config = await testStoreConfig();
    const store = await openStore(config);
    const { pool } = store;
    const atRest = await openAtRest(pool, STATION_KEY);
    const macs = { imported: 0x7894b48a7021, beacon: 0x38a067353ac0, learnt: 0x1c5f2b6d3e4a, waiting: 0x5c497da2b1f3 };
    const removed = 0x44d9e7a3c2b5;
    const lines = [
      { type: 'wifi', mac: macs.imported.toString(16), lat: 52, lon: 4 },
      { type: 'bluetooth', mac: macs.beacon.toString(16), lat: 52, lon: 4 },
    ];
    async function* source() {
      yield Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    }
    await importStations(store, source(), { nowMs: NOW_MS, macs: atRest.macs });
    const by = { tag: 7, dayKey: DAY_KEY, trusted: true };
    await insertRows(pool, packRows([report(macs.learnt)], by, NOW_MS, atRest.payloads));
    expect(await foldInbox(createFoldDeps(store, atRest, DAY_KEY, () => {}))).toMatchObject({ published: 1 });
    const waiting = { ...report(macs.waiting), lat: 41.2345678, lon: 2.3456789 };
    await insertRows(pool, packRows([waiting], by, NOW_MS, atRest.payloads));
    await requestRemoval(pool, atRest.macs, removed, 'c0de', NOW_MS);
    const dataDir = testFolder();
    const map = await openMapIndex(store, dataDir, Buffer.alloc(16, 3), atRest, quiet);
    expect(map.index.size()).toBe(3);
    await map.stop();
    await pool.query('checkpoint');
    await store.close();

    const kept = ON_POSTGRES
      ? [execFileSync(join(POSTGRES_BIN!, 'pg_dump'), ['--dbname', config.databaseUrl!], { maxBuffer: 1 << 28 })]
      : filesBelow(join(config.dataDir, 'embedded', 'pgdata')).map((path) => readFileSync(path));
    kept.push(readFileSync(snapshotPath(dataDir)));
    const holds = (what: Buffer) => kept.some((bytes) => bytes.includes(what));
    // What is known to be there is found: the search works.
    const sealed = Buffer.alloc(8);
    sealed.writeBigInt64LE(BigInt(sealMac('wifi', macs.imported)));
    expect(holds(ON_POSTGRES ? Buffer.from(String(sealMac('wifi', macs.imported))) : sealed)).toBe(true);
    for (const [name, mac] of Object.entries({ ...macs, removed })) {
      expect([name, formsOfMac(mac).filter(holds).length]).toEqual([name, 0]);
    }
    // Where the report was made: the beginning of its payload.
    const place = encodeReport(waiting).subarray(2, 10);
    expect([holds(place), holds(Buffer.from(place.toString('hex')))]).toEqual([false, false]);
  },
);

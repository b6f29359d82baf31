import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type FoldDeps, type FoldOptions, foldFor, foldInbox, isAnythingToFold } from '../../src/jobs/fold.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { encodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport } from '../../src/observations/report.ts';
import { insertRows, RAW_TTL_MS } from '../../src/observations/store.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { exportStations } from '../../src/stations/export.ts';
import { decodeLearning } from '../../src/stations/whereabouts-bytes.ts';
import { LEARNING_LOCK } from '../../src/storage/locks.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST, openMac, sealMac } from '../support/at-rest.ts';
import { ON_POSTGRES, openTestStore } from '../support/store.ts';

const START_MS = Date.parse('2026-11-01T12:00:00Z');
const AP = 0x001a2b3c4d5e;
const CELL = {
  ...{ radio: 3 as const, mcc: 268, mnc: 1, area: 5, cellId: 70_000 },
  ...{ psc: 12, timingAdvance: 3, dbm: -90, ageMs: 0, serving: true },
};
const HOME = { lat: 38.7223, lon: -9.1393 };
/** 1.1 km north. */
const AWAY = { lat: 38.7323, lon: -9.1393 };
const FARTHER = { lat: 38.7423, lon: -9.1393 };
const store = await openTestStore();
const { pool } = store;
const { macs, payloads } = AT_REST;

const report = (at: { lat: number; lon: number }, timeMs: number, rest: Partial<AdmittedReport> = {}) =>
  admitted({ ...at, timeMs, wifi: [{ mac: AP, dbm: -60, ageMs: 0 }], ...rest });

/** Reports of one contributor on one day. Spread a little, as phones are: equal ones would be one. */
async function send(
  day: number,
  tag: number,
  at: { lat: number; lon: number },
  options: { n?: number; trusted?: boolean; heardDay?: number; rest?: Partial<AdmittedReport> } = {},
) {
  const receivedAtMs = START_MS + day * DAY_MS;
  const dayKey = Buffer.alloc(32, day + 1);
  await pool.query('insert into contributor_keys (day, key) values ($1, $2) on conflict do nothing', [
    Math.floor(receivedAtMs / DAY_MS),
    dayKey,
  ]);
  const timeMs = START_MS + (options.heardDay ?? day) * DAY_MS;
  const reports = Array.from({ length: options.n ?? 3 }, (_, i) =>
    report({ lat: at.lat + ((tag * 7 + i) % 50) * 1e-6, lon: at.lon + ((i * 13) % 50) * 1e-6 }, timeMs, options.rest),
  );
  await insertRows(
    pool,
    packRows(
      reports,
      { tag, dayKey: payloads.dayKey(dayKey), trusted: options.trusted ?? false },
      receivedAtMs,
      payloads,
    ),
  );
}

const errors: unknown[] = [];
const depsOn = (day: number, barred: number[] = []): FoldDeps => ({
  store,
  ...{ macs, payloads },
  now: () => START_MS + day * DAY_MS,
  barredAmong: async () => new Set(barred),
  onError: (error) => errors.push(error),
});
const fold = (day: number, barred: number[] = [], options: FoldOptions = {}) => foldInbox(depsOn(day, barred), options);
const wifi = async () => {
  const { rows } = await pool.query(
    'select mac::float8, lat, lon, radius_m, samples, source, blocked_at from wifi_stations order by mac',
  );
  return rows.map((row) => ({ ...row, mac: openMac('wifi', row.mac) })).sort((a, b) => a.mac - b.mac);
};

afterEach(async () => {
  expect(errors.splice(0)).toEqual([]);
  await pool.query(
    'truncate inbox, contributor_keys, mac_learning, cell_learning, wifi_stations, bluetooth_stations, cells',
  );
});

describe('a station', () => {
  test('answers after two contributors on one day and two days', async () => {
    await send(0, 1, HOME);
    await send(0, 2, HOME);
    await fold(0);
    expect(await wifi()).toEqual([]);
    await send(1, 3, HOME);
    const sum = await fold(1);
    expect(sum).toMatchObject({ rows: 3, observations: 3, stations: 1, published: 1, unreadable: 0 });
    const [row] = await wifi();
    expect(row).toMatchObject({ mac: AP, source: 1, blocked_at: null });
    expect(Math.abs(row.lat - HOME.lat)).toBeLessThan(1e-4);
    expect(row.samples).toBe(9);
  });

  test('does not answer when two contributors claim a second day on the day of the first', async () => {
    for (const tag of [1, 2]) for (const heardDay of [0, -1, -20]) await send(0, tag, HOME, { heardDay });
    await fold(0);
    expect(await wifi()).toEqual([]);
  });

  test('answers at once when a trusted source reports it', async () => {
    await send(0, 1, HOME, { trusted: true });
    await fold(0);
    expect(await wifi()).toHaveLength(1);
  });

  test('of each kind is learnt: access points, beacons, cells and their parts', async () => {
    const rest = {
      bluetooth: [{ mac: 0x001b2c000002, dbm: -70, ageMs: 0 }],
      cells: [CELL],
      neighbours: [{ radio: 3 as const, psc: 44, dbm: -99 }],
    };
    for (const day of [0, 1]) for (const tag of [1, 2]) await send(day, tag, HOME, { rest });
    await fold(1);
    expect(await wifi()).toHaveLength(1);
    expect((await pool.query('select mac::float8 from bluetooth_stations')).rows).toEqual([
      { mac: sealMac('bluetooth', 0x001b2c000002) },
    ]);
    const { rows } = await pool.query(
      'select radio, mcc, mnc, area, cell_id::float8, psc from cells order by radio, area',
    );
    expect(rows[0]).toEqual({ radio: 3, mcc: 268, mnc: 1, area: 5, cell_id: 70_000, psc: 12 });
    expect(rows.slice(1).map((row) => [row.radio, row.cell_id, row.psc])).toEqual([
      [5, 70_000, null],
      [5, 70_000, null],
      [5, 70_000, null],
    ]);
  });

  test('learns from what was heard of it alone, whatever else is learnt beside it and under its address', async () => {
    const beside = AP + 0x100_0000;
    const places = {
      home: { at: HOME, rest: { cells: [{ ...CELL, cellId: 70_001 }] } },
      away: { at: AWAY, rest: { wifi: [{ mac: beside, dbm: -60, ageMs: 0 }], cells: [{ ...CELL, area: 6 }] } },
      farther: { at: FARTHER, rest: { wifi: [], bluetooth: [{ mac: AP, dbm: -60, ageMs: 0 }], cells: [CELL] } },
    };
    for (const day of [0, 1]) {
      for (const tag of [1, 2]) for (const { at, rest } of Object.values(places)) await send(day, tag, at, { rest });
      await fold(day);
    }
    const near = (lat: number) => Object.entries(places).find(([, { at }]) => Math.abs(at.lat - lat) < 1e-3)?.[0];
    const { rows: beacons } = await pool.query('select lat from bluetooth_stations');
    const { rows: cells } = await pool.query(
      'select area, cell_id::int as id, lat from cells where radio = 3 order by area, id',
    );
    expect((await wifi()).map(({ mac, lat }) => [mac, near(lat)])).toEqual([
      [AP, 'home'],
      [beside, 'away'],
    ]);
    expect(beacons.map(({ lat }) => near(lat))).toEqual(['farther']);
    expect(cells.map(({ area, id, lat }) => [area, id, near(lat)])).toEqual([
      [5, 70_000, 'farther'],
      [5, 70_001, 'home'],
      [6, 70_000, 'away'],
    ]);
  });

  test('a part of a cell makes no area of its own and is not exported', async () => {
    await send(0, 1, HOME, { trusted: true, rest: { cells: [CELL] } });
    await foldFor(60_000, depsOn(0));
    // Itself, its ring and its strength; that no neighbour was told of is no part.
    expect((await pool.query('select count(*)::int as n from cells')).rows[0].n).toBe(3);
    expect((await pool.query('select radio, area, cells from areas')).rows).toEqual([{ radio: 3, area: 5, cells: 1 }]);
    let exported = '';
    for await (const text of exportStations(store, { format: 'ndjson', macs, types: ['cell'] })) exported += text;
    expect(exported.trim().split('\n')).toHaveLength(1);
  });

  test('tells no time finer than the hour, nor does the row that taught it: else all of one upload would stand out together', async () => {
    for (const [day, tag] of [
      [0, 1],
      [0, 2],
      [1, 3],
    ])
      await send(day, tag, HOME, { rest: { cells: [CELL] } });
    await fold(1 + 1_234_567 / DAY_MS);
    for (const [day, tag] of [
      [2, 4],
      [2, 5],
      [3, 6],
    ])
      await send(day, tag, AWAY);
    await fold(3 + 1_234_567 / DAY_MS);
    expect((await pool.query('select from wifi_stations where blocked_at is not null')).rowCount).toBe(1);
    const times = 'created_at, modified_at, last_seen_at, blocked_at';
    const { rows } = await pool.query<{ at: string }>(
      `select unnest(array[${times}]) as at from wifi_stations union all select unnest(array[${times}]) from cells
       union all select unnest(array[received_at, folded_at]) from inbox`,
    );
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(({ at }) => Number(at) % 3_600_000 !== 0)).toEqual([]);
  });

  test('is published with how loud it was at most, which reports only raise', async () => {
    const wifiAt = (dbm: number) => ({ rest: { wifi: [{ mac: AP, dbm, ageMs: 0 }] } });
    const loudest = async () => (await pool.query('select loudest_dbm from wifi_stations')).rows[0].loudest_dbm;
    await send(0, 4, HOME, { n: 300, trusted: true, ...wifiAt(UNKNOWN_DBM) });
    await fold(0);
    expect(await loudest()).toBe(null);
    // So little more says nothing new but that.
    await send(0, 4, HOME, { n: 1, trusted: true, ...wifiAt(-80) });
    await fold(0);
    expect(await loudest()).toBe(-80);
    await send(0, 4, HOME, { n: 1, trusted: true, ...wifiAt(-75) });
    await fold(0);
    expect(await loudest()).toBe(-75);
    await send(1, 3, HOME, { trusted: true, ...wifiAt(-90) });
    await fold(1);
    expect(await loudest()).toBe(-75);
  });

  test('that is barred is never learnt', async () => {
    await send(0, 1, HOME, { trusted: true });
    await fold(0, [AP]);
    expect(await wifi()).toEqual([]);
    expect((await pool.query('select count(*)::int as n from mac_learning')).rows[0].n).toBe(0);
  });

  test('remembers at each of its folds which row was its own, to tell it from one that an import wrote', async () => {
    for (const day of [0, 1, 2]) {
      await send(day, 1, { lat: HOME.lat + day * 1e-3, lon: HOME.lon }, { trusted: true, n: 20 });
      await fold(day);
      const { rows } = await pool.query(
        'select modified_at::float8 as at, state from wifi_stations join mac_learning using (mac)',
      );
      expect(rows.map(({ at, state }) => [at, decodeLearning(state).publishedAt])).toEqual([
        [START_MS + day * DAY_MS, START_MS + day * DAY_MS],
      ]);
    }
  });

  test('that was imported keeps what it has until there is proof against it', async () => {
    await pool.query(
      'insert into wifi_stations (mac, lat, lon, radius_m, samples, source, created_at, modified_at) values ($1, $2, $3, 50, 100, 1, $4, $4)',
      [sealMac('wifi', AP), HOME.lat, HOME.lon, START_MS - DAY_MS],
    );
    await send(0, 1, AWAY, { n: 60 });
    await fold(0);
    expect(await wifi()).toMatchObject([{ lat: HOME.lat, lon: HOME.lon, samples: 100, blocked_at: null }]);
  });
});

describe('one contributor', () => {
  test('with any number of reports, over any number of days, real or claimed, makes no station answer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            day: fc.integer({ min: 0, max: 9 }),
            n: fc.integer({ min: 1, max: 80 }),
            heardDay: fc.integer({ min: -30, max: 9 }),
            away: fc.boolean(),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        async (sent) => {
          await pool.query('truncate inbox, contributor_keys, mac_learning, wifi_stations');
          // A real sender has another tag each day, and sends in the order of days.
          for (const { day, n, heardDay, away } of [...sent].sort((a, b) => a.day - b.day)) {
            await send(day, 1000 + day, away ? AWAY : HOME, { n, heardDay: Math.min(heardDay, day) });
            await fold(day);
          }
          expect(await wifi()).toEqual([]);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('who claims on later days to have heard it on the same two days is still one', async () => {
    for (const day of [5, 6, 7]) {
      for (const heardDay of [4, 5]) await send(day, 1000 + day, HOME, { heardDay });
      await fold(day);
    }
    expect(await wifi()).toEqual([]);
  });

  test('neither moves nor blocks one that answers', async () => {
    for (const day of [0, 1]) for (const tag of [1, 2, 3]) await send(day, tag, HOME);
    await fold(1);
    const [before] = await wifi();
    for (let day = 2; day < 14; day++) {
      await send(day, 1000 + day, AWAY, { n: 100 });
      await fold(day);
    }
    const [after] = await wifi();
    expect(after.blocked_at).toBeNull();
    expect(Math.abs(after.lat - before.lat)).toBeLessThan(5e-5);
    expect(Math.abs(after.lon - before.lon)).toBeLessThan(5e-5);
  });
});

describe('the inbox', () => {
  test('is folded once: folding again, and sending again what was sent, changes nothing', async () => {
    for (const day of [0, 1]) for (const tag of [1, 2]) await send(day, tag, HOME);
    await fold(1);
    const rows = await wifi();
    const states = (await pool.query('select * from mac_learning')).rows;
    expect(await fold(1)).toMatchObject({ rows: 0, published: 0 });
    for (const day of [0, 1]) for (const tag of [1, 2]) await send(day, tag, HOME);
    expect(await fold(1)).toMatchObject({ rows: 0 });
    expect(await wifi()).toEqual(rows);
    expect((await pool.query('select * from mac_learning')).rows).toEqual(states);
  });

  test('forgets what a report said and who sent it when it is folded', async () => {
    await send(0, 1, HOME);
    await fold(0);
    const { rows } = await pool.query(
      'select contributor, length(payload) as bytes, folded_at is null as pending from inbox',
    );
    expect(rows).toEqual(Array(3).fill({ contributor: null, bytes: 0, pending: false }));
  });

  test('is left as it was, and so is the map, when a batch fails in the middle', async () => {
    for (const day of [0, 1]) for (const tag of [1, 2]) await send(day, tag, HOME);
    await pool.query(
      `alter table wifi_stations add constraint fails_now check (mac <> ${sealMac('wifi', AP)}) not valid`,
    );
    await expect(fold(1)).rejects.toThrow();
    await pool.query('alter table wifi_stations drop constraint fails_now');
    expect((await pool.query('select count(*)::int as n from inbox where folded_at is null')).rows[0].n).toBe(12);
    expect((await pool.query('select count(*)::int as n from mac_learning')).rows[0].n).toBe(0);
    expect(await fold(1)).toMatchObject({ rows: 12, published: 1 });
  });

  test('does not show what is older than a week, also before it is deleted', async () => {
    await send(0, 1, HOME, { trusted: true });
    expect(await fold(RAW_TTL_MS / DAY_MS + 1)).toMatchObject({ rows: 0 });
    expect(await wifi()).toEqual([]);
  });

  test('is not stopped by a row that nobody can read', async () => {
    await send(0, 1, HOME, { trusted: true });
    const junk = {
      digest: Buffer.alloc(16, 9),
      receivedAtMs: START_MS,
      contributor: 1,
      trusted: true,
      payload: Buffer.from([9, 9]),
    };
    const good = encodeReport(report(HOME, START_MS));
    const cut = { ...junk, ...payloads.seal(junk, Buffer.alloc(32), good.subarray(0, 30)) };
    // Sealed as somebody's whose word does not count alone: whoever can write rows can't make it count.
    const promoted = { ...junk, ...payloads.seal({ ...junk, trusted: false }, Buffer.alloc(32), good) };
    await insertRows(pool, [junk, cut, promoted]);
    expect(await fold(0)).toMatchObject({ rows: 6, unreadable: 3, published: 1 });
  });

  test('is learnt from beside a station of which nobody can read what was learnt, whose row stays', async () => {
    const other = AP + 0x1000;
    const both = { wifi: [AP, other].map((mac) => ({ mac, dbm: -60, ageMs: 0 })) };
    await send(0, 1, HOME, { rest: both });
    await fold(0);
    const ofOne = 'kind = 1 and mac = $1';
    const key = [sealMac('wifi', AP)];
    await pool.query(`update mac_learning set state = '\\x7f00' where ${ofOne}`, key);
    await send(0, 2, HOME, { rest: both });
    await send(1, 3, HOME, { rest: both });
    await send(1, 4, HOME, { rest: both });
    expect((await fold(1)).rows).toBe(9);
    expect(errors.splice(0).map(String)).toContain('Error: what was learnt of a station cannot be read');
    expect(await wifi()).toMatchObject([{ mac: other, blocked_at: null }]);
    const { rows } = await pool.query(`select state from mac_learning where ${ofOne}`, key);
    expect(rows).toEqual([{ state: Buffer.from([0x7f, 0]) }]);
  });

  test('has something to fold while reports wait, or areas for their cells, and nothing once that is done', async () => {
    // While a transaction is open anywhere on the server, a neighbour's test among them, areas are looked at again.
    const isDone = async () => {
      await foldFor(60_000, depsOn(0));
      return !(await isAnythingToFold(pool));
    };
    await expect.poll(isDone, { timeout: 10_000 }).toBe(true);
    const seen = [];
    for (const rest of [{}, { cells: [CELL] }]) {
      await send(0, 1, HOME, { trusted: true, rest });
      seen.push(await isAnythingToFold(pool));
      await fold(0);
      seen.push(await isAnythingToFold(pool));
    }
    expect(seen).toEqual([true, false, true, true]);
    await expect.poll(isDone, { timeout: 10_000 }).toBe(true);
  });

  test('is left alone when the run is stopped before its first batch, and so are the areas', async () => {
    await send(0, 1, HOME, { trusted: true, rest: { cells: [CELL] } });
    const stopped = { signal: AbortSignal.abort() };
    expect(await foldFor(60_000, depsOn(0), stopped)).toMatchObject({ rows: 0 });
    await fold(0);
    await pool.query('truncate areas');
    await foldFor(60_000, depsOn(0), stopped);
    expect((await pool.query('select from areas')).rowCount).toBe(0);
    await foldFor(60_000, depsOn(0));
    expect((await pool.query('select from areas')).rowCount).toBe(1);
  });

  // On the embedded store one transaction at a time is all there is.
  test.skipIf(!ON_POSTGRES)('goes on after a batch that the store ended because it stood still', async () => {
    await send(0, 1, HOME);
    let stoodStill = 0;
    const deps: FoldDeps = {
      ...depsOn(0),
      barredAmong: async (client) => {
        // As on a machine so busy that the fold has no turn for a minute.
        if (stoodStill++ === 0) {
          await client.query("set local idle_in_transaction_session_timeout = '20ms'");
          await pause(200);
        }
        return new Set();
      },
    };
    expect(await foldInbox(deps, { wait: true })).toMatchObject({ rows: 3, observations: 3 });
    expect(stoodStill).toBe(2);
  });

  test.skipIf(!ON_POSTGRES)('is left to whoever folds it already, or waited for', async () => {
    await send(0, 1, HOME, { trusted: true });
    const other = await pool.connect();
    await other.query(`begin; select pg_advisory_xact_lock(${LEARNING_LOCK})`);
    expect(await fold(0)).toMatchObject({ rows: 0 });
    const waiting = fold(0, [], { wait: true });
    const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 300, 'still waiting'))]);
    expect(first).toBe('still waiting');
    await other.query('commit');
    other.release();
    expect(await waiting).toMatchObject({ rows: 3, published: 1 });
  });

  test('is folded in batches no larger than asked for, where it rests in between', async () => {
    await send(0, 1, HOME, { n: 10 });
    const done: number[] = [];
    const { rows } = await fold(0, [], {
      pace: { rows: 4, overMs: 50, observationsPerS: 1_000, unhurriedToRows: 0, hurryFromRows: 100 },
      onBatch: (soFar) => done.push(soFar.rows),
    });
    expect(done).toEqual([4, 8, 10]);
    expect(rows).toBe(10);
  });

  test('gives the same map in one batch, in many, or unhurried beside serving', async () => {
    const rest = { wifi: Array.from({ length: 200 }, (_, i) => ({ mac: AP + i, dbm: -60, ageMs: 0 })) };
    const pace = { rows: 100, overMs: 50, observationsPerS: 1e6, unhurriedToRows: 1_000, hurryFromRows: 2_000 };
    const sendAll = async (foldEach: boolean, options: FoldOptions = {}) => {
      for (const day of [0, 1])
        for (const tag of [1, 2]) {
          await send(day, tag, HOME, { n: 6, rest });
          if (foldEach) await fold(1);
        }
      await fold(1, [], options);
      const rows = await wifi();
      await pool.query('truncate inbox, contributor_keys, mac_learning, wifi_stations');
      return rows.map((row) => [row.mac, row.lat.toFixed(6), row.lon.toFixed(6), row.samples]);
    };
    const inOne = await sendAll(false);
    expect(inOne).toHaveLength(200);
    expect(await sendAll(true)).toEqual(inOne);
    expect(await sendAll(false, { pace })).toEqual(inOne);
  });
});

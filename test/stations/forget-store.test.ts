import { expect, test } from 'vitest';
import { forgetStations, UNPROVEN_DAYS } from '../../src/stations/forget-store.ts';
import { createWhereabouts } from '../../src/stations/whereabouts.ts';
import { encodeLearning } from '../../src/stations/whereabouts-bytes.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { openTestStore } from '../support/store.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const TODAY = Math.floor(NOW_MS / DAY_MS);

test('what nobody heard for the time set leaves the answers; what was heard, or only imported, stays', async () => {
  const { pool } = await openTestStore();
  const learn = (kind: number, mac: number, day: number) =>
    pool.query("insert into mac_learning (kind, mac, last_day, state) values ($1, $2, $3, '\\x00')", [kind, mac, day]);
  for (const table of ['wifi_stations', 'bluetooth_stations']) {
    await pool.query(`insert into ${table} (mac, lat, lon, samples) select n, 1, 2, 3 from generate_series(1, 2500) n`);
  }
  await pool.query(
    "insert into mac_learning (kind, mac, last_day, state) select 1, n, $1, '\\x00' from generate_series(1, 2400) n",
    [TODAY - 101],
  );
  await learn(1, 2401, TODAY - 100);
  await learn(2, 7, TODAY - 500);
  await pool.query(
    'insert into cells (radio, mcc, mnc, area, cell_id, lat, lon) values (3, 262, 1, 5, 500, 1, 2), (3, 262, 1, 5, 501, 1, 2)',
  );
  await pool.query(
    "insert into cell_learning (radio, mcc, mnc, area, cell_id, last_day, state) values (3, 262, 1, 5, 500, 1, '\\x00')",
  );
  await pool.query('update wifi_stations set loudest_dbm = -60');
  const before = (await pool.query('select pg_current_xact_id()::text as now')).rows[0].now;
  expect(await forgetStations(pool, NOW_MS, 100, AbortSignal.abort())).toBe(0);
  expect(await forgetStations(pool, NOW_MS, 100, undefined, 1)).toBe(2001);
  expect(await forgetStations(pool, NOW_MS, 100)).toBe(401);
  const placed = async (table: string) =>
    (await pool.query(`select count(*)::int as n from ${table} where lat is not null`)).rows[0].n;
  expect([await placed('wifi_stations'), await placed('bluetooth_stations'), await placed('cells')]).toEqual([
    100, 2499, 1,
  ]);
  const { rows } = await pool.query('select count(*)::int as n from wifi_stations where changed > $1::xid8', [before]);
  expect(rows[0].n).toBe(2400);
  const loud = await pool.query(
    'select count(*)::int as n from wifi_stations where lat is null and loudest_dbm is not null',
  );
  expect(loud.rows[0].n).toBe(0);
  expect((await pool.query('select kind, mac::int from mac_learning')).rows).toEqual([{ kind: 1, mac: 2401 }]);
  expect(await forgetStations(pool, NOW_MS, 100)).toBe(0);
});

test('what one contributor alone was heard of is forgotten after half a year, long before what answered, and sooner if all is', async () => {
  const { pool } = await openTestStore();
  const state = (learnt: boolean) =>
    encodeLearning({ learnt, createdAt: null, publishedAt: null, whereabouts: createWhereabouts() });
  for (const [mac, learnt, days] of [
    [1, true, UNPROVEN_DAYS + 1],
    [2, false, UNPROVEN_DAYS + 1],
    [3, false, UNPROVEN_DAYS],
    [4, true, 731],
  ] as const) {
    await pool.query('insert into mac_learning (kind, mac, last_day, state) values (1, $1, $2, $3)', [
      mac,
      TODAY - days,
      state(learnt),
    ]);
    await pool.query(
      'insert into cell_learning (radio, mcc, mnc, area, cell_id, last_day, state) values (3, 262, 1, 5, $1, $2, $3)',
      [mac, TODAY - days, state(learnt)],
    );
  }
  const left = async () =>
    (await pool.query('select mac::int from mac_learning order by 1')).rows.map(({ mac }) => mac);
  expect([await forgetStations(pool, NOW_MS, 730), await left()]).toEqual([4, [1, 3]]);
  expect((await pool.query('select cell_id::int as id from cell_learning order by 1')).rows).toEqual([
    { id: 1 },
    { id: 3 },
  ]);
  expect([await forgetStations(pool, NOW_MS, 100), await left()]).toEqual([4, []]);
});

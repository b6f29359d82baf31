import { expect, test } from 'vitest';
import { forgetStations } from '../../src/stations/forget-store.ts';
import { openTestStore } from '../support/store.ts';

const DAY_MS = 86_400_000;
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
  expect((await pool.query('select kind, mac::int from mac_learning')).rows).toEqual([{ kind: 1, mac: 2401 }]);
  expect(await forgetStations(pool, NOW_MS, 100)).toBe(0);
});

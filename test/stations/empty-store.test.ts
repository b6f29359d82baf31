import { beforeEach, expect, test, vi } from 'vitest';
import { deleteEmpty, EMPTY_DAYS } from '../../src/stations/empty-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { openTestStore } from '../support/store.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const later = (days: number) => NOW_MS + days * DAY_MS;
const { pool } = await openTestStore();

/** Resolves when no transaction on this server, whoever's, is older than what was just written. */
const seenByAll = () =>
  vi.waitFor(
    async () => {
      const { rows } = await pool.query('select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as seen', [
        (await pool.query('select pg_current_xact_id()::text as id')).rows[0].id,
      ]);
      expect(rows[0].seen).toBe(true);
    },
    { timeout: 20_000, interval: 100 },
  );

beforeEach(async () => {
  await pool.query('truncate feed_positions, wifi_stations, bluetooth_stations, cells, mac_learning, cell_learning');
});

test('a row without a position goes when every index had two weeks to see it, in every table; what answers or is learnt stays', async () => {
  await pool.query('insert into wifi_stations (mac, lat, lon) values (1, 1, 2), (2, null, null), (3, null, null)');
  await pool.query(
    "insert into mac_learning (kind, mac, last_day, state) values (1, 3, 1, '\\x00'), (1, 4, 1, '\\x00'), (2, 2, 1, '\\x00')",
  );
  await pool.query('insert into bluetooth_stations (mac) values (2), (3), (4)');
  await pool.query(
    `insert into cells (radio, mcc, mnc, area, cell_id, lat, lon)
     values (3, 262, 1, 5, 500, 1, 2), (3, 262, 1, 5, 501, null, null), (3, 262, 1, 5, 502, null, null)`,
  );
  await pool.query(
    "insert into cell_learning (radio, mcc, mnc, area, cell_id, last_day, state) values (3, 262, 1, 5, 502, 1, '\\x00')",
  );
  await seenByAll();
  expect(await deleteEmpty(pool, later(0))).toBe(0);
  expect(await deleteEmpty(pool, later(EMPTY_DAYS - 1))).toBe(0);
  expect(await deleteEmpty(pool, later(EMPTY_DAYS), AbortSignal.abort())).toBe(0);
  expect(await deleteEmpty(pool, later(EMPTY_DAYS))).toBe(4);
  expect((await pool.query('select mac::int from wifi_stations order by mac')).rows).toEqual([{ mac: 1 }, { mac: 3 }]);
  expect((await pool.query('select mac::int from bluetooth_stations')).rows).toEqual([{ mac: 2 }]);
  expect((await pool.query('select cell_id::int as id from cells order by 1')).rows).toEqual([
    { id: 500 },
    { id: 502 },
  ]);
});

test('a row emptied since then waits its time, however old its own dates are', async () => {
  await pool.query('insert into wifi_stations (mac, lat, lon, modified_at) values (1, 1, 2, 5)');
  await deleteEmpty(pool, later(0));
  await pool.query('update wifi_stations set lat = null, lon = null, changed = pg_current_xact_id()');
  await seenByAll();
  expect(await deleteEmpty(pool, later(EMPTY_DAYS))).toBe(0);
  expect(await deleteEmpty(pool, later(2 * EMPTY_DAYS))).toBe(1);
});

test('marks of another server, which lie ahead, mean nothing; and no more of them are kept than are needed', async () => {
  await pool.query('insert into wifi_stations (mac) values (1)');
  await pool.query(
    "insert into feed_positions (reader, upto) values ('empty 1', '99999999999'), ('areas', '99999999999')",
  );
  expect(await deleteEmpty(pool, later(0))).toBe(0);
  for (let day = 1; day < 20; day++) await deleteEmpty(pool, later(day));
  const { rows } = await pool.query("select count(*)::int as n from feed_positions where reader like 'empty %'");
  expect(rows[0].n).toBe(EMPTY_DAYS + 1);
  expect((await pool.query("select upto::text from feed_positions where reader = 'areas'")).rows).toEqual([
    { upto: '99999999999' },
  ]);
});

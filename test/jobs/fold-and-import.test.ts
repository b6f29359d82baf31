// What is learnt, what is imported and what is forgotten, about one station: none undoes another by accident.
import { afterEach, expect, test } from 'vitest';
import { foldFor } from '../../src/jobs/fold.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows } from '../../src/observations/store.ts';
import { exportStations } from '../../src/stations/export.ts';
import { forgetStations } from '../../src/stations/forget-store.ts';
import { importStations } from '../../src/stations/import.ts';
import { settleWitnesses } from '../../src/stations/settle-store.ts';
import { decodeLearning } from '../../src/stations/whereabouts-bytes.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

const START_MS = Date.parse('2026-11-01T12:00:00Z');
const KEY = Buffer.alloc(32, 7);
const AP = 0x001a2b3c4d5e;
const CELL = {
  ...{ radio: 3 as const, mcc: 268, mnc: 1, area: 5, cellId: 70_000 },
  ...{ psc: 12, timingAdvance: -1, dbm: -90, ageMs: 0, serving: false },
};
const store = await openTestStore();
const { pool } = store;
const { macs, payloads } = AT_REST;
const at = (day: number) => START_MS + day * DAY_MS;

/** Three reports of one contributor on one day, of the access point or the cell. */
async function send(day: number, tag: number, lat: number, { heardDay = day, cell = false } = {}): Promise<void> {
  await pool.query('insert into contributor_keys (day, key) values ($1, $2) on conflict do nothing', [
    Math.floor(at(day) / DAY_MS),
    KEY,
  ]);
  const heard = cell ? { cells: [CELL] } : { wifi: [{ mac: AP, dbm: -60, ageMs: 0 }] };
  const reports = [0, 1, 2].map((i) =>
    admitted({ lat: lat + i * 1e-5 + tag * 1e-6, lon: 5, timeMs: at(heardDay), ...heard }),
  );
  const contributor = { tag, dayKey: payloads.dayKey(KEY), trusted: false };
  await insertRows(pool, packRows(reports, contributor, at(day), payloads));
}

async function learn(days: readonly number[], lat: number, cell = false): Promise<void> {
  for (const day of days) {
    for (const tag of [1, 2]) await send(day, tag, lat, { cell });
    await fold(day);
  }
}

const fold = (day: number) =>
  foldFor(60_000, {
    ...{ store, macs, payloads, now: () => at(day), barredAmong: async () => new Set<number>() },
    onError(error) {
      throw error;
    },
  });

const load = (text: string, day: number) =>
  importStations(
    store,
    (async function* () {
      yield Buffer.from(text);
    })(),
    { nowMs: at(day), macs },
  );

const cellLine = (updatedDay: number) =>
  `radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\nLTE,268,1,5,70000,12,5,52,1000,50,1,1500000000,${at(updatedDay) / 1000},0\n`;
const apLine = (lat: number, day: number) =>
  `${JSON.stringify({ type: 'wifi', mac: '00:1a:2b:3c:4d:5e', lat, lon: 5, source: 'gnss', modifiedAt: new Date(at(day)).toISOString() })}\n`;

async function text(format: 'csv' | 'ndjson'): Promise<string> {
  let all = '';
  for await (const piece of exportStations(store, { format, macs })) all += piece;
  return all;
}
const latOf = async (table: string) => (await pool.query(`select lat from ${table}`)).rows.map(({ lat }) => lat);

afterEach(async () => {
  await pool.query(
    'truncate inbox, contributor_keys, mac_learning, cell_learning, wifi_stations, bluetooth_stations, cells, areas',
  );
});

test('a fresh import outlives what was heard long ago and proved nothing', async () => {
  await load(cellLine(-10), 0);
  await send(0, 1, 52, { cell: true });
  await fold(0);
  await load(cellLine(730), 731);
  expect(await forgetStations(pool, at(731), 730)).toBeGreaterThan(0);
  expect(await latOf('cells')).toEqual([52]);
  expect(await latOf('areas')).toEqual([52]);
});

test('an old import outlives a report of it too, whatever day that claims', async () => {
  await load(cellLine(-1_000), 0);
  await send(0, 1, 10, { cell: true, heardDay: -80 });
  await fold(0);
  expect(await forgetStations(pool, at(0), 30)).toBeGreaterThan(0);
  expect(await latOf('cells')).toEqual([52]);
});

test('an import over a learnt position outlives what was learnt; a learnt one goes with it', async () => {
  await learn([0, 1], 52);
  await learn([0, 1], 52, true);
  await load(apLine(52.001, 700), 700);
  expect(await forgetStations(pool, at(732), 730)).toBeGreaterThan(1);
  expect(await latOf('wifi_stations')).toEqual([52.001]);
  expect(new Set(await latOf('cells'))).toEqual(new Set([null]));
});

test('how loud an access point was reported outlives an import, which says nothing of that', async () => {
  await learn([0, 1], 52);
  await load(apLine(52.001, 3), 3);
  const { rows } = await pool.query('select lat, loudest_dbm from wifi_stations');
  expect(rows).toEqual([{ lat: 52.001, loudest_dbm: -60 }]);
});

test('one report does not bring back the place that an import corrected', async () => {
  await learn([0, 1], 52);
  await load(apLine(52.01, 3), 3);
  await send(4, 9, 52.01);
  await fold(4);
  expect(await latOf('wifi_stations')).toEqual([52.01]);
  await send(5, 9, 52);
  await fold(5);
  expect(await latOf('wifi_stations')).toEqual([52.01]);
  // Two days of two contributors do, as with any import: where they contradict it, by way of silence.
  await learn([6, 7], 52);
  expect(await latOf('wifi_stations')).toEqual([null]);
});

test('a cell that moved and was learnt anew is in its area and in the CSV again', async () => {
  await learn([0, 1], 52, true);
  await learn([2, 3], 53, true);
  expect(await text('csv')).not.toContain('70000');
  expect(await latOf('areas')).toEqual([null]);
  await learn([8, 9, 10], 53, true);
  expect((await latOf('areas'))[0]).toBeCloseTo(53, 3);
  expect(await text('csv')).toContain('LTE,268,1,5,70000');
});

test('who was told apart at a station is forgotten after two days, also if nobody hears it again, and what they proved stays', async () => {
  await learn([0, 1], 52);
  await learn([0, 1], 52, true);
  const states = async () => {
    const { rows } = await pool.query('select state from mac_learning union all select state from cell_learning');
    return rows.map(({ state }) => decodeLearning(state).whereabouts);
  };
  const numbers = async () =>
    (await states()).flatMap(({ recent }) => recent.map(({ day }) => day - Math.floor(at(0) / DAY_MS)));
  expect(new Set(await numbers())).toEqual(new Set([0, 1]));
  const stations = (await states()).length;
  expect(await settleWitnesses(pool, at(1))).toBe(0);
  expect(await settleWitnesses(pool, at(2), AbortSignal.abort())).toBe(0);
  expect(await settleWitnesses(pool, at(2))).toBe(stations);
  expect(new Set((await numbers()).filter((day) => day >= 0))).toEqual(new Set([1]));
  expect(await settleWitnesses(pool, at(3))).toBe(stations);
  expect(await numbers()).toEqual([]);
  expect(await settleWitnesses(pool, at(9))).toBe(0);
  for (const { tiles } of await states()) {
    expect(tiles.every(({ seenBy }) => seenBy === 0)).toBe(true);
    expect(tiles.some(({ proof }) => proof !== 0)).toBe(true);
  }
  // It goes on answering, and one contributor of a later day alone changes nothing of that.
  await send(20, 5, 52);
  await fold(20);
  expect((await latOf('wifi_stations'))[0]).toBeCloseTo(52, 3);
});

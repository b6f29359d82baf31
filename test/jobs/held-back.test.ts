import { expect, test } from 'vitest';
import { foldInbox } from '../../src/jobs/fold.ts';
import { examineHeldBack, type HeldRow } from '../../src/jobs/held-back.ts';
import { witnessOf } from '../../src/observations/gather.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { encodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport } from '../../src/observations/report.ts';
import { insertRows } from '../../src/observations/store.ts';
import { createCorrections } from '../../src/positioning/calibration.ts';
import { createErrorRecord, FLEET } from '../../src/positioning/error-record.ts';
import { loadCorrections, loadErrorRecord } from '../../src/positioning/error-store.ts';
import type { KnownStation } from '../../src/stations/fold-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { foldDays } from '../stations/sightings.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

const START_MS = Date.parse('2026-11-01T12:00:00Z');
const DAY = Math.floor(START_MS / DAY_MS);
const MACS = [0x001a2b000001, 0x00d0c1000002, 0x8c1645000003, 0x3c9872000004];
const HOME = { lat: 38.7223, lon: -9.1393 };
const KEY = Buffer.alloc(32, 3);

const report = (more: Partial<AdmittedReport> = {}) =>
  admitted({ ...HOME, timeMs: START_MS, wifi: MACS.map((mac) => ({ mac, dbm: -60, ageMs: 0 })), ...more });
const row = (more: Partial<AdmittedReport> = {}, over: Partial<HeldRow> = {}): HeldRow => ({
  contributor: 7,
  trusted: false,
  receivedAtMs: START_MS,
  payload: encodeReport(report(more)),
  digest: Buffer.alloc(16),
  ...over,
});

/** Access points that a fleet heard here some days ago, and the first of them somebody with this tag today. */
function knownMap(daysAgo = 5, tagToday?: number): Map<string, KnownStation> {
  const heardAtMs = START_MS - daysAgo * DAY_MS;
  return new Map(
    MACS.map((mac) => {
      const heard = Array.from({ length: 20 }, (_, i) => ({
        lat: HOME.lat + (i % 5) * 1e-4,
        lon: HOME.lon + (i % 4) * 1e-4,
        accuracyM: 5,
        speedMps: 1,
        gapMs: 0,
        dbm: -60,
        timeMs: heardAtMs,
        receivedAtMs: heardAtMs,
        fused: false,
        contributor: 0,
        trusted: true,
      }));
      const today =
        tagToday === undefined || mac !== MACS[0]
          ? []
          : heard.slice(0, 1).map((one) => ({
              ...one,
              timeMs: START_MS,
              receivedAtMs: START_MS,
              contributor: witnessOf(KEY, tagToday, `w${mac}`),
              trusted: false,
            }));
      const station = foldDays('wifi', [[...heard, ...today]]);
      return [`w${mac}`, { identity: { type: 'wifi', mac }, station, published: true }];
    }),
  );
}
const fail = (error: unknown) => {
  throw error;
};
const examined = (one: HeldRow, known = knownMap()) => {
  const record = createErrorRecord();
  examineHeldBack([one], known, () => KEY, record, START_MS, fail);
  return record;
};

test('a report is asked of the map as it was, and counted under its class', () => {
  const { day, hands } = examined(row());
  expect(day).toBe(DAY);
  expect(hands).toHaveLength(1);
  expect(hands[0].sample).toHaveLength(1);
  expect(examined(row({}, { trusted: true })).hands[0].tag).toBe(FLEET);
});

test.each<[string, HeldRow, Map<string, KnownStation>?]>([
  ['a report whose digest holds nothing back', row({}, { digest: Buffer.alloc(16, 1) })],
  ['a wide fix', row({ accuracyM: 60 })],
  ['a fix of unknown width', row({ accuracyM: Number.NaN })],
  ['a fix that may rest on the map itself', row({ fused: true })],
  ['a payload that can not be read', row({}, { payload: Buffer.alloc(3) })],
  ['a place that the map does not know', row(), new Map()],
  [
    'what was not heard about when the fix was made',
    row({ wifi: MACS.map((mac) => ({ mac, dbm: -60, ageMs: 20_000 })) }),
  ],
  ['what a fleet heard of somebody that day', row({}, { trusted: true }), knownMap(0)],
])('%s says nothing', (_, one, known) => {
  expect(examined(one, known).hands).toEqual([]);
});

test('whoever taught one of the stations that day is not asked about it, anybody else is', () => {
  expect(examined(row(), knownMap(5, 7)).hands).toEqual([]);
  expect(examined(row(), knownMap(5, 8)).hands).toHaveLength(1);
});

test('a late report of a day that is over is not counted with the next', () => {
  const record = createErrorRecord();
  const ask = (one: HeldRow) => examineHeldBack([one], knownMap(), () => KEY, record, START_MS + DAY_MS, fail);
  ask(row({}, { receivedAtMs: START_MS + DAY_MS }));
  ask(row({}, { contributor: 8 }));
  expect([record.day, record.hands.length]).toEqual([DAY + 1, 1]);
});

test('a record is to be written if something was counted, or a day that was over taught something, else not', () => {
  const record = createErrorRecord();
  const ask = (one: HeldRow) => examineHeldBack([one], knownMap(), () => KEY, record, START_MS, fail);
  const nothing = (day: number) => row({}, { digest: Buffer.alloc(16, 1), receivedAtMs: START_MS + day * DAY_MS });
  const counted = row({}, { trusted: true });
  expect([nothing(0), counted, nothing(0), nothing(1), nothing(1)].map(ask)).toEqual([false, true, false, true, false]);
});

test('beacons and cells are asked about too, if they were heard when the fix was made', () => {
  const cell = { radio: 3, mcc: 262, mnc: 1, area: 5, cellId: 500, psc: -1, timingAdvance: -1, dbm: -90 } as const;
  const known = knownMap();
  for (const mac of MACS) known.set(`b${mac}`, { ...known.get(`w${mac}`)!, identity: { type: 'bluetooth', mac } });
  known.set('3/262/1/5/500', { ...known.get(`w${MACS[0]}`)!, identity: { type: 'cell', ...cell, psc: null } });
  const kinds = (ageMs: number): Partial<AdmittedReport>[] => [
    { wifi: [], bluetooth: MACS.map((mac) => ({ mac, dbm: -60, ageMs })) },
    { wifi: [], cells: [{ ...cell, ageMs, serving: true }] },
  ];
  for (const heard of kinds(15_000)) expect(examined(row(heard), known).hands).toHaveLength(1);
  for (const heard of kinds(-15_001)) expect(examined(row(heard), known).hands).toEqual([]);
});

test('a report that the map fails to be asked with is told of and passed over, and those after it are counted', () => {
  const known = knownMap();
  const good = row({ wifi: MACS.slice(0, 3).map((mac) => ({ mac, dbm: -60, ageMs: 0 })) });
  const broken = known.get(`w${MACS[3]}`)!;
  Object.defineProperty(broken.station, 'believed', { get: () => fail(new Error('broken station')) });
  const record = createErrorRecord();
  const errors: unknown[] = [];
  examineHeldBack(
    [row(), good],
    known,
    () => KEY,
    record,
    START_MS,
    (error) => errors.push(error),
  );
  expect(errors).toHaveLength(1);
  expect(record.hands[0].seen).toBe(1);
});

const { pool, ...store } = await openTestStore();
const deps = {
  store: { pool, ...store },
  ...AT_REST,
  barredAmong: async () => new Set<number>(),
  onError: fail,
};

test('circles follow what is reported: kept in the store, loaded by whoever answers, without a place in it', async () => {
  for (let day = 0; day < 8; day++) {
    const receivedAtMs = START_MS + day * DAY_MS;
    await pool.query('insert into contributor_keys (day, key) values ($1, $2)', [DAY + day, Buffer.alloc(32, day)]);
    const dayKey = AT_REST.payloads.dayKey(Buffer.alloc(32, day));
    for (let tag = 1; tag <= 6; tag++) {
      // The first days' walks are narrow; then everybody hears the same from farther and farther off.
      const farM = day < 2 ? 5 : 60;
      const reports = Array.from({ length: 30 }, (_, i) =>
        report({
          lat: HOME.lat + (farM * Math.cos(i + tag)) / 111_195,
          lon: HOME.lon + (farM * Math.sin(i + tag)) / 86_700,
          timeMs: receivedAtMs,
        }),
      );
      await insertRows(pool, packRows(reports, { tag, dayKey, trusted: false }, receivedAtMs, AT_REST.payloads));
    }
    await foldInbox({ ...deps, now: () => receivedAtMs });
  }
  const corrections = createCorrections();
  await loadCorrections(pool, corrections);
  expect(Math.max(...corrections)).toBeGreaterThan(1.05);
  expect(Math.max(...corrections)).toBeLessThanOrEqual(1.1 ** 7);
  const { hands } = await loadErrorRecord(pool);
  expect(hands).toHaveLength(6);
  expect((await pool.query('select count(*)::int as n from calibration')).rows[0].n).toBe(1);
});

test('a record that can not be read costs the corrections and nothing else', async () => {
  await pool.query("update calibration set state = '\\x63'");
  const corrections = createCorrections().fill(2);
  await loadCorrections(pool, corrections);
  expect([...corrections]).toEqual([...createCorrections()]);
});

import { expect, test } from 'vitest';
import { UNKNOWN_TAG } from '../../src/observations/contributor.ts';
import { type ClaimedRow, gather } from '../../src/observations/gather.ts';
import { encodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport, CellSeen } from '../../src/observations/report.ts';
import { PART_RADIO, partCellId } from '../../src/radio/cell-parts.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const KEY = Buffer.alloc(32, 5);
const withKey = () => KEY;
const cell = (over: Partial<CellSeen>): CellSeen => ({
  radio: 3,
  mcc: 262,
  mnc: 1,
  area: 5,
  cellId: 500,
  psc: 12,
  timingAdvance: 3,
  dbm: -90,
  ageMs: 0,
  serving: false,
  ...over,
});
const report = (over: Partial<AdmittedReport>) => admitted({ timeMs: NOW_MS - DAY_MS, ...over });
const row = (one: AdmittedReport, over: Partial<ClaimedRow> = {}): ClaimedRow => ({
  contributor: 7,
  trusted: false,
  receivedAtMs: NOW_MS,
  payload: encodeReport(one),
  ...over,
});
const wifi = (...macs: number[]) => report({ wifi: macs.map((mac) => ({ mac, dbm: -60, ageMs: 0 })) });
const witness = (rows: ClaimedRow[], mac: number, keyOf: () => Uint8Array | undefined = withKey) =>
  gather(rows, keyOf)
    .wifi.get(mac)!
    .map((s) => s.contributor);

test('a sighting carries place, time, strength and the day of arrival', () => {
  const { wifi: heard, observations } = gather(
    [row(report({ wifi: [{ mac: 1, dbm: UNKNOWN_DBM, ageMs: 250 }], fused: true }))],
    withKey,
  );
  expect(observations).toBe(1);
  expect(heard.get(1)).toEqual([
    {
      lat: 48,
      lon: 9,
      accuracyM: 8,
      speedMps: 1,
      gapMs: 250,
      dbm: Number.NaN,
      timeMs: NOW_MS - DAY_MS,
      receivedAtMs: NOW_MS,
      fused: true,
      contributor: expect.any(Number),
      trusted: false,
    },
  ]);
  expect(gather([row(wifi(1))], withKey).wifi.get(1)![0].dbm).toBe(-60);
});

test('every transmitter that a report heard is one observation', () => {
  const all = report({
    wifi: [1, 2, 3].map((mac) => ({ mac, dbm: -60, ageMs: 0 })),
    bluetooth: [{ mac: 4, dbm: -60, ageMs: 0 }],
    cells: [cell({}), cell({ cellId: 600 })],
  });
  expect(gather([row(all), row(wifi(1))], withKey).observations).toBe(7);
});

test('a row that can not be read is counted, and those after it are learnt from', () => {
  const { wifi: heard, unreadable } = gather([row(wifi(1), { payload: Buffer.alloc(0) }), row(wifi(2))], withKey);
  expect([unreadable, [...heard.keys()]]).toEqual([1, [2]]);
});

test('a witness number tells contributors of one transmitter apart and links no two transmitters', () => {
  const rows = [row(wifi(1, 2)), row(wifi(1, 2)), row(wifi(1, 2), { contributor: 8 })];
  const [ofOne, ofTwo] = [witness(rows, 1), witness(rows, 2)];
  expect(ofOne[0]).toBe(ofOne[1]);
  expect(ofOne[2]).not.toBe(ofOne[0]);
  expect(ofTwo[0]).not.toBe(ofOne[0]);
  expect(witness(rows, 1, () => Buffer.alloc(32, 6))[0]).not.toBe(ofOne[0]);
});

test('a witness number says whether the contributor came by IPv6, and nothing else of the tag', () => {
  const rows = [row(wifi(1)), row(wifi(1), { contributor: 2 ** 47 + 7 })];
  expect(witness(rows, 1).map((n) => n >= 2 ** 31)).toEqual([false, true]);
});

test('an access point and a beacon of one address are two transmitters', () => {
  const both = report({ wifi: [{ mac: 1, dbm: -60, ageMs: 0 }], bluetooth: [{ mac: 1, dbm: -60, ageMs: 0 }] });
  const all = gather([row(both)], withKey);
  expect(all.bluetooth.get(1)![0].contributor).not.toBe(all.wifi.get(1)![0].contributor);
});

test('a trusted row witnesses for nobody, also beside an ordinary one of the same contributor', () => {
  const [trusted, ordinary] = witness([row(wifi(1), { trusted: true }), row(wifi(1))], 1);
  expect([trusted, ordinary > 0]).toEqual([0, true]);
});

test('without the key of their day, or without a tag, all contributors are one', () => {
  const rows = [row(wifi(1)), row(wifi(1), { contributor: 8 }), row(wifi(1), { contributor: null })];
  expect(new Set(witness(rows, 1, () => undefined)).size).toBe(1);
  expect(witness(rows, 1)[2]).toBe(0);
  expect(witness([row(wifi(1), { contributor: UNKNOWN_TAG })], 1)).toEqual([0]);
});

test('parts of the serving cell are heard with it: ring, strongest neighbour, strength', () => {
  const serving = cell({ serving: true, dbm: -95 });
  const cells = [cell({ cellId: 600, dbm: -80, psc: 33 }), serving];
  const { cells: heard, observations } = gather(
    [
      row(
        report({
          cells,
          neighbours: [
            { radio: 3, psc: 44, dbm: -70 },
            { radio: 2, psc: 55, dbm: -50 },
          ],
        }),
      ),
    ],
    withKey,
  );
  const parts = [...heard.values()].filter(({ identity }) => identity.radio === (PART_RADIO as number));
  expect(parts.map(({ identity }) => identity.cellId)).toEqual(Array(3).fill(partCellId(3, 5, 500)));
  // The strongest other cell of that radio is the neighbour with PCI 44.
  expect(parts.some(({ identity }) => identity.area % 0x8_0000 === 44)).toBe(true);
  expect(observations).toBe(2);
  expect(heard.size).toBe(5);
  expect(parts.map(({ sightings }) => sightings.map(({ dbm, gapMs }) => [dbm, gapMs]))).toEqual(
    Array(3).fill([[-95, 0]]),
  );
});

test('the neighbour that names a part is another cell of the same network that tells its physical identity', () => {
  const serving = cell({ serving: true, psc: 0, timingAdvance: -1, dbm: UNKNOWN_DBM });
  const beside = (...others: Partial<CellSeen>[]) => {
    const cells = [serving, ...others.map((over, i) => cell({ cellId: 600 + i, ...over }))];
    const heard = [...gather([row(report({ cells }))], withKey).cells.values()];
    const parts = heard.filter(({ identity }) => identity.radio === (PART_RADIO as number));
    return parts.map(({ identity }) => identity.area % 0x8_0000);
  };
  expect(beside()).toEqual([]);
  expect(beside({ psc: 33 })).toEqual([33]);
  expect(beside({ psc: 0, dbm: -95 })).toEqual([0]);
  expect(beside({ psc: 33, dbm: -95 }, { psc: -1, dbm: -60 })).toEqual([33]);
  expect(beside({ psc: 33, dbm: -95 }, { psc: 44, dbm: -60, mnc: 2 })).toEqual([33]);
  expect(beside({ psc: 33, dbm: -95 }, { psc: 44, dbm: -60, mcc: 208 })).toEqual([33]);
  expect(beside({ psc: 44, mnc: 2 })).toEqual([]);
});

test('without a word of the phone the strongest cell is the serving one', () => {
  const { cells: heard } = gather(
    [row(report({ cells: [cell({ cellId: 600, dbm: -80 }), cell({ dbm: -95 })] }))],
    withKey,
  );
  const parts = [...heard.values()].filter(({ identity }) => identity.radio === (PART_RADIO as number));
  expect(new Set(parts.map(({ identity }) => identity.cellId))).toEqual(new Set([600]));
});

test('the last physical identity told is kept, and silence keeps what was told', () => {
  const rows = [row(report({ cells: [cell({ psc: 12 })] })), row(report({ cells: [cell({ psc: -1 })] }))];
  const [heard] = gather(rows, withKey).cells.values();
  expect(heard.identity.psc).toBe(12);
  expect(heard.sightings).toHaveLength(2);
  const [zero] = gather([row(report({ cells: [cell({ psc: 0 })] }))], withKey).cells.values();
  expect(zero.identity.psc).toBe(0);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readReport } from '../../src/observations/read-report.ts';
import { MAX_STATIONS } from '../../src/observations/report.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { GEOCLUE, GEOSUBMIT_V1, KAIOS, NEOSTUMBLER, NOW_MS } from './bodies.ts';

test("KaiOS's stumbler is read: bare MACs, placeholders of its modem become unknown", () => {
  const report = readReport(KAIOS.items[0])!;
  expect(report.fix).toMatchObject({
    lat: 38.7223,
    lon: -9.1393,
    accuracyM: 12,
    altitudeM: 80,
    speedMps: 1.2,
    source: 'gnss',
  });
  expect(report.fix!.ageMs).toBeNaN();
  expect(report.wifi.map(({ mac, dbm }) => [mac, dbm])).toEqual([
    [0x001122334455, -60],
    [0x0011223344aa, -71],
  ]);
  expect(report.cells[0]).toMatchObject({
    radio: 1,
    mcc: 268,
    mnc: 1,
    area: 4660,
    cellId: 22136,
    dbm: -73,
    timingAdvance: 2,
    serving: true,
    psc: -1,
  });
  expect(report.cells[1]).toMatchObject({ radio: 2, cellId: -1, dbm: UNKNOWN_DBM, psc: 17, serving: false });
});

test("GeoClue's items are read by their shape, with its unfinished time zone", () => {
  const [cell, wifi] = GEOCLUE.items.map((item) => readReport(item)!);
  expect(cell.timeMs).toBe(Date.parse('2026-11-22T11:42:56Z'));
  expect(cell.fix).toMatchObject({ lat: 48.1371, lon: 11.5754, accuracyM: 3 });
  expect(cell.cells[0]).toMatchObject({ radio: 1, mcc: 262, mnc: 1, area: 4660, cellId: 22136 });
  expect(wifi.wifi).toMatchObject([{ mac: 0x001a2b3c4d5e, dbm: -50, optedOut: false }]);
});

test('NeoStumbler is read: nr with 24-bit areas and 36-bit cells, beacons, ages', () => {
  const report = readReport(NEOSTUMBLER.items[0])!;
  expect(report.cells[0]).toMatchObject({
    radio: 4,
    mcc: 244,
    mnc: 5,
    area: 1_048_577,
    cellId: 68_719_476_000,
    psc: 991,
    dbm: -96,
    ageMs: 900,
  });
  expect(report.wifi[0]).toMatchObject({ mac: 0x001a2b000001, ageMs: 800, dbm: -58 });
  expect(report.bluetooth[0]).toMatchObject({ mac: 0x001b2c000002, ageMs: 500, optedOut: false });
  expect(report.fix!.ageMs).toBe(1200);
});

test('the first geosubmit is read, its radio type standing in for a cell without one', () => {
  const report = readReport(GEOSUBMIT_V1.items[0])!;
  expect(report.timeMs).toBe(NOW_MS - 10_000);
  expect(report.cells[0]).toMatchObject({ radio: 3, mcc: 505, mnc: 1, area: 12345, cellId: 30_000_001, psc: 100 });
});

test("a radio type we don't know never becomes the report's", () => {
  const cell = { mobileCountryCode: 244, mobileNetworkCode: 5, locationAreaCode: 1, cellId: 1 };
  const read = (radioType: unknown) =>
    readReport({ radioType: 'lte', cellTowers: [{ ...cell, radioType }] })!.cells[0].radio;
  expect([read('iwlan'), read('cdma'), read(7), read(''), read(null), read(undefined)]).toEqual([0, 0, 0, 3, 3, 3]);
});

test.each<[string, object, object]>([
  ['an NR cell', { cellId: 2_147_483_647, newRadioCellId: 7_777_777_777 }, { cellId: 7_777_777_777 }],
  ['an area', { locationAreaCode: -1, trackingAreaCode: 4661 }, { area: 4661 }],
  ['a network', { mobileNetworkCode: -1, mobileNetworkCodeStr: '01' }, { mnc: 1 }],
  ['a country', { mobileCountryCode: 0, mobileCountryCodeStr: '244' }, { mcc: 244 }],
  ['a physical identity', { primaryScramblingCode: -1, psc: 6 }, { psc: 6 }],
  ['a physical identity before its placeholder', { primaryScramblingCode: 6, psc: -1 }, { psc: 6 }],
  ['nothing but placeholders', { cellId: -1, cid: 0, mobileNetworkCode: -1 }, { cellId: -1, mnc: -1 }],
])("a placeholder under one name hides no other's word: %s", (_what, fields, expected) => {
  const whole = { radioType: 'nr', mobileCountryCode: 244, mobileNetworkCode: 5, locationAreaCode: 4660, cellId: 500 };
  expect(readReport({ cellTowers: [{ ...whole, ...fields }] })!.cells[0]).toMatchObject(expected);
});

test('a refusal in a name is seen, and the name is gone', () => {
  const wifi = ['x_nomap', 'x_OPTOUT_y', '', '\0\0', 'open', null].map((ssid) => ({
    macAddress: '001122334455',
    ssid,
  }));
  const report = readReport({ wifiAccessPoints: [...wifi, { macAddress: '001122334455' }] })!;
  expect(report.wifi.map((heard) => heard.optedOut)).toEqual([true, true, true, true, false, false, false]);
  expect(JSON.stringify(report)).not.toMatch(/nomap|optout|open/i);
});

test('a refusal in quotes or padding is seen, of networks and beacons; a beacon without a name is no hidden network', () => {
  const entry = (field: string) => (name: string) => ({ macAddress: '001122334455', [field]: name });
  const names = ['"x_nomap"', 'x_nomap\0\0', 'x_optout ', '""', ' '];
  const { wifi, bluetooth } = readReport({
    wifiAccessPoints: names.map(entry('ssid')),
    bluetoothBeacons: names.map(entry('name')),
  })!;
  expect(wifi.map((heard) => [heard.optedOut, heard.refuses])).toEqual([
    [true, true],
    [true, true],
    [true, true],
    [true, false],
    [true, false],
  ]);
  expect(bluetooth.map((heard) => heard.optedOut)).toEqual([true, true, true, false, false]);
});

test('times in every notation clients use mean the same, others mean nothing', () => {
  const at = (time: unknown) => readReport({ lat: 1, lon: 1, time })!.timeMs;
  const noon = Date.parse('2026-11-22T12:00:00Z');
  for (const time of [
    noon,
    String(noon),
    '2026-11-22T12:00:00Z',
    '2026-11-22T12:00Z',
    '2026-11-22T14:00:00+02',
    '2026-11-22T14:00:00.123+0200',
    '2026-11-22T14:00:00+02:00',
    '2026-11-22T12:00:00',
  ]) {
    expect(Math.floor(at(time) / 1000), String(time)).toBe(noon / 1000);
  }
  for (const time of [undefined, null, '', 'now', {}, '2026-13-45T99:00:00Z', true]) expect(at(time)).toBeNaN();
});

test('an item holds at most so many transmitters, whatever the lists', () => {
  const many = Array.from({ length: 300 }, () => ({ macAddress: '001122334455' }));
  const report = readReport({ wifiAccessPoints: many, bluetoothBeacons: many, cellTowers: many })!;
  expect(report.cells.length + report.wifi.length + report.bluetooth.length).toBe(MAX_STATIONS);
  expect(report.beyond).toBe(900 - MAX_STATIONS);
});

test('no JSON value makes the reader throw, and only an object is a report', () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(NaN, -0, 1e308, '1e9', 'gsm', 'nr'));
  const entry = fc.dictionary(
    fc.constantFrom(
      'macAddress',
      'key',
      'ssid',
      'age',
      'signalStrength',
      'radioType',
      'radio',
      'cellId',
      'cid',
      'lac',
      'mcc',
      'name',
    ),
    field,
  );
  const list = fc.oneof(field, fc.array(fc.oneof(entry, field)));
  const item = fc.record(
    {
      position: field,
      cellTowers: list,
      wifiAccessPoints: list,
      bluetoothBeacons: list,
      cell: list,
      wifi: list,
      blue: list,
      lat: field,
      lon: field,
      time: field,
      timestamp: field,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(item, fc.jsonValue()), (value) => {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      expect(readReport(value) !== null).toBe(isObject);
    }),
    { numRuns: 1000 },
  );
});

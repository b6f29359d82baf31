import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit, MAX_REPORT_AGE_MS } from '../../src/observations/admit.ts';
import { readReport } from '../../src/observations/read-report.ts';
import { createDrops, type DropReason } from '../../src/observations/report.ts';
import { isUsableMac } from '../../src/radio/mac.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { GEOCLUE, GEOSUBMIT_V1, KAIOS, NEOSTUMBLER, NOW_MS } from './bodies.ts';

const AP = '00:1a:2b:3c:4d:5e';
const POSITION = { latitude: 52.1, longitude: 5.1, accuracy: 10 };
const item = (position: object, rest: object = {}) => ({
  timestamp: NOW_MS,
  position: { ...POSITION, ...position },
  wifiAccessPoints: [{ macAddress: AP }],
  ...rest,
});

function admitItems(...items: unknown[]) {
  const drops = createDrops();
  const admitted = admit(items.map(readReport), NOW_MS, drops);
  const counted = Object.fromEntries(Object.entries(drops).filter(([, n]) => n > 0));
  return { admitted, drops: counted as Partial<Record<DropReason, number>> };
}

test('what the four clients send is admitted, to the hour', () => {
  const { admitted, drops } = admitItems(...KAIOS.items, ...GEOCLUE.items, ...NEOSTUMBLER.items, ...GEOSUBMIT_V1.items);
  expect(admitted.map((r) => [r.wifi.length, r.bluetooth.length, r.cells.length])).toEqual([
    [2, 0, 1],
    [0, 0, 1],
    [1, 0, 0],
    [1, 1, 1],
    [0, 0, 1],
  ]);
  expect(drops).toEqual({});
  expect(admitted[0].neighbours).toEqual([{ radio: 2, psc: 17, dbm: UNKNOWN_DBM }]);
  for (const report of admitted) expect(report.timeMs % HOUR_MS).toBe(0);
  expect(new Date(admitted[1].timeMs).toISOString()).toBe('2026-11-22T11:00:00.000Z');
});

const WHOLE_REPORT: [DropReason, unknown][] = [
  ['malformed', 'not an item'],
  ['noPosition', { wifiAccessPoints: [{ macAddress: AP }] }],
  ['impossiblePosition', item({ latitude: 91 })],
  ['impossiblePosition', item({ longitude: -180.5 })],
  ['impossiblePosition', item({ latitude: 0, longitude: 0 })],
  ['impossiblePosition', item({ latitude: -1, longitude: 1 })],
  ['impossiblePosition', item({ latitude: 'north' })],
  ['lookedUp', item({ source: 'query' })],
  ['lookedUp', item({ source: 'network' })],
  ['lookedUp', item({ source: 'Wifi' })],
  ['airborne', item({ altitude: 10_500 })],
  ['airborne', item({ altitude: -4_000 })],
  ['fast', item({ speed: 51 })],
  ['inaccurate', item({ accuracy: 1_001 })],
  ['inaccurate', item({ accuracy: 2_000_000 })],
  ['nothingHeard', item({}, { wifiAccessPoints: [] })],
];
test.each(WHOLE_REPORT)('a report is dropped as %s', (reason, value) => {
  const { admitted, drops } = admitItems(value);
  expect(admitted).toEqual([]);
  expect(drops).toEqual({ [reason]: 1 });
});

const ONE_STATION: [DropReason, object][] = [
  ['unreadable', { macAddress: 'nonsense' }],
  ['unreadable', {}],
  ['unusableMac', { macAddress: '000000000000' }],
  ['unusableMac', { macAddress: 'ffffffffffff' }],
  ['unusableMac', { macAddress: '01:00:5e:00:00:01' }],
  ['locallyAdministered', { macAddress: '02:00:5e:00:00:01' }],
  ['optedOut', { macAddress: '00:00:5e:00:00:01', ssid: 'home_nomap' }],
  ['optedOut', { macAddress: '00:00:5e:00:00:01', ssid: '' }],
  ['stale', { macAddress: '00:00:5e:00:00:01', age: 30_001 }],
  ['stale', { macAddress: '00:00:5e:00:00:01', age: 3_600_001 }],
  ['stale', { macAddress: '00:00:5e:00:00:01', age: '-7200000' }],
  ['stale', { macAddress: '00:00:5e:00:00:01', age: 1e15 }],
  ['repeated', { macAddress: AP, signalStrength: -20 }],
];
test.each(ONE_STATION)('an access point is dropped as %s, its report is not', (reason, entry) => {
  const { admitted, drops } = admitItems(item({}, { wifiAccessPoints: [{ macAddress: AP }, entry] }));
  expect(admitted[0].wifi).toHaveLength(1);
  expect(drops).toEqual({ [reason]: 1 });
});

const BEACON = { wifiAccessPoints: [], bluetoothBeacons: [{ macAddress: '00:1b:2c:00:00:02' }] };
const CELL = { wifiAccessPoints: [], cellTowers: NEOSTUMBLER.items[0].cellTowers };
const JUST_GOOD_ENOUGH: [string, unknown][] = [
  ['at 180 km/h', item({ speed: 50 })],
  ['above the highest town', item({ altitude: 5_500 })],
  ['at the Dead Sea', item({ altitude: -500 })],
  ['on the equator, beside null island', item({ latitude: 0, longitude: -1.001 })],
  ['on the prime meridian, beside null island', item({ latitude: 1.001, longitude: 0 })],
  ['at the south pole, where the days begin', item({ latitude: -90, longitude: 180 })],
  ['at the north pole, where they end', item({ latitude: 90, longitude: -180 })],
  ['of an access point, by a fix 200 m wide', item({ accuracy: 200 })],
  ['of a beacon, by a fix 100 m wide', item({ accuracy: 100 }, BEACON)],
  ['of a cell, by a fix 1,000 m wide', item({ accuracy: 1_000 }, CELL)],
  ['of what was heard half a minute after', item({ age: 0 }, { wifiAccessPoints: [{ macAddress: AP, age: -30_000 }] })],
  ['three months old', { ...item({}), timestamp: NOW_MS - MAX_REPORT_AGE_MS }],
  ['of an access point and a beacon', item({}, { bluetoothBeacons: BEACON.bluetoothBeacons })],
  ['of an access point and a cell', item({}, { cellTowers: CELL.cellTowers })],
];
test.each(JUST_GOOD_ENOUGH)('a report %s teaches', (_, value) => {
  const { admitted, drops } = admitItems(value);
  expect([admitted.length, drops]).toEqual([1, {}]);
});

test('what was heard too far along the way, or under too coarse a fix for its reach, is dropped', () => {
  const heard = {
    wifiAccessPoints: [
      { macAddress: AP, age: 10_000 },
      { macAddress: '00:1a:2b:3c:4d:5f', age: 0 },
    ],
  };
  expect(admitItems(item({ speed: 16, age: 0 }, heard)).drops).toEqual({ smeared: 1 });
  expect(admitItems(item({ speed: 14, age: 0 }, heard)).drops).toEqual({});
  const both = { bluetoothBeacons: [{ macAddress: '00:1b:2c:00:00:02' }], cellTowers: NEOSTUMBLER.items[0].cellTowers };
  expect(admitItems(item({ accuracy: 150 }, both)).drops).toEqual({ inaccurateForMac: 1 });
  expect(admitItems(item({ accuracy: 201 })).drops).toEqual({ inaccurateForMac: 1, nothingHeard: 1 });
  const coarse = admitItems(item({ accuracy: 900 }, both));
  expect(coarse.drops).toEqual({ inaccurateForMac: 2 });
  expect(coarse.admitted[0].cells).toHaveLength(1);
});

test('ages count against the fix, and one that is not told counts from the report', () => {
  const gap = (fixAge: unknown, heardAge: unknown) =>
    admitItems(item({ age: fixAge }, { wifiAccessPoints: [{ macAddress: AP, age: heardAge }] }));
  expect(gap(20_000, 25_000).admitted[0].wifi[0].ageMs).toBe(5_000);
  expect(gap(600_000, 601_000).admitted[0].wifi[0].ageMs).toBe(1_000);
  expect(gap(undefined, 2_000).admitted[0].wifi[0].ageMs).toBe(2_000);
  expect(gap(2_000, undefined).admitted[0].wifi[0].ageMs).toBe(-2_000);
  expect(gap(undefined, undefined).admitted[0].wifi[0].ageMs).toBeNaN();
  expect(gap(60_000, undefined).drops).toEqual({ stale: 1, nothingHeard: 1 });
  // However long ago: hours apart is no less apart than a minute, and together is together.
  expect(gap(7_200_000, undefined).drops).toEqual({ stale: 1, nothingHeard: 1 });
  expect(gap(7_200_000, 0).drops).toEqual({ stale: 1, nothingHeard: 1 });
  expect(gap(7_200_000, 7_201_000).admitted[0].wifi[0].ageMs).toBe(1_000);
});

test('unknown accuracy and speed stay unknown, zero and -1 included', () => {
  for (const accuracy of [undefined, null, 0, -1])
    expect(admitItems(item({ accuracy })).admitted[0].accuracyM).toBeNaN();
  for (const speed of [undefined, null, -1]) expect(admitItems(item({ speed })).admitted[0].speedMps).toBeNaN();
});

test('a clock that was never set, or runs ahead, is replaced by the hour of arrival', () => {
  const hour = Math.floor(NOW_MS / HOUR_MS) * HOUR_MS;
  for (const timestamp of [0, 1_405_602_028_568, NOW_MS - MAX_REPORT_AGE_MS - 1, NOW_MS + 1, 1e15]) {
    const { admitted, drops } = admitItems({ ...item({}), timestamp });
    expect(admitted[0].timeMs).toBe(hour);
    expect(drops).toEqual({ clockUnset: 1 });
  }
  expect(admitItems({ ...item({}), timestamp: undefined }).drops).toEqual({});
  expect(admitItems({ ...item({}), timestamp: NOW_MS - 5 * HOUR_MS }).admitted[0].timeMs).toBe(hour - 5 * HOUR_MS);
});

test('an access point that refused in one report is out of all reports of the call, also where its name is not sent', () => {
  const named = item({}, { wifiAccessPoints: [{ macAddress: AP, ssid: 'mine_nomap' }] });
  const other = item({}, { wifiAccessPoints: [{ macAddress: AP }, { macAddress: '00:1a:2b:3c:4d:5f' }] });
  const { admitted, drops } = admitItems(other, named);
  expect(admitted.flatMap((report) => report.wifi.map(({ mac }) => mac))).toEqual([0x001a2b3c4d5f]);
  expect(drops).toEqual({ optedOut: 2, nothingHeard: 1 });
});

test('of two hearings of one cell the one nearer to the fix stays, then the stronger', () => {
  const cell = { radioType: 'lte', mobileCountryCode: 262, mobileNetworkCode: 1, locationAreaCode: 5, cellId: 500 };
  const cells = [
    { ...cell, age: 5_000, signalStrength: -80 },
    { ...cell, age: 0, signalStrength: -100 },
    { ...cell, age: 0, signalStrength: -90 },
  ];
  const { admitted, drops } = admitItems(item({ age: 0 }, { cellTowers: cells }));
  expect(admitted[0].cells.map(({ dbm, ageMs }) => [dbm, ageMs])).toEqual([[-90, 0]]);
  expect(drops).toEqual({ repeated: 2 });
});

test('a cell heard too long before its fix, or too far along the way, is dropped, what was heard beside it is not', () => {
  const [cell] = NEOSTUMBLER.items[0].cellTowers;
  const heard = (age: number) => ({ wifiAccessPoints: [{ macAddress: AP, age: 0 }], cellTowers: [{ ...cell, age }] });
  for (const [fix, age, reason] of [
    [{ age: 0 }, 30_001, 'stale'],
    [{ age: 0, speed: 16 }, 10_000, 'smeared'],
  ] as const) {
    const { admitted, drops } = admitItems(item(fix, heard(age)));
    expect([admitted[0].wifi.length, admitted[0].cells.length, drops]).toEqual([1, 0, { [reason]: 1 }]);
  }
  expect(admitItems(item({ age: 0 }, heard(30_000))).drops).toEqual({});
});

test('a cell without an area, or an area without a cell, is none', () => {
  const [cell] = NEOSTUMBLER.items[0].cellTowers;
  for (const missing of ['locationAreaCode', 'cellId'] as const) {
    const { drops } = admitItems(item({}, { cellTowers: [{ ...cell, [missing]: 0, primaryScramblingCode: -1 }] }));
    expect(drops).toEqual({ badCell: 1 });
  }
});

test('a position that other things than satellites had a share in is marked, one of satellites is not', () => {
  expect(['fused', 'gnss', undefined].map((source) => admitItems(item({ source })).admitted[0].fused)).toEqual([
    true,
    false,
    false,
  ]);
});

test('cells that name nothing, and neighbours of nothing, are dropped', () => {
  const whole = { radioType: 'lte', mobileCountryCode: 262, mobileNetworkCode: 1, locationAreaCode: 5, cellId: 500 };
  const neighbour = { radioType: 'lte', primaryScramblingCode: 17, signalStrength: -90 };
  const both = admitItems(
    item({}, { cellTowers: [whole, neighbour, { radioType: 'lte' }, { ...whole, radioType: 'x' }] }),
  );
  expect(both.admitted[0].neighbours).toEqual([{ radio: 3, psc: 17, dbm: -90 }]);
  const unavailable = { ...neighbour, mobileCountryCode: 2_147_483_647, mobileNetworkCode: 2_147_483_647 };
  expect(admitItems(item({}, { cellTowers: [whole, unavailable] })).admitted).toEqual(
    admitItems(item({}, { cellTowers: [whole, neighbour] })).admitted,
  );
  expect(both.drops).toEqual({ badCell: 2 });
  expect(admitItems(item({}, { cellTowers: [neighbour] })).drops).toEqual({ badCell: 1 });
});

test('whatever is sent, what is admitted keeps its promises', () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -200, max: 200 }), fc.integer());
  const mac = fc.oneof(fc.constant(AP), fc.stringMatching(/^[0-9a-f]{12}$/));
  const wifi = fc.array(
    fc.record({
      macAddress: mac,
      age: number,
      signalStrength: number,
      ssid: fc.constantFrom(undefined, 'a', 'b_nomap', ''),
    }),
  );
  const items = fc.array(
    fc.record({
      timestamp: number,
      position: fc.record({
        latitude: number,
        longitude: number,
        accuracy: number,
        age: number,
        speed: number,
        altitude: number,
      }),
      wifiAccessPoints: wifi,
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(items, (all) => {
      const refused = new Set(
        all.flatMap((one) =>
          one.wifiAccessPoints
            .filter((ap) => ap.ssid !== undefined && ap.ssid !== 'a')
            .map((ap) => parseInt(ap.macAddress.replaceAll(':', ''), 16)),
        ),
      );
      for (const report of admitItems(...all).admitted) {
        expect(Math.abs(report.lat) <= 90 && Math.abs(report.lon) <= 180).toBe(true);
        expect(report.accuracyM > 1_000 || report.speedMps > 50 || report.timeMs > NOW_MS).toBe(false);
        const macs = report.wifi.map((seen) => seen.mac);
        expect(new Set(macs).size).toBe(macs.length);
        for (const seen of report.wifi) {
          expect(isUsableMac(seen.mac) && !refused.has(seen.mac)).toBe(true);
          expect(Math.abs(seen.ageMs) > 30_000).toBe(false);
        }
      }
    }),
    { numRuns: 500 },
  );
});

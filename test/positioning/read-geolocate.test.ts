import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings, MAX_CELLS, MAX_WIFI, type Readings } from '../../src/positioning/readings.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { parseMac } from '../../src/radio/mac.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';

let readings: Readings;
beforeEach(() => {
  readings = createReadings();
});
const read = (body: unknown, ip?: string) => readGeolocate(body, ip, readings);
const cell = (fields: object) => ({
  mobileCountryCode: 262,
  mobileNetworkCode: 1,
  locationAreaCode: 4660,
  cellId: 22136,
  ...fields,
});
/** The first cell read, as plain values. */
const firstCell = () => {
  const c = readings.cells;
  return {
    count: c.count,
    radio: c.radio[0],
    mcc: c.mcc[0],
    mnc: c.mnc[0],
    area: c.area[0],
    id: c.id[0],
    psc: c.psc[0],
    ta: c.ta[0],
    dbm: c.dbm[0],
  };
};

test('no body and {} mean the same; anything that is no object is malformed', () => {
  for (const body of [undefined, {}]) {
    expect(read(body, '8.8.8.8')).toBe(true);
    expect(readings.ip).toBe('8.8.8.8');
  }
  for (const body of [null, [], 'x', 5, true]) expect(read(body)).toBe(false);
});

test.each([
  [{ considerIp: false }, undefined],
  [{ considerIp: false, fallbacks: { ipf: true } }, undefined],
  [{ considerIp: false, fallbacks: {} }, undefined],
  [{ considerIp: 'false' }, undefined],
  [{ considerIp: true, fallbacks: { ipf: false } }, undefined],
  [{ fallbacks: { ipf: '0' } }, undefined],
  [{ considerIP: false }, undefined],
  [{ considerIP: 'false', considerIp: true }, undefined],
  [{ considerIP: 'true' }, '8.8.8.8'],
  [{ considerIp: null }, '8.8.8.8'],
  [{ fallbacks: null }, '8.8.8.8'],
  [{ fallbacks: { lacf: false } }, '8.8.8.8'],
])('%j leaves the address as %s', (body, expected) => {
  read(body, '8.8.8.8');
  expect(readings.ip).toBe(expected);
});

test.each<[string, object, object]>([
  ['plain', { radioType: 'lte' }, { radio: RADIO.lte, mcc: 262, mnc: 1, area: 4660, id: 22136 }],
  [
    'strings as numbers, leading zeros',
    { radioType: 'gsm', mobileCountryCode: '262', mobileNetworkCode: '01', cellId: '22136' },
    { mcc: 262, mnc: 1, id: 22136 },
  ],
  ['null is absent', { radioType: 'gsm', signalStrength: null, psc: null, age: null }, { dbm: UNKNOWN_DBM, psc: -1 }],
  ['a placeholder beside an ASU', { radioType: 'lte', signalStrength: 85, asu: 40 }, { dbm: -100 }],
  ["KaiOS's unknown strength", { radioType: 'gsm', signalStrength: 85 }, { dbm: UNKNOWN_DBM }],
  ['junk neighbour strength', { radioType: 'lte', signalStrength: -225 }, { dbm: UNKNOWN_DBM }],
  ['asu where no strength is sent', { radioType: 'gsm', asu: 20 }, { dbm: -73 }],
  ["KaiOS's unknown cell leaves its area", { radioType: 'gsm', cellId: -1 }, { area: 4660, id: 0 }],
  ["KaiOS's unknown area leaves its cell", { radioType: 'gsm', locationAreaCode: -1 }, { area: 0, id: 22136 }],
  ['Firefox OS, which says `radio`', { radioType: undefined, radio: 'wcdma' }, { radio: RADIO.wcdma }],
  ['both names: `radioType` is the one', { radioType: 'lte', radio: 'gsm' }, { radio: RADIO.lte }],
  ['umts is wcdma', { radioType: 'UMTS' }, { radio: RADIO.wcdma }],
  ['a long gsm identity is wcdma', { radioType: 'gsm', cellId: 65_536 }, { radio: RADIO.wcdma, id: 65_536 }],
  [
    '36 bits of NR',
    { radioType: 'nr', cellId: 68_719_476_734, locationAreaCode: 16_777_215 },
    { radio: RADIO.nr, id: 68_719_476_734, area: 16_777_215 },
  ],
  [
    "Google's name for an NR cell",
    { radioType: 'nr', cellId: undefined, newRadioCellId: 77_777_777_77 },
    { id: 7_777_777_777 },
  ],
  [
    "NeoStumbler's network code as text",
    { radioType: 'lte', mobileNetworkCode: undefined, mobileNetworkCodeStr: '007' },
    { mnc: 7 },
  ],
  ['psc', { radioType: 'wcdma', psc: 300 }, { psc: 300 }],
  ['primaryScramblingCode', { radioType: 'lte', primaryScramblingCode: 503 }, { psc: 503 }],
  ['psc beside a null alias', { radioType: 'lte', psc: 5, primaryScramblingCode: null }, { psc: 5 }],
  ...[0, -1, 2_147_483_647].map((cellId): [string, object, object] => [
    `an NR cell's ${cellId} hides no identity under Google's name`,
    { radioType: 'nr', cellId, newRadioCellId: 7_777_777_777 },
    { radio: RADIO.nr, id: 7_777_777_777 },
  ]),
  ["Android's unavailable is no NR cell", { radioType: 'nr', cellId: 2_147_483_647 }, { id: 0 }],
  [
    'a long identity under the second name makes gsm wcdma',
    { radioType: 'gsm', cellId: -1, newRadioCellId: 70_000 },
    { radio: RADIO.wcdma, id: 70_000 },
  ],
  [
    'a placeholder for LAC beside a TAC',
    { radioType: 'lte', locationAreaCode: -1, trackingAreaCode: 4661 },
    { area: 4661 },
  ],
  [
    'a placeholder for MNC beside its text',
    { radioType: 'lte', mobileNetworkCode: -1, mobileNetworkCodeStr: '01' },
    { mnc: 1, area: 4660, id: 22136 },
  ],
  ['a placeholder for psc', { radioType: 'lte', psc: -1, primaryScramblingCode: 6 }, { psc: 6 }],
  ['a psc beside a placeholder', { radioType: 'lte', psc: 5, primaryScramblingCode: 2_147_483_647 }, { psc: 5 }],
  ['psc out of range', { radioType: 'lte', psc: 504 }, { psc: -1 }],
  ['timing advance', { radioType: 'lte', timingAdvance: 7 }, { ta: 7 }],
  ['no timing advance in UMTS', { radioType: 'wcdma', timingAdvance: 7 }, { ta: -1 }],
])('cell: %s', (_name, fields, expected) => {
  read({ cellTowers: [cell(fields)] });
  expect(firstCell()).toMatchObject({ count: 1, ...expected });
});

test.each<[string, unknown]>([
  ['no radio anywhere', cell({})],
  ['cdma', cell({ radioType: 'cdma' })],
  ['lte_ca', cell({ radioType: 'lte_ca' })],
  ['no country', cell({ radioType: 'lte', mobileCountryCode: null })],
  ['country 0', cell({ radioType: 'lte', mobileCountryCode: 0 })],
  ['network 1000', cell({ radioType: 'lte', mobileNetworkCode: 1000 })],
  ['nothing that identifies', cell({ radioType: 'lte', cellId: -1, locationAreaCode: -1 })],
  ['null', null],
  ['a string', 'cell'],
  ['a list', []],
])('a cell with %s is skipped and its neighbour in the list is not', (_name, bad) => {
  read({ cellTowers: [bad, cell({ radioType: 'lte', cellId: 7 })] });
  expect(readings.cells.count).toBe(1);
  expect(readings.cells.id[0]).toBe(7);
});

test("a cell's own radio beats the request's, and an unknown one never inherits it", () => {
  read({ radioType: 'gsm', cellTowers: [cell({ radioType: 'lte' })] });
  expect(firstCell().radio).toBe(RADIO.lte);
  read({
    radioType: 'gsm',
    cellTowers: [cell({}), cell({ radioType: 'iwlan', cellId: 9 }), cell({ radioType: '', cellId: 10 })],
  });
  expect([readings.cells.count, readings.cells.radio[0], readings.cells.radio[1]]).toEqual([2, RADIO.gsm, RADIO.gsm]);
});

test('MACs in four notations, once each, without those that name no transmitter', () => {
  const good = ['00-11-22-33-44-55', '0011.2233.4466', '001122334477', '00:11:22:33:44:88', '00:11:22:33:44:55'];
  const bad = ['02:11:22:33:44:55', '01:00:5e:90:10:00', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', 'nonsense', 5, null];
  read({ wifiAccessPoints: [...bad, ...good].map((macAddress) => ({ macAddress, signalStrength: -60 })) });
  expect([...readings.wifi.mac.slice(0, readings.wifi.count)]).toEqual([
    0x001122334455, 0x001122334466, 0x001122334477, 0x001122334488,
  ]);
});

test('of two readings of one access point the stronger counts', () => {
  const macAddress = '00:11:22:33:44:55';
  read({
    wifiAccessPoints: [{ macAddress, signalStrength: -80 }, { macAddress, signalStrength: '-50' }, { macAddress }],
  });
  expect([readings.wifi.count, readings.wifi.dbm[0]]).toEqual([1, -50]);
});

test('a refusal in the name holds for the address, wherever else it stands in the list', () => {
  const list = [
    { macAddress: '00:11:22:33:44:55' },
    { macAddress: '00:11:22:33:44:55', ssid: 'cafe_nomap' },
    { macAddress: '00:11:22:33:44:66', ssid: '' },
    { macAddress: '00:11:22:33:44:88', ssid: '"cafe_nomap"' },
    { macAddress: '00:11:22:33:44:99', ssid: 'cafe_nomap\0\0' },
    { macAddress: '00:11:22:33:44:77', ssid: 'cafe' },
  ];
  for (const wifiAccessPoints of [list, [...list].reverse()]) {
    read({ wifiAccessPoints });
    expect([...readings.wifi.mac.slice(0, readings.wifi.count)]).toEqual([parseMac('001122334477')]);
  }
});

test('beacons that refuse take nobody else’s place', () => {
  const mac = (i: number) => (0x001122000000 + i * 257).toString(16).padStart(12, '0');
  const refusing = Array.from({ length: 100 }, (_, i) => ({
    macAddress: mac(i),
    signalStrength: -30,
    name: 'x_nomap',
  }));
  const others = Array.from({ length: 4 }, (_, i) => ({ macAddress: mac(200 + i), signalStrength: -90 }));
  read({ bluetoothBeacons: [...refusing, ...others] });
  expect(readings.bluetooth.count).toBe(4);
});

test('a beacon that refuses in its name is not asked for either; one without a name is', () => {
  const list = [
    { macAddress: '00:11:22:33:44:55' },
    { macAddress: '00:11:22:33:44:55', name: 'tag_optout' },
    { macAddress: '00:11:22:33:44:66', name: '"tag_nomap"' },
    { macAddress: '00:11:22:33:44:77', name: '' },
    { macAddress: '00:11:22:33:44:88' },
  ];
  for (const bluetoothBeacons of [list, [...list].reverse()]) {
    read({ bluetoothBeacons });
    expect([...readings.bluetooth.mac.slice(0, readings.bluetooth.count)].sort()).toEqual(
      ['001122334477', '001122334488'].map(parseMac).sort(),
    );
  }
});

test.each<[object, boolean]>([
  [{ latitude: 52, longitude: 13 }, true],
  [{ latitude: '52.5', longitude: '13.4', accuracy: '12' }, true],
  [{ latitude: 0, longitude: 0, accuracy: 10 }, false],
  [{ latitude: 91, longitude: 13, accuracy: 10 }, false],
  [{ latitude: 52, longitude: 181, accuracy: 10 }, false],
  [{ latitude: 52, longitude: 13, accuracy: 0 }, true],
  [{ latitude: 52, longitude: 13, accuracy: -1 }, true],
  [{ latitude: 52, longitude: 13, accuracy: 2_000_000 }, false],
  [{ latitude: 52, longitude: 13, accuracy: 'NaN' }, false],
  [{ latitude: 52, longitude: 13, age: 90_000_000 }, false],
  [{ latitude: 52, longitude: 13, source: 'query' }, false],
  [{ latitude: 52, longitude: 13, source: 'Network' }, false],
  [{ latitude: 52, longitude: 13, source: 'wifi' }, false],
  [{ latitude: 52, longitude: 13, source: 7 }, false],
  [{ latitude: 52, longitude: 13, source: 'GPS' }, true],
  [{ latitude: 52, longitude: 13, source: 'fused' }, true],
  [{ latitude: 52, longitude: 13, source: null }, true],
  [{ latitude: null, longitude: 13 }, false],
])('position %j counts: %s', (position, present) => {
  read({ position });
  expect(readings.fix.present).toBe(present);
});

test('the strongest that fit are kept, and names like __proto__ are only names', () => {
  const wifiAccessPoints = Array.from({ length: 2000 }, (_, i) => ({
    macAddress: (0x001122000000 + i * 257).toString(16).padStart(12, '0'),
    signalStrength: -100 + (i % 90),
  }));
  const cellTowers = Array.from({ length: 100 }, (_, i) => cell({ radioType: 'lte', cellId: i + 1 }));
  read(
    JSON.parse(
      `{"__proto__":{"radioType":"lte"},"constructor":{"x":1},"wifiAccessPoints":${JSON.stringify(wifiAccessPoints)},"cellTowers":${JSON.stringify(cellTowers)}}`,
    ),
  );
  expect([readings.wifi.count, readings.cells.count]).toEqual([MAX_WIFI, MAX_CELLS]);
  expect(readings.wifi.dbm[MAX_WIFI - 1]).toBeGreaterThan(-20);
  expect(({} as { radioType?: string }).radioType).toBeUndefined();
});

const looseCell = fc.record(
  {
    radioType: fc.constantFrom('gsm', 'lte', 'wcdma', 'nr', 'cdma', null),
    mobileCountryCode: fc.constantFrom(262, '262', 1),
    mobileNetworkCode: fc.constantFrom(1, '01', -1),
    locationAreaCode: fc.constantFrom(1, 2, -1),
    cellId: fc.integer({ min: -1, max: 4 }),
    signalStrength: fc.constantFrom(-90, -80, 85, null),
    psc: fc.constantFrom(1, 2, null),
    timingAdvance: fc.constantFrom(1, 2, null),
    serving: fc.constantFrom(1, 0, true, null),
    age: fc.constantFrom(0, 1000),
  },
  { requiredKeys: [] },
);
const looseWifi = fc.record(
  {
    macAddress: fc.integer({ min: 0, max: 300 }).map((n) => (0x001122334400 + n).toString(16).padStart(12, '0')),
    signalStrength: fc.oneof(fc.integer({ min: -100, max: -10 }), fc.constantFrom(null, 0, 85)),
    age: fc.constantFrom(0, 1000, 5000),
    ssid: fc.constantFrom('cafe', 'cafe', 'cafe_nomap', '"cafe_nomap"', undefined, undefined, undefined),
  },
  { requiredKeys: ['macAddress'] },
);

test('any order of the lists gives the same columns, byte for byte, also past the bounds', () => {
  fc.assert(
    fc.property(
      fc.array(looseWifi, { maxLength: 250 }),
      fc.array(looseCell, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (wifi, cells, dice) => {
        const shuffle = <T>(list: readonly T[]): T[] =>
          list
            .map((value) => ({ value, key: dice.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map((entry) => entry.value);
        const other = createReadings();
        read({ wifiAccessPoints: wifi, bluetoothBeacons: wifi, cellTowers: cells });
        readGeolocate(
          { wifiAccessPoints: shuffle(wifi), bluetoothBeacons: shuffle(wifi), cellTowers: shuffle(cells) },
          undefined,
          other,
        );
        expect(visible(other)).toEqual(visible(readings));
      },
    ),
    { numRuns: 200 },
  );
});

/** What of the columns counts: the first `count` rows. */
function visible(r: Readings): object {
  const rows = (columns: object, count: number) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        name,
        ArrayBuffer.isView(column) ? [...(column as Float64Array)].slice(0, count) : column,
      ]),
    );
  return {
    wifi: rows(r.wifi, r.wifi.count),
    bluetooth: rows(r.bluetooth, r.bluetooth.count),
    cells: rows(r.cells, r.cells.count),
  };
}

test('no JSON value makes it throw', () => {
  const field = fc.oneof(
    { weight: 3, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: fc.array(fc.oneof(looseCell, looseWifi, fc.jsonValue())) },
  );
  const body = fc.record(
    {
      wifiAccessPoints: field,
      bluetoothBeacons: field,
      cellTowers: field,
      position: field,
      fallbacks: field,
      radioType: field,
      considerIp: field,
      homeMobileCountryCode: field,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
      read(value, '8.8.8.8');
    }),
    { numRuns: 1000 },
  );
});

test.each<[string, string, { wifi?: number; cells?: number; radio?: number; ip?: boolean; area?: boolean }]>([
  [
    'Firefox with Wi-Fi',
    '{"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-50},{"macAddress":"00-11-22-33-44-41","signalStrength":-60}]}',
    { wifi: 2, ip: true },
  ],
  [
    'GeoClue with a cell under another radio',
    '{"radioType":"gsm","cellTowers":[{"radioType":"lte","cellId":22136,"mobileCountryCode":262,"mobileNetworkCode":1,"locationAreaCode":4660}]}',
    { cells: 1, radio: RADIO.lte, ip: true },
  ],
  [
    'GeoClue with Wi-Fi names',
    '{"wifiAccessPoints":[{"macAddress":"00:11:22:33:44:01","ssid":"alpha","signalStrength":-50},{"macAddress":"00:11:22:33:44:41","ssid":"b_nomap","signalStrength":-55}]}',
    { wifi: 1, ip: true },
  ],
  [
    'KaiOS 2.5',
    '{"cellTowers":[{"radioType":"wcdma","mobileCountryCode":204,"mobileNetworkCode":4,"locationAreaCode":4660,"cellId":22136,"signalStrength":85},{"mobileCountryCode":204,"mobileNetworkCode":4,"locationAreaCode":-1,"cellId":-1}],"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-60,"ssid":"x"}]}',
    { wifi: 1, cells: 1, radio: RADIO.wcdma, ip: true },
  ],
  [
    'old KaiOS 2.5, numbers as text',
    '{"cellTowers":[{"radioType":"gsm","mobileCountryCode":"204","mobileNetworkCode":"04","locationAreaCode":4660,"cellId":22136}]}',
    { cells: 1, radio: RADIO.gsm, ip: true },
  ],
  [
    'KaiOS 3',
    '{"cellTowers":[{"radioType":"lte","mobileCountryCode":204,"mobileNetworkCode":4,"locationAreaCode":4660,"cellId":22136,"signalStrength":-90}],"wifiAccessPoints":[],"considerIp":false,"hpeConfidence":95}',
    { cells: 1, radio: RADIO.lte },
  ],
  [
    'microG with a cell',
    '{"considerIp":false,"radioType":"lte","homeMobileCountryCode":262,"homeMobileNetworkCode":1,"cellTowers":[{"radioType":"lte","mobileCountryCode":262,"mobileNetworkCode":1,"locationAreaCode":4660,"cellId":22136,"age":12,"psc":300,"signalStrength":-90}],"fallbacks":{"lacf":true,"ipf":false}}',
    { cells: 1, radio: RADIO.lte },
  ],
  [
    'microG with Wi-Fi',
    '{"wifiAccessPoints":[{"macAddress":"00:11:22:33:44:01","age":5,"channel":1,"frequency":2412,"signalStrength":-50,"ssid":"a"}],"fallbacks":{"lacf":false,"ipf":false}}',
    { wifi: 1, area: false },
  ],
])('%s is understood', (_name, body, expected) => {
  read(JSON.parse(body), '8.8.8.8');
  expect([readings.wifi.count, readings.cells.count]).toEqual([expected.wifi ?? 0, expected.cells ?? 0]);
  if (expected.radio !== undefined) expect(readings.cells.radio[0]).toBe(expected.radio);
  expect(readings.ip).toBe(expected.ip === true ? '8.8.8.8' : undefined);
  expect(readings.allowArea).toBe(expected.area ?? true);
});

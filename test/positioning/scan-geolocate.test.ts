import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings, type Readings } from '../../src/positioning/readings.ts';
import { scanGeolocate } from '../../src/positioning/scan-geolocate.ts';

const IP = '8.8.8.8';
const scanned = createReadings();
const read = createReadings();

/** All that readings say, without what older requests left in the columns. */
function said({ wifi, bluetooth, cells, fix, ...rest }: Readings): object {
  const rows = (columns: object) => {
    const { count, ...others } = columns as { count: number } & Record<string, ArrayLike<number>>;
    return Object.fromEntries(
      Object.entries(others).map(([name, column]) => [name, Array.from(column).slice(0, count)]),
    );
  };
  return { wifi: rows(wifi), bluetooth: rows(bluetooth), cells: rows(cells), fix: fix.present ? fix : null, ...rest };
}

/** Whether the short way understood it; if so, it must have understood what the long way does. */
function scan(text: string | Uint8Array): boolean {
  const bytes = Buffer.from(text as string);
  if (!scanGeolocate(bytes, IP, scanned)) return false;
  expect(readGeolocate(JSON.parse(bytes.toString()), IP, read)).toBe(true);
  expect(said(scanned)).toEqual(said(read));
  return true;
}

describe('the short way', () => {
  test.each([
    ['an empty object', '{}'],
    ['no access points', ' { "wifiAccessPoints" : [ ] }\r\n'],
    [
      'what Firefox sends',
      '{"considerIp":true,"wifiAccessPoints":[{"macAddress":"00-11-22-33-44-01","signalStrength":-50}]}',
    ],
    [
      'what KaiOS 2.5 sends',
      '{"cellTowers":[{"radioType":"lte","mobileCountryCode":204,"mobileNetworkCode":4,"locationAreaCode":-1,"cellId":-1,"signalStrength":85}],"wifiAccessPoints":[{"macAddress":"aa-bb-cc-00-11-22","signalStrength":-60,"ssid":"x"},{"macAddress":"a4:bb:cc:00:11:23","signalStrength":-61,"ssid":"y z"}]}',
    ],
    [
      'every field of Google',
      '{"homeMobileCountryCode":310,"homeMobileNetworkCode":410,"radioType":"gsm","carrier":"Vodafone","considerIp":false,"cellTowers":[{"cellId":70000,"locationAreaCode":415,"mobileCountryCode":310,"mobileNetworkCode":410,"age":0,"signalStrength":-60,"timingAdvance":15}],"wifiAccessPoints":[{"macAddress":"3c:37:86:5d:75:d4","signalStrength":-35,"signalToNoiseRatio":0,"channel":7,"age":-12}],"bluetoothBeacons":[{"macAddress":"3c3786.5d75d4","signalStrength":-35,"name":"b"}]}',
    ],
    [
      "Arduino's spelling of considerIp",
      '{"considerIP":false,"wifiAccessPoints":[{"macAddress":"a4:bb:cc:00:11:23","signalStrength":-50,"channel":1}]}',
    ],
    [
      'two entries of one access point',
      '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123"},{"macAddress":"A4BBCC001123","signalStrength":-7}]}',
    ],
    [
      'junk for addresses',
      '{"wifiAccessPoints":[{"macAddress":"x"},{"macAddress":""},{},{"macAddress":"0123456789abc:"},{"macAddress":"a4bbcc001123-------"}]}',
    ],
    ['a field named twice', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","macAddress":"a4bbcc001124"}]}'],
  ])('understands by itself %s', (_what, body) => {
    expect(scan(body)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['two values', '{}{}'],
    ['a cut body', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123"}'],
    ['a body cut in a string', '{"a":"}'],
    ['a comma too many', '{"wifiAccessPoints":[],}'],
    ['a comma too many in a list', '{"wifiAccessPoints":[{},]}'],
    ['a leading zero', '{"cellTowers":[{"cellId":01}]}'],
    ['a control character', '{"a":"\u0001"}'],
    ['an unquoted name', '{a:1}'],
    ['a word that begins like true', '{"considerIp":trueish}'],
    ['other kinds of space', '{\u00a0}'],
    ['a zero byte behind it, as sizeof counts in C', '{}\u0000'],
  ])('leaves %s to the long way', (_what, body) => {
    expect(scan(body)).toBe(false);
  });

  test.each([
    ['a fix', '{"position":{"latitude":1.5,"longitude":2}}'],
    ['fallbacks', '{"fallbacks":{"ipf":false}}'],
    ['a hidden network', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":""}]}'],
    ['a network that refuses', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"x_NoMap"}]}'],
    ['a blank name', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"  "}]}'],
    ['a refusal in quotes', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"\\"x_nomap\\""}]}'],
    ['a padded refusal', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"x_nomap "}]}'],
    ['a refusal with NULs behind it', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"x_nomap\\u0000"}]}'],
    ['a beacon that refuses', '{"bluetoothBeacons":[{"macAddress":"a4bbcc001123","name":"x_nomap"}]}'],
    ['an escape', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","ssid":"\\u005fnomap"}]}'],
    ['a name that is an escape', '{"consider\\u0049p":false}'],
    ['a word that is not ASCII', '{"carrier":"Téléphone"}'],
    ['strings for numbers', '{"cellTowers":[{"radioType":"gsm","mobileCountryCode":"262"}]}'],
    ['null', '{"cellTowers":null}'],
    ['a radio after the cells', '{"cellTowers":[{"mobileCountryCode":262}],"radioType":"gsm"}'],
    ['a radio under its old name', '{"cellTowers":[{"radio":"gsm","mobileCountryCode":262}]}'],
    ['both spellings of considerIp', '{"considerIp":true,"considerIP":false}'],
    ['a list named twice', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123"}],"wifiAccessPoints":[]}'],
    ['fractions', '{"wifiAccessPoints":[{"macAddress":"a4bbcc001123","signalStrength":-50.5}]}'],
    ['long integers', '{"cellTowers":[{"cellId":12345678901234567890}]}'],
  ])('leaves %s, which it could get wrong, to the long way', (_what, body) => {
    expect(scan(body)).toBe(false);
  });
});

/** Bodies like those of clients, odd ones among them, with space where JSON allows it. */
const anyBody = (() => {
  const int = fc.oneof(
    fc.integer({ min: -130, max: 130 }),
    fc.integer(),
    fc.constantFrom(-0, 0, 85, 262, 268435455, 1e15, -73.5),
  );
  const some = fc.oneof(
    { weight: 8, arbitrary: int },
    fc.constantFrom<unknown>(true, false, null, '', '7', 'lte', 'nr', 'umts', 'x_nomap', 'é', '\u2028', [], {}),
  );
  const hex = fc.stringMatching(/^[0-9a-fA-F]{2}$/);
  const mac = fc
    .tuple(fc.array(hex, { minLength: 5, maxLength: 6 }), fc.constantFrom(':', '-', '', '.'))
    .map(([parts, between]) => parts.join(between));
  const names = [
    'mobileCountryCode',
    'mobileNetworkCode',
    'locationAreaCode',
    'cellId',
    'signalStrength',
    'psc',
    'asu',
    'age',
  ];
  const more = [
    'mobileNetworkCodeStr',
    'trackingAreaCode',
    'newRadioCellId',
    'primaryScramblingCode',
    'timingAdvance',
    'serving',
  ];
  const radio = fc.constantFrom<unknown>('gsm', 'wcdma', 'umts', 'lte', 'nr', 'LTE', 'cdma', '', null);
  const good = fc.record({
    radioType: fc.constantFrom('gsm', 'wcdma', 'umts', 'lte', 'nr'),
    mobileCountryCode: fc.integer({ min: 200, max: 202 }),
    mobileNetworkCode: fc.nat(2),
    locationAreaCode: fc.integer({ min: -1, max: 5 }),
    cellId: fc.constantFrom(-1, 5, 6, 65_535, 70_000, 268_435_455),
  });
  const fields = (keys: string[], of: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.constantFrom(...keys), of, { maxKeys: 6 });
  const cell = fc.oneof(
    fc.tuple(good, fields([...names, ...more], int)).map(([a, b]) => ({ ...b, ...a })),
    fields([...names, ...more, 'radioType', 'radio', 'x'], some),
  );
  const heard = fc.record(
    {
      macAddress: fc.oneof(mac, some),
      signalStrength: some,
      age: some,
      ssid: fc.oneof(fc.string(), some, fc.constantFrom(' ', '  ', '""', '"x_nomap"', 'x_nomap ', ' x')),
      channel: some,
    },
    { requiredKeys: [] },
  );
  const plain = fc.record(
    { macAddress: mac, signalStrength: fc.integer({ min: -130, max: 0 }) },
    { requiredKeys: ['macAddress'] },
  );
  const list = <T>(of: fc.Arbitrary<T>) => fc.oneof({ weight: 6, arbitrary: fc.array(of, { maxLength: 12 }) }, some);
  const body = fc.record(
    {
      considerIp: fc.oneof(fc.boolean(), some),
      considerIP: fc.oneof(fc.boolean(), some),
      homeMobileCountryCode: some,
      carrier: some,
      radioType: radio,
      wifiAccessPoints: list(fc.oneof({ weight: 5, arbitrary: plain }, heard)),
      bluetoothBeacons: list(fc.oneof({ weight: 5, arbitrary: plain }, heard)),
      cellTowers: list(cell),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const sure = fc.record(
    {
      considerIp: fc.boolean(),
      homeMobileCountryCode: fc.nat(1100),
      wifiAccessPoints: fc.array(plain, { maxLength: 12 }),
      bluetoothBeacons: fc.array(plain, { maxLength: 3 }),
      cellTowers: fc.array(good, { maxLength: 4 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const space = fc.constantFrom(undefined, 0, 1, '\t', '\r\n');
  return fc.tuple(fc.oneof(sure, body), space, fc.boolean()).map(([value, indent, turned]) => {
    const entries = Object.entries(value as object);
    return JSON.stringify(Object.fromEntries(turned ? entries.reverse() : entries), null, indent as number);
  });
})();

test('whatever the short way accepts, it reads as the long way does; and it accepts most of what is plain', () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyBody, (body) => {
      if (scan(body)) accepted++;
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

test('no byte changed, cut or added makes it accept what the long way refuses or reads otherwise', () => {
  fc.assert(
    fc.property(anyBody, fc.nat(), fc.nat(255), fc.nat(2), (body, place, byte, what) => {
      const bytes = Buffer.from(body);
      const at = place % bytes.length;
      if (what === 0) bytes[at] = byte;
      const changed =
        what === 1
          ? bytes.subarray(0, at)
          : what === 2
            ? Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)])
            : bytes;
      scan(changed);
    }),
    { numRuns: 2_000 },
  );
});

import { expect, test } from 'vitest';
import { countryAt, countryNamed, countryRadiusM } from '../../src/positioning/borders.ts';
import { createScene, heard, macOf, trusted } from './scene.ts';

test.each([
  [52.52, 13.4, 'DE'],
  [43.73, 7.42, 'MC'],
  [42.66, 21.16, 'XK'],
  [13.44, 144.79, 'GU'],
  [22.3, 114.17, 'HK'],
  [35.89, -5.31, 'ES'],
  [35.28, 33.5, 'CY'],
  [35.13, 33.36, 'CY'],
  [78.22, 15.65, 'SJ'],
  [-16.5, 180, 'FJ'],
  [-16.5, -180, 'FJ'],
])('at %d, %d is %s', (lat, lon, code) => {
  expect(countryAt(lat, lon)?.code).toBe(code);
});

test('the high seas are no country, nor is a word that is no code', () => {
  expect(countryAt(40, -40)).toBeNull();
  expect([undefined, '', 'QQ', 'deu', 'EU2'].map(countryNamed)).toEqual(Array(5).fill(null));
  expect(countryNamed('GB')).toEqual({ code: 'GB', name: 'United Kingdom' });
  // Short names, not those of the states.
  expect(['NL', 'DK', 'CN', 'JE', 'XK'].map((code) => countryNamed(code)?.name)).toEqual([
    'Netherlands',
    'Denmark',
    'China',
    'Jersey',
    'Kosovo',
  ]);
});

test.each([
  ['LU', 30, 70],
  ['NL', 100, 250],
  ['US', 1500, 3200],
  ['IN', 1200, 2200],
  ['FJ', 50, 900],
  ['', 5000, 5000],
])('%s reaches between %d and %d km from its middle', (code, min, max) => {
  expect(countryRadiusM(code) / 1000).toBeGreaterThanOrEqual(min);
  expect(countryRadiusM(code) / 1000).toBeLessThanOrEqual(max);
});

const cellOf = (mcc: number, cellId = 999, mnc = 1) => ({
  radioType: 'gsm',
  mobileCountryCode: mcc,
  mobileNetworkCode: mnc,
  locationAreaCode: 5,
  cellId,
});
const addressIn = (countryCode: string) =>
  createScene({ find: () => ({ lat: 0, lon: 0, accuracyM: 1e6, countryCode }) });

test('access points tell the country whatever the address says', () => {
  const scene = addressIn('FR');
  for (let i = 0; i < 3; i++) scene.wifi(macOf(i), trusted(i));
  const answer = scene.country({ wifiAccessPoints: [0, 1, 2].map((i) => heard(macOf(i), -50)) }, '8.8.8.8');
  expect(answer).toEqual({ code: 'DE', name: 'Germany', fallback: '' });
});

test('an unknown cell tells by its network code', () => {
  expect(createScene().country({ cellTowers: [cellOf(404)] })).toMatchObject({ code: 'IN', fallback: '' });
  expect(createScene().country({ cellTowers: [cellOf(901)] })).toBeNull();
});

/** What networks alone tell, by their MCC and MNC. */
const heardOf = (...networks: readonly (readonly [mcc: number, mnc: number])[]) =>
  createScene().country({ cellTowers: networks.map(([mcc, mnc], i) => cellOf(mcc, 999 + i, mnc)) })?.code;

test("a network that is listed with one country is that country's, whoever else shares its MCC", () => {
  expect([heardOf([310, 59]), heardOf([425, 6]), heardOf([425, 1]), heardOf([338, 180])]).toEqual([
    'BM',
    'IL',
    'IL',
    'JM',
  ]);
  expect(addressIn('GG').country({ cellTowers: [cellOf(234, 999, 10)] }, '8.8.8.8')).toMatchObject({ code: 'GB' });
});

test('a network of several countries is of the one whose MCC it mostly is, or whose territories the others are; else of none', () => {
  expect([heardOf([234, 55]), heardOf([310, 370]), heardOf([505, 1]), heardOf([234, 999])]).toEqual([
    'GB',
    'US',
    'AU',
    'GB',
  ]);
  for (const [mcc, mnc] of [
    [340, 1],
    [340, 777],
    [362, 51],
    [647, 10],
    [338, 50],
  ])
    expect(heardOf([mcc, mnc])).toBeUndefined();
  expect(addressIn('GP').country({ cellTowers: [cellOf(340)] }, '8.8.8.8')).toMatchObject({ code: 'GP', fallback: '' });
  expect(addressIn('FR').country({ cellTowers: [cellOf(340)] }, '8.8.8.8')).toBeNull();
});

test('of networks of two countries the one heard more tells, else the stronger', () => {
  expect(heardOf([262, 1], [228, 1], [228, 2])).toBe('CH');
  expect(heardOf([262, 1], [262, 2], [228, 1])).toBe('DE');
  const cellTowers = [
    { ...cellOf(228), signalStrength: -90 },
    { ...cellOf(262), signalStrength: -60 },
  ];
  expect(createScene().country({ cellTowers })).toMatchObject({ code: 'DE' });
});

test("a code of several countries is settled by the address, else by most networks' country", () => {
  expect(addressIn('GG').country({ cellTowers: [cellOf(234, 999, 55)] }, '8.8.8.8')).toMatchObject({
    code: 'GG',
    fallback: '',
  });
  expect(addressIn('CW').country({ cellTowers: [cellOf(362)] }, '8.8.8.8')).toMatchObject({ code: 'CW' });
  expect(addressIn('FR').country({ cellTowers: [cellOf(234)] }, '8.8.8.8')).toMatchObject({ code: 'GB' });
  expect(createScene().country({ cellTowers: [cellOf(310)] })).toMatchObject({ code: 'US' });
});

test("Monaco's network code in Kosovo is Kosovo, a border's spill-over is where it is heard, a record in a far country is wrong", () => {
  const scene = createScene();
  const put = (mcc: number, cellId: number, lat: number, lon: number) =>
    scene.stations.putCell(1, mcc, 1, 5, cellId, { ...trusted(0), lat, lon, radiusM: 1000 });
  put(212, 1, 42.66, 21.16);
  put(262, 2, 47.56, 7.6);
  put(262, 3, -33.9, 151.2);
  expect(scene.country({ cellTowers: [cellOf(212, 1)] })).toMatchObject({ code: 'XK' });
  expect(scene.country({ cellTowers: [cellOf(262, 2)] })).toMatchObject({ code: 'CH' });
  expect(scene.country({ cellTowers: [cellOf(262, 3)] })).toMatchObject({ code: 'DE' });
});

test('an area whose middle lies just across a border is where it is heard if it is narrow, and where its network is if it is wide', () => {
  const codeOf = (radiusM: number) => {
    const scene = createScene();
    scene.stations.putArea(1, 262, 1, 5, { lat: 47.45, lon: 7.6, radiusM, samples: 200, lastSeenDay: 0, flags: 1 });
    return scene.country({ cellTowers: [cellOf(262)] })?.code;
  };
  expect([codeOf(10_000), codeOf(60_000)]).toEqual(['CH', 'DE']);
});

test('a cell of a network that is of no country is where it stands', () => {
  const scene = createScene();
  scene.stations.putCell(1, 901, 1, 5, 7, { ...trusted(0), radiusM: 1000 });
  expect(scene.country({ cellTowers: [cellOf(901, 7)] })).toMatchObject({ code: 'DE', fallback: '' });
});

test("a cell that stands in a territory of its network's country is the territory's; in Northern Cyprus Turkey's are Cyprus's", () => {
  const scene = createScene();
  const put = (mcc: number, cellId: number, lat: number, lon: number) =>
    scene.stations.putCell(1, mcc, 1, 5, cellId, { ...trusted(0), lat, lon, radiusM: 1000 });
  put(242, 1, 78.22, 15.65);
  put(244, 2, 60.1, 19.95);
  put(208, 3, 16.24, -61.53);
  put(286, 4, 35.28, 33.5);
  const codes = [cellOf(242, 1), cellOf(244, 2), cellOf(208, 3), cellOf(286, 4)].map(
    (cell) => scene.country({ cellTowers: [cell] })?.code,
  );
  expect(codes).toEqual(['SJ', 'AX', 'GP', 'CY']);
  expect(heardOf([286, 1])).toBe('TR');
});

test('the address alone tells, and says so; where the SIM is from does not', () => {
  expect(addressIn('KE').country({}, '8.8.8.8')).toEqual({ code: 'KE', name: 'Kenya', fallback: 'ipf' });
  expect(addressIn('KE').country({ considerIp: false }, '8.8.8.8')).toBeNull();
  expect(createScene().country({ homeMobileCountryCode: 262 })).toBeNull();
});

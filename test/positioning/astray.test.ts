// Cells whose record stands far from their own location area: the record is wrong, and a phone hears the cell where the area is.
import { expect, test } from 'vitest';
import { at, createScene, heard, lteCell, macOf, trusted } from './scene.ts';

const PARIS = { lat: 48.8566, lon: 2.3522 };
const LIEGE = { lat: 50.63, lon: 5.57 };
const paris = (eastM = 0) => ({ ...trusted(0), ...at(eastM, 0, PARIS), radiusM: 1500 });
const area = { ...LIEGE, radiusM: 15_000, samples: 200 };
const belgian = (cellId: number, fields = {}) =>
  lteCell(cellId, { mobileCountryCode: 206, mobileNetworkCode: 10, locationAreaCode: 11_200, ...fields });
const byAddress = { lat: 50, lon: 8, accuracyM: 50_000, countryCode: 'DE' };

/** Cell 257 and its mast's 258 stand in Paris, 513 beside them; their area is Liège's. `asked` counts look-ups of areas. */
function createBelgium(areaFields = {}) {
  const scene = createScene({ find: () => byAddress });
  const put = (cellId: number, eastM: number) => scene.stations.putCell(3, 206, 10, 11_200, cellId, paris(eastM));
  put(257, 0);
  put(513, 400);
  scene.stations.putArea(3, 206, 10, 11_200, { ...area, ...areaFields });
  const counter = { asked: 0 };
  const { findArea } = scene.stations;
  scene.stations.findArea = (...args) => {
    counter.asked++;
    return findArea(...args);
  };
  return { scene, counter, put };
}

test('a cell far from its own area is not believed: the area answers, if the phone wants areas, else the address', () => {
  const { scene } = createBelgium();
  const body = { cellTowers: [belgian(257)] };
  expect(scene.locate(body)).toMatchObject({ ...LIEGE, source: 'area', fallback: 'lacf' });
  expect(scene.country(body)!.code).toBe('BE');
  expect(scene.locate({ ...body, fallbacks: { lacf: false } }, '8.8.8.8')).toMatchObject({ fallback: 'ipf' });
  expect(scene.locate({ ...body, fallbacks: { lacf: false } })).toBeNull();
  // Nor if it tells no area but is found under its neighbour's.
  const borrowed = [belgian(257, { locationAreaCode: -1 }), belgian(-1)];
  expect(scene.locate({ cellTowers: borrowed })).toMatchObject(LIEGE);
});

test.each([
  ['nobody but it and one other made the area', { samples: 2 }],
  ['their circles meet', { radiusM: 300_000 }],
  ['the area is where it is', PARIS],
])('a cell is believed, whatever its area, if %s', (_why, fields) => {
  const { scene, counter } = createBelgium(fields);
  expect(scene.locate({ cellTowers: [belgian(257)] })).toMatchObject({ ...PARIS, source: 'cell', fallback: '' });
  expect(counter.asked).toBe(1);
});

test('two cells that agree are believed, and nobody asks after their area', () => {
  const { scene, counter } = createBelgium();
  expect(scene.locate({ cellTowers: [belgian(257), belgian(513)] })).toMatchObject({ source: 'cell', fallback: '' });
  expect(counter.asked).toBe(0);
});

test('one that no other cell agrees with is as good as alone', () => {
  const { scene } = createBelgium();
  scene.lte(9, trusted(0, 0, { samples: 1 }));
  expect(scene.locate({ cellTowers: [belgian(257, { serving: 1 }), lteCell(9)] })).toMatchObject(LIEGE);
});

test('beside one that is not believed, a cell where the area is answers, not all of the area', () => {
  const { scene, counter } = createBelgium();
  scene.stations.putCell(3, 206, 10, 11_200, 1025, { ...trusted(0), ...LIEGE, radiusM: 1500 });
  scene.stations.putCell(2, 206, 20, 7, 99, { ...trusted(0), ...LIEGE, radiusM: 1500 });
  const otherSim = { ...belgian(99), radioType: 'wcdma', mobileNetworkCode: 20, locationAreaCode: 7 };
  const alone = scene.locate({ cellTowers: [belgian(1025)] })!;
  expect(alone.accuracyM).toBeLessThan(5000);
  expect(scene.locate({ cellTowers: [belgian(257, { serving: 1 }), belgian(1025)] })).toEqual(alone);
  expect(scene.locate({ cellTowers: [belgian(257, { serving: 1 }), otherSim] })).toMatchObject({
    ...LIEGE,
    fallback: '',
  });
  // No phone inherits what another was not believed.
  scene.stations.findArea = () => false;
  expect(scene.locate({ cellTowers: [belgian(257)] })).toMatchObject(PARIS);
  expect(counter.asked).toBeGreaterThan(0);
});

test('a cell that is not believed is no witness against access points where the area is either', () => {
  const { scene } = createBelgium();
  const put = (n: number, corner: typeof PARIS) =>
    scene.wifi(macOf(n), { ...trusted(0), ...at(n * 10, 0, corner), radiusM: 60 });
  for (const n of [1, 2, 3]) put(n, LIEGE);
  for (const n of [4, 5]) put(n, PARIS);
  const wifiAccessPoints = [1, 2, 3, 4, 5].map((n) => heard(macOf(n), -60));
  const byWifi = scene.locate({ wifiAccessPoints })!;
  expect(byWifi.lat).toBeCloseTo(LIEGE.lat, 2);
  expect(scene.locate({ wifiAccessPoints, cellTowers: [belgian(257)] })).toEqual(byWifi);
});

test('of several that are not believed each is left out', () => {
  const { scene, put } = createBelgium();
  put(2049, 100_000);
  const strays = [belgian(257, { serving: 1 }), belgian(2049)];
  expect(scene.locate({ cellTowers: strays })).toMatchObject({ ...LIEGE, fallback: 'lacf' });
  expect(scene.locate({ cellTowers: strays, fallbacks: { lacf: false } })).toBeNull();
  for (const cellId of [1, 4097]) {
    scene.stations.putCell(3, 206, 10, 11_200, cellId, { ...trusted(0), ...LIEGE, radiusM: 1500 });
    expect(scene.locate({ cellTowers: [...strays, belgian(cellId)] })).toMatchObject({ ...LIEGE, fallback: '' });
  }
});

test('a cell that stands elsewhere makes no circle narrower', () => {
  const scene = createScene();
  const cell = trusted(0, 0, { radiusM: 800 });
  scene.lte(257, cell);
  scene.lte(513, { ...cell, ...LIEGE });
  const body = { cellTowers: [lteCell(257, { serving: 1 })] };
  const alone = scene.locate(body)!;
  const contradicted = scene.locate({ cellTowers: [...body.cellTowers, lteCell(513)] })!;
  expect(contradicted.lat).toBeCloseTo(alone.lat, 6);
  expect(contradicted.accuracyM).toBeGreaterThanOrEqual(alone.accuracyM);
});

test('access points or a fix where the cell is say that the area is wrong', () => {
  const { scene, counter } = createBelgium();
  for (let i = 0; i < 3; i++) scene.wifi(macOf(i), { ...paris(i * 10), radiusM: 60 });
  const cellTowers = [belgian(257)];
  const wifiAccessPoints = [0, 1, 2].map((i) => heard(macOf(i), -60));
  const position = { latitude: PARIS.lat, longitude: PARIS.lon, accuracy: 10 };
  for (const more of [{ wifiAccessPoints }, { position }])
    expect(scene.locate({ cellTowers, ...more })).toMatchObject({ fallback: '' });
  expect(counter.asked).toBe(0);
  // And where they contradict it, it is not heard at all.
  const there = { latitude: LIEGE.lat, longitude: LIEGE.lon, accuracy: 10, age: 1_800_000 };
  expect(scene.locate({ cellTowers, position: there })).toMatchObject({ source: 'gps' });
});

test('a lone sibling of an unknown cell is not believed far from their area, several are', () => {
  const { scene, put } = createBelgium();
  const ask = () => scene.locate({ cellTowers: [belgian(259)] })!;
  expect(ask()).toMatchObject({ ...LIEGE, source: 'area' });
  put(258, 0);
  expect(ask()).toMatchObject({ ...PARIS, source: 'area', fallback: 'lacf' });
});

test('where a cell is not believed, the mast that another phone was answered by is not either', () => {
  const { scene } = createBelgium();
  for (const sector of [1, 2]) scene.lte(0x5_00 + sector, trusted(0, 0, { radiusM: 800 }));
  expect(scene.locate({ cellTowers: [lteCell(0x5_03)] })).toMatchObject({ source: 'area', fallback: 'lacf' });
  expect(scene.locate({ cellTowers: [belgian(257)] })).toMatchObject(LIEGE);
});

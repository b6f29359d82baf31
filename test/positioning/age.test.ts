// What a phone heard a while ago tells where it was: wider, less believed, and nothing where something heard now says otherwise.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { ANY_AGE_MS, ageSource, momentUntilMs } from '../../src/positioning/age.ts';
import { createSource } from '../../src/positioning/source.ts';
import { at, CORNER, createScene, heard, lteCell, macOf, trusted } from './scene.ts';

const FIFTY_MINUTES = 3_000_000;
const HOUR_MS = 3_600_000;
const PARIS = { lat: 48.8566, lon: 2.3522 };
const DELHI = { lat: 28.61, lon: 77.21 };
const byAddress = { lat: 50, lon: 8, accuracyM: 50_000, countryCode: 'DE' };

/** Access points 0-4 in Berlin, 10-12 in Paris; French cell 7 in Paris; Berlin's cell 1, Delhi's 256 and 257. */
function createWorld() {
  const scene = createScene({ find: () => byAddress });
  for (let i = 0; i < 5; i++) scene.wifi(macOf(i), trusted(i * 10));
  for (let i = 10; i < 13; i++) scene.wifi(macOf(i), { ...trusted(0), ...at(i * 10, 0, PARIS) });
  for (let i = 20; i < 148; i++) scene.wifi(macOf(i), trusted(i));
  scene.lte(1, trusted(0, 0, { radiusM: 1500 }));
  for (let i = 0; i < 30; i++) scene.lte(256 + i, { ...trusted(0), ...at(i * 100, 0, DELHI), radiusM: 1500 });
  scene.stations.putCell(3, 208, 1, 9, 7, { ...trusted(0), ...PARIS, radiusM: 1500 });
  return scene;
}
const wifi = (from: number, to: number, age?: number) =>
  Array.from({ length: to - from }, (_, i) => ({ ...heard(macOf(from + i), -60 - i), age }));
const near = (answer: { lat: number; lon: number } | null, place: { lat: number; lon: number }) =>
  answer === null ? Number.NaN : distanceM(answer.lat, answer.lon, place.lat, place.lon);

test('a fix of now wins over access points of before the journey, however many', () => {
  const scene = createWorld();
  const position = { latitude: PARIS.lat, longitude: PARIS.lon, accuracy: 10, age: 0 };
  for (const to of [5, 148]) {
    const wifiAccessPoints = wifi(to === 5 ? 0 : 20, to, FIFTY_MINUTES);
    expect(scene.locate({ wifiAccessPoints, position })).toMatchObject({ ...PARIS, source: 'gps' });
  }
});

test('access points heard now win over as many as may be of before the journey', () => {
  const scene = createWorld();
  for (const old of [wifi(0, 5, FIFTY_MINUTES), wifi(20, 130, 120_000)]) {
    const answer = scene.locate({ wifiAccessPoints: [...old, ...wifi(10, 13, 0)] })!;
    expect(answer).toEqual(scene.locate({ wifiAccessPoints: wifi(10, 13) }));
    expect(near(answer, PARIS)).toBeLessThan(200);
  }
});

test('a cell heard now wins over cells, access points and the network of before the journey', () => {
  const scene = createWorld();
  const now = lteCell(1, { age: 0, serving: 1 });
  const cellTowers = [now, ...Array.from({ length: 30 }, (_, i) => lteCell(256 + i, { age: FIFTY_MINUTES }))];
  expect(scene.locate({ cellTowers })).toEqual(scene.locate({ cellTowers: [now] }));
  const french = lteCell(7, { mobileCountryCode: 208, locationAreaCode: 9 });
  const body = { cellTowers: [french], wifiAccessPoints: wifi(20, 148, FIFTY_MINUTES) };
  expect(scene.locate(body)).toMatchObject({ ...PARIS, source: 'cell' });
  expect(scene.country(body)!.code).toBe('FR');
  const moved = [french, lteCell(1, { age: FIFTY_MINUTES }), lteCell(998, { age: FIFTY_MINUTES })];
  expect(scene.country({ cellTowers: moved })!.code).toBe('FR');
  // An unknown one still names its country.
  const abroad = { mobileCountryCode: 208, locationAreaCode: 10 };
  const unknown = { cellTowers: [lteCell(999, abroad)], wifiAccessPoints: wifi(0, 5, FIFTY_MINUTES) };
  expect(scene.country(unknown)!.code).toBe('FR');
  expect(scene.country({ ...unknown, cellTowers: [lteCell(999, { ...abroad, age: FIFTY_MINUTES })] })!.code).toBe('DE');
});

test('cells of a few minutes ago lose against one of now, and help where it is unknown', () => {
  const scene = createWorld();
  const old = [256, 257].map((id) => lteCell(id, { age: 590_000 }));
  expect(near(scene.locate({ cellTowers: [lteCell(1), ...old] }), CORNER)).toBeLessThan(1);
  const answer = scene.locate({
    cellTowers: [lteCell(999), ...[256, 257].map((id) => lteCell(id, { age: HOUR_MS }))],
  })!;
  expect(near(answer, DELHI)).toBeLessThan(200);
  expect(answer.accuracyM).toBeGreaterThan(14_400);
});

test('a scan that is old altogether answers, as much wider as a fix of its age', () => {
  const scene = createWorld();
  for (const list of ['wifiAccessPoints', 'cellTowers']) {
    const ask = (age: number) =>
      scene.locate({ [list]: list === 'cellTowers' ? [lteCell(1, { age })] : wifi(0, 5, age) })!;
    const now = ask(0);
    for (const age of [3000, 10_000, FIFTY_MINUTES, -FIFTY_MINUTES, 3 * HOUR_MS]) {
      const then = ask(age);
      expect([then.lat, then.lon, then.source]).toEqual([now.lat, now.lon, now.source]);
      expect(then.accuracyM).toBeCloseTo(now.accuracyM + (4 * (Math.abs(age) - 2000)) / 1000, 3);
    }
  }
});

test('what is wide only by its age answers nothing; what is older than a day was not so old', () => {
  const scene = createWorld();
  const ask = (age: number) =>
    scene.locate({ wifiAccessPoints: wifi(0, 5, age), cellTowers: [lteCell(1, { age })] }, '8.8.8.8')!;
  for (const age of [4 * HOUR_MS, 86_400_000]) expect(ask(age)).toMatchObject({ source: 'ip', fallback: 'ipf' });
  for (const age of [86_400_001, 1_780_000_000_000]) expect(ask(age)).toEqual(ask(0));
});

test('masts and areas of cells heard now come before those of old ones, which are wider', () => {
  const scene = createScene();
  const old = lteCell(0x5_03, { age: FIFTY_MINUTES });
  scene.lte(0x5_01, trusted(0, 0, { radiusM: 800 }));
  const site = scene.locate({ cellTowers: [lteCell(0x5_03)] })!;
  expect(scene.locate({ cellTowers: [old] })!.accuracyM).toBeCloseTo(site.accuracyM + 11_992, 0);
  scene.stations.putArea(3, 262, 1, 200, { ...PARIS, radiusM: 9000, samples: 200 });
  scene.stations.putArea(3, 262, 1, 300, { ...DELHI, radiusM: 1000, samples: 200 });
  const area = (locationAreaCode: number, age = 0) => lteCell(0x9_03, { locationAreaCode, age });
  expect(scene.locate({ cellTowers: [area(200), area(300, FIFTY_MINUTES)] })).toMatchObject(PARIS);
  expect(scene.locate({ cellTowers: [area(200), area(300)] })).toMatchObject(DELHI);
  expect(scene.locate({ cellTowers: [area(400), area(300, FIFTY_MINUTES)] })).toMatchObject(DELHI);
  expect(scene.locate({ cellTowers: [area(300, 10 * HOUR_MS)] })).toBeNull();
  scene.lte(0xa_01, { ...trusted(0), ...DELHI });
  expect(near(scene.locate({ cellTowers: [lteCell(0xa_03), old] }), DELHI)).toBeLessThan(1);
  expect(near(scene.locate({ cellTowers: [{ ...old, serving: 1 }, lteCell(0xa_03)] }), DELHI)).toBeLessThan(1);
});

test('an old scan is overruled, as an old fix is, by the area of a cell heard now', () => {
  const scene = createWorld();
  scene.stations.putArea(3, 208, 1, 10, { ...PARIS, radiusM: 9000, samples: 200 });
  const unknown = lteCell(999, { mobileCountryCode: 208, locationAreaCode: 10 });
  const body = { cellTowers: [unknown], wifiAccessPoints: wifi(0, 5, FIFTY_MINUTES) };
  expect(scene.locate(body)).toMatchObject({ ...PARIS, fallback: 'lacf' });
  const asOld = { ...body, cellTowers: [{ ...unknown, age: FIFTY_MINUTES }] };
  expect(scene.locate(asOld)).toMatchObject({ source: 'wifi' });
});

test('invented ages move no answer of two devices: they only say which of a list counts', () => {
  const age = fc.constantFrom(0, 1000, 30_000, 70_000, 400_000, FIFTY_MINUTES, 10 * HOUR_MS);
  fc.assert(
    fc.property(fc.array(age, { minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 499 }), (ages, east) => {
      const scene = createScene();
      const macs = ['a0b1c2000010', 'a0b1c2000012', macOf(1), macOf(2)];
      const put = [trusted(0), trusted(3), trusted(east), trusted(20_000)];
      macs.forEach((mac, i) => void scene.wifi(mac, { ...put[i], radiusM: 5 }));
      const ask = (list: readonly string[], aged: boolean) =>
        scene.locate({
          wifiAccessPoints: list.map((mac) => ({ ...heard(mac), age: aged ? ages[macs.indexOf(mac)] : 0 })),
        });
      const answer = ask(macs, true);
      if (answer === null) return;
      const { lat, lon } = answer;
      // Any answer is one that a list without ages gets: of all, or of some that were left.
      const lists = Array.from({ length: 16 }, (_, kept) => macs.filter((_, i) => (kept >> i) & 1));
      const same = lists.some((list) => {
        const plain = ask(list, false);
        return plain !== null && plain.lat === lat && plain.lon === lon && plain.accuracyM <= answer.accuracyM;
      });
      expect(same).toBe(true);
      expect(answer.accuracyM).toBeGreaterThanOrEqual(100);
    }),
    { numRuns: 500 },
  );
});

test('of a list as much of the past is asked as holds two devices, and no more', () => {
  const scene = createScene();
  const pair = [macOf(0), macOf(1)];
  pair.forEach((mac, i) => void scene.wifi(mac, trusted(40 * i)));
  const crowd = [macOf(2), macOf(3), macOf(4)];
  crowd.forEach((mac, i) => void scene.wifi(mac, trusted(200 + 30 * i)));
  const aged = (macs: readonly string[], age: number) => macs.map((mac) => ({ ...heard(mac), age }));
  const ofTwo = scene.locate({ wifiAccessPoints: aged(pair, 0) });
  expect(ofTwo).not.toBeNull();
  expect(scene.locate({ wifiAccessPoints: [...aged(pair, 0), ...aged(crowd, 70_000)] })).toEqual(ofTwo);
  // One alone says nothing, so that the past is asked, eight moments of it, and not yet the crowd's hour.
  const [first, second] = pair;
  const wifiAccessPoints = [...aged([first], 0), ...aged([second], 400_000), ...aged(crowd, FIFTY_MINUTES)];
  const { lat, lon } = scene.locate({ wifiAccessPoints })!;
  expect([lat, lon]).toEqual([ofTwo!.lat, ofTwo!.lon]);
});

test('ages do not ask after more blocks of a city than one list without them may', () => {
  const scene = createScene();
  for (let block = 0; block < 40; block++)
    for (let n = 0; n < 3; n++) scene.wifi(macOf(3 * block + n), trusted(1200 * block + 20 * n));
  scene.wifi('a0b1c2000010', trusted(39 * 1200 + 30));
  // Four nested moments: the target with three blocks, then with ever more of one more block each.
  const moments = [
    ['a0b1c2000010', macOf(0), macOf(3), macOf(6)],
    [macOf(9), macOf(10)],
    [macOf(117), macOf(118), macOf(119), macOf(12), macOf(13)],
  ];
  const wifiAccessPoints = moments.flatMap((macs, m) =>
    macs.map((mac) => ({ ...heard(mac, -60), age: [0, 400_000, FIFTY_MINUTES][m] })),
  );
  expect(scene.locate({ wifiAccessPoints })).toBeNull();
});

test('a moment is as long as its source says, and all is one if nothing is older', () => {
  const ages = Float64Array.of(5000, 400, 60_000, 90_000);
  expect(momentUntilMs(ages, 3, 60_000)).toBe(ANY_AGE_MS);
  expect(momentUntilMs(ages, 4, 60_000)).toBe(60_400);
  expect(momentUntilMs(ages, 0, 60_000)).toBe(ANY_AGE_MS);
});

test('a crowd of old readings is believed no more than a fix as old, a single one less and less', () => {
  const trustAfter = (trust: number, ageMs: number) => {
    const into = { ...createSource(), found: true, accuracyM: 50, trust };
    ageSource(into, ageMs);
    return into.trust;
  };
  expect(trustAfter(40, 0)).toBe(40);
  expect(trustAfter(40, 3000)).toBeGreaterThan(30);
  for (const ageMs of [300_000, FIFTY_MINUTES]) expect(trustAfter(1000, ageMs)).toBeLessThan((2.5 * 300_000) / ageMs);
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.nat(86_400_000), (trust, ageMs) => {
      expect(trustAfter(trust, ageMs + 1000)).toBeLessThan(trustAfter(trust, ageMs));
    }),
  );
});

test.each([
  ['a narrow circle lasts until it is fifty kilometres wide', 100, 12_475_000],
  ['one that was wider to begin with until it is twice as wide', 60_000, 15_000_000],
])('with age %s', (_, accuracyM, lastMs) => {
  const isFoundAfter = (ageMs: number) => {
    const into = { ...createSource(), found: true, accuracyM, trust: 1 };
    ageSource(into, ageMs);
    return into.found;
  };
  expect([lastMs / 2, lastMs, lastMs + 1].map(isFoundAfter)).toEqual([true, true, false]);
});

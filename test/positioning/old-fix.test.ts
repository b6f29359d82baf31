// A fix tells where the phone was. What that is worth after minutes and hours, beside what the phone hears now.
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { locateByFix } from '../../src/positioning/gps.ts';
import { createSource } from '../../src/positioning/source.ts';
import { createScene, lteCell, trusted } from './scene.ts';

const LONDON = { lat: 51.5, lon: -0.12 };
const LILLE = { lat: 50.63, lon: 3.06 };
const HOUR_MS = 3_600_000;
const byAddress = { lat: 50, lon: 8, accuracyM: 50_000, countryCode: 'DE' };
const fixAt = ({ lat, lon }: typeof LONDON, fields: object) => ({ latitude: lat, longitude: lon, ...fields });
/** An unknown cell of a known French area. */
const frenchCell = lteCell(999, { mobileCountryCode: 208, locationAreaCode: 1729 });

function createFrance(radiusM = 20_000) {
  const scene = createScene({ find: () => byAddress });
  scene.stations.putArea(3, 208, 1, 1729, { ...LILLE, radiusM, samples: 200 });
  return scene;
}

test('an area heard now overrules a fix of hours ago that contradicts it, unless the phone wants no areas', () => {
  const scene = createFrance();
  const ask = (age: number, fallbacks = {}) =>
    scene.locate({ position: fixAt(LONDON, { accuracy: 12, age }), cellTowers: [frenchCell], fallbacks })!;
  expect(ask(3 * HOUR_MS)).toMatchObject({ ...LILLE, source: 'area', fallback: 'lacf' });
  expect(ask(600_000)).toMatchObject({ ...LILLE, source: 'area' });
  expect(ask(3 * HOUR_MS, { lacf: false })).toMatchObject({ ...LONDON, source: 'gps', fallback: '' });
  // A fix of now needs no second witness, nor does one of the last minutes.
  for (const age of [0, 240_000]) expect(ask(age)).toMatchObject({ ...LONDON, source: 'gps', fallback: '' });
});

test('an area that holds the old fix is answered only if it is the narrower', () => {
  const ask = (age: number) =>
    createFrance().locate({ position: fixAt(LILLE, { accuracy: 12, age }), cellTowers: [frenchCell] })!;
  expect(ask(HOUR_MS)).toMatchObject({ source: 'gps' });
  expect(ask(3 * HOUR_MS)).toMatchObject({ source: 'area', fallback: 'lacf' });
  expect(ask(3 * HOUR_MS).accuracyM).toBeLessThan(25_000);
});

test('the mast of an unknown cell overrules an old fix too', () => {
  const scene = createFrance();
  for (const sector of [1, 2]) scene.lte(0x5_00 + sector, trusted(0, 0, { radiusM: 800 }));
  const answer = scene.locate({ position: fixAt(LONDON, { age: HOUR_MS }), cellTowers: [lteCell(0x5_03)] })!;
  expect(answer).toMatchObject({ source: 'area', fallback: 'lacf' });
  expect(distanceM(answer.lat, answer.lon, LONDON.lat, LONDON.lon)).toBeGreaterThan(900_000);
});

test('a fix that may be anywhere in a region is none: area and address are asked as if it had not been sent', () => {
  const scene = createFrance();
  const stale = fixAt(LONDON, { accuracy: 12, age: 20 * HOUR_MS });
  expect(scene.locate({ position: stale, cellTowers: [frenchCell] })).toMatchObject({ ...LILLE, source: 'area' });
  expect(scene.locate({ position: stale }, '8.8.8.8')).toMatchObject({ source: 'ip', fallback: 'ipf' });
  expect(scene.locate({ position: stale, considerIp: false }, '8.8.8.8')).toBeNull();
  for (const fields of [
    { age: 86_400_000, speed: 300 },
    { accuracy: 800_000, age: 0 },
  ])
    expect(scene.locate({ position: { latitude: 48.1, longitude: 11.5, ...fields } })).toBeNull();
});

test('a fix is none from fifty kilometres on', () => {
  const into = createSource();
  const fix = { present: true, ...LONDON, accuracyM: 0, speedMps: 10 };
  locateByFix({ ...fix, ageMs: 4_989_000 }, into);
  expect(into).toMatchObject({ found: true, accuracyM: 49_990 });
  locateByFix({ ...fix, ageMs: 4_991_000 }, into);
  expect(into.found).toBe(false);
});

test('the country is that of the network heard now, not of an old fix far from it', () => {
  const unknown = createScene();
  const ask = (position: object, mcc = 208) =>
    unknown.country({ position, cellTowers: [lteCell(999, { mobileCountryCode: mcc })] })!.code;
  for (const age of [600_000, 3 * HOUR_MS, 20 * HOUR_MS]) expect(ask(fixAt(LONDON, { accuracy: 12, age }))).toBe('FR');
  // A foreign network heard across the border does not move a phone there, nor anything one that knows where it is.
  expect(ask(fixAt({ lat: 49.2, lon: 7 }, { accuracy: 12, age: 600_000 }))).toBe('DE');
  expect(ask(fixAt(LONDON, { accuracy: 12, age: 60_000 }))).toBe('GB');
  expect(ask(fixAt(LONDON, { accuracy: 12, age: 3 * HOUR_MS }), 234)).toBe('GB');
  // A "fix" as wide as a county is a network's guess.
  expect(ask(fixAt(LONDON, { accuracy: 20_000 }))).toBe('FR');
  const area = { position: fixAt(LONDON, { accuracy: 12, age: 3 * HOUR_MS }), cellTowers: [frenchCell] };
  expect(createFrance().country(area)!.code).toBe('FR');
});

// A rural cell: two who drive through it on a day meet in one village at most, and hear it 12 km from there.

import { describe, expect, it } from 'vitest';
import { foldStation } from '../../src/stations/fold.ts';
import type { HeardKind } from '../../src/stations/sighting.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { away, DAY_0, foldDays, HOME, sight } from './sightings.ts';

const later = (day: number) => DAY_0 + day * DAY_MS + 20 * HOUR_MS;
const passBy = (day: number, who: number, northM: number, eastM = 0) =>
  Array.from({ length: 5 }, (_, i) => sight(day, who, away(northM + 100 * i, eastM), { dbm: -95 }));
/** Two meet in the village, and drive on by roads of their own. */
const drives = (day: number) => [
  ...passBy(day, 1, 0),
  ...passBy(day, 2, 200),
  ...[4, 8, 12].flatMap((km) => [...passBy(day, 1, 1_000 * km), ...passBy(day, 2, 0, 1_000 * km)]),
];
const village = [0, 1, 2].map((day) => [...passBy(day, 1, 0), ...passBy(day, 2, 200)]);
const radiusOf = (kind: HeardKind, days: ReturnType<typeof drives>[]) => foldDays(kind, days).believed.radiusM ?? 0;

describe('a cell that two hear far from where they met', () => {
  it('is as wide as it is heard, from its second day on', () => {
    const days = [0, 1, 2].map(drives);
    expect(radiusOf('cell', days.slice(0, 2))).toBeGreaterThan(11_000);
    expect(radiusOf('cell', days)).toBeGreaterThan(11_000);
    expect(radiusOf('cell', [days.flat()])).toBeGreaterThan(11_000);
    expect(radiusOf('cell', days)).toBeLessThan(16_000);
  });

  it('is so wherever on its ground they were on each of the two days, and its parts are', () => {
    const drive = (day: number, km: number) => [
      ...[1, 2].flatMap((who) => passBy(day, who, 0)),
      ...[...passBy(day, 1, 1_000 * km), ...passBy(day, 2, 0, 1_000 * km)],
    ];
    for (const kind of ['cell', 'part'] as const) {
      expect(radiusOf(kind, [drive(0, 12), drive(1, 8)])).toBeGreaterThan(11_000);
      expect(radiusOf(kind, [drive(0, 12), drive(1, 0)])).toBeLessThan(3_000);
    }
  });

  it('stays where they met: far ground moves nothing', () => {
    const [met, drove] = [village, [0, 1, 2].map(drives)].map((days) => foldDays('cell', days).believed);
    expect(drove.lat).toBeCloseTo(met.lat ?? Number.NaN, 2);
    expect(drove.lon).toBeCloseTo(met.lon ?? Number.NaN, 2);
    expect(drove.samples).toBe(met.samples);
  });

  it('does not answer for it if they never met', () => {
    const apart = [0, 1, 2].map((day) => [
      ...passBy(day, 1, 9_000 + 500 * day),
      ...passBy(day, 2, 0, 9_000 - 500 * day),
    ]);
    expect(foldDays('cell', apart).believed.lat).toBeNull();
  });

  it('says nothing of access points', () => {
    const walks = [0, 1, 2].map((day) => [
      ...[1, 2].flatMap((who) => [0, 1, 2].map((i) => sight(day, who, away(5 * i)))),
      sight(day, 1, away(400)),
      sight(day, 2, away(-400)),
    ]);
    expect(radiusOf('wifi', walks)).toBeLessThan(50);
  });
});

describe('a cell that one alone reports far away', () => {
  it('is no wider, whatever they report on however many days', () => {
    const known = foldDays('cell', village);
    let station = known;
    for (let day = 3; day < 30; day++) {
      const lies = Array.from({ length: 60 }, (_, i) => sight(day, 100 + day, away(300 * i + 5_000, 200 * i)));
      station = foldStation('cell', station, lies, later(day));
    }
    // Coarser tiles, for the sake of so many places, blur home a little.
    expect(station.believed.radiusM).toBeLessThan(2 * (known.believed.radiusM ?? 0));
    expect(station.believed.lat).toBeCloseTo(HOME.lat, 1);
  });

  it('is no wider when who reported it is forgotten', () => {
    const known = foldDays('cell', village);
    const lies = [3, 5].map((day) => passBy(day, 9, 20_000));
    const since = [7, 8, 9].map((day) => [...passBy(day, 1, 0), ...passBy(day, 2, 200)]);
    expect(radiusOf('cell', [...village, ...lies, ...since])).toBeLessThan(1.5 * (known.believed.radiusM ?? 0));
  });

  it.each([
    ['beside another who is out of its reach', 20_000, 100_000],
    ['beside another there, both out of its reach', 60_000, 70_000],
  ])('is no wider if they do so %s', (_, oneM, otherM) => {
    const known = foldDays('cell', village);
    const lies = [3, 5].map((day) => [...passBy(day, 8, oneM), ...passBy(day, 9, otherM)]);
    const since = passBy(7, 1, 0);
    expect(radiusOf('cell', [...village, ...lies, since])).toBeLessThan(1.5 * (known.believed.radiusM ?? 0));
  });

  it('is no wider for one day of two, and by a reach at most for any number of days', () => {
    const lies = (day: number) => Array.from({ length: 20 }, (_, i) => sight(day, 9, away(30_000 + 2_000 * i)));
    const known = foldDays('cell', village);
    const oneDay = foldDays('cell', [...village, [...passBy(3, 1, 0), ...lies(3)]]);
    expect(oneDay.believed.radiusM).toBeLessThan(1.5 * (known.believed.radiusM ?? 0));
    const many = foldDays('cell', [...village, ...[3, 4, 5, 6].map((day) => [...passBy(day, 1, 0), ...lies(day)])]);
    expect(many.believed.radiusM).toBeLessThan(37_000);
    expect(many.believed.blockCount).toBe(0);
  });
});

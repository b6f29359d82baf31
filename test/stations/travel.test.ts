// An access point that rides along is heard by one passenger here, by another there, and by two who meet in one station.

import { describe, expect, it } from 'vitest';
import { foldStation, type LearntStation } from '../../src/stations/fold.ts';
import type { Sighting } from '../../src/stations/sighting.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { away, DAY_0, foldDays, sight, walkBy } from './sightings.ts';

/** Day by day: who hears it where, metres along the line. */
function ride(days: readonly { [contributor: number]: readonly number[] }[]): Sighting[][] {
  return days.map((heard, day) =>
    Object.entries(heard).flatMap(([contributor, places]) =>
      places.map((alongM) => sight(day, Number(contributor), away(0, alongM))),
    ),
  );
}

const answers = ({ believed }: LearntStation) => believed.lat !== null;
/** Two who hear it at home on a day. */
const atHome = { 1: [0, 10, 20], 2: [5, 15] };

describe('a station that rides along', () => {
  it('does not answer with the station in which two passengers happened to meet', () => {
    const line = ride([
      { ...atHome, 3: [9_000, 11_000], 4: [31_000, 33_000] },
      { ...atHome, 3: [14_000, 16_000], 4: [41_000, 43_000] },
      { ...atHome, 3: [12_000, 18_000], 4: [47_000] },
    ]);
    expect(answers(foldDays('wifi', line))).toBe(false);
  });

  it('is told by three passengers of a day before anybody knows of a home', () => {
    const line = ride([
      { 3: [9_000], 4: [31_000], 5: [50_000] },
      { 3: [14_000], 4: [41_000], 5: [60_000] },
      { 3: [19_000], 4: [21_000], 5: [55_000] },
      atHome,
      atHome,
    ]);
    expect(answers(foldDays('wifi', line))).toBe(false);
  });

  it('is told in one batch as in many', () => {
    const line = ride([
      { ...atHome, 3: [9_000], 4: [31_000] },
      { ...atHome, 3: [14_000], 4: [41_000] },
      { ...atHome, 3: [12_000], 4: [47_000] },
    ]).flat();
    expect(answers(foldDays('wifi', [line]))).toBe(false);
  });
});

describe('a station that stands', () => {
  const twoDays = [
    [...walkBy(0, 1, away(0)), ...walkBy(0, 2, away(5))],
    [...walkBy(1, 1, away(0)), ...walkBy(1, 2, away(5))],
  ];

  it('is made no traveller by one who reports it all over the country, day by day, beside any who pass by', () => {
    let station = foldDays('wifi', twoDays);
    for (let day = 2; day < 40; day++) {
      const lies = Array.from({ length: 30 }, (_, i) => sight(day, 9, away(2_000 * i + 50 * day, 40_000)));
      const visits = day % 2 === 0 ? walkBy(day, 1, away(0)) : [];
      station = foldStation('wifi', station, [...lies, ...visits], DAY_0 + day * DAY_MS + 20 * HOUR_MS);
      expect(answers(station)).toBe(true);
    }
  });

  it('is made no traveller by one in 4 and one in 6, nor by passers-by whose networks are unknown', () => {
    const lies = [0, 2, 4].map((day) => [
      ...walkBy(day, 1, away(0)),
      ...walkBy(day, 2, away(5)),
      ...Array.from({ length: 10 }, (_, i) => sight(day, 9, away(3_000 * i, 30_000))),
      ...Array.from({ length: 10 }, (_, i) => sight(day, 2 ** 31 + 9, away(3_000 * i, -30_000))),
      ...Array.from({ length: 10 }, (_, i) => sight(day, 0, away(3_000 * i, 60_000))),
    ]);
    expect(answers(foldDays('wifi', lies))).toBe(true);
  });

  it.each([
    ['by one batch a day', 1],
    ['by a batch for each who comes, the liar first', 8],
  ])('is made no traveller by one who waits for passers-by whose fixes are wild: %s', (_, batches) => {
    let station = foldDays('wifi', twoDays);
    for (let day = 2; day < 30; day++) {
      const lies = Array.from({ length: 60 }, (_, i) =>
        sight(day, 9, away(0, 3_000 + (i % 4)), { dbm: -90, accuracyM: 30 }),
      );
      const wild = sight(day, 1 + (day % 4), away(700 + 40 * day));
      const visits = [1, 2, 3, 4].map((who) => (who === wild.contributor ? [wild] : walkBy(day, who, away(0))));
      const inOrder = [lies, [wild], ...visits];
      for (const batch of batches === 1 ? [inOrder.flat()] : inOrder) {
        station = foldStation('wifi', station, batch, DAY_0 + day * DAY_MS + 20 * HOUR_MS);
      }
      expect(answers(station)).toBe(true);
    }
  });

  it('is made none within a day by two, whatever they claim', () => {
    const lies = [9, 10].flatMap((who) =>
      Array.from({ length: 20 }, (_, i) => sight(2, who, away(3_000 * i, 30_000 * (who - 8)))),
    );
    expect(answers(foldDays('wifi', [...twoDays, lies]))).toBe(true);
  });

  it('stays where it is if fixes are wild now and then in a busy place', () => {
    const busy = Array.from({ length: 8 }, (_, day) => [
      ...[1, 2, 3, 4, 5, 6].flatMap((who) => walkBy(day, who, away(who), 10)),
      sight(day, 1, away(2_000 + 900 * day)),
      sight(day, 2, away(-3_000 - 700 * day)),
    ]);
    expect(answers(foldDays('wifi', busy))).toBe(true);
  });

  it('that was carried on a journey half a year ago answers where it stands since', () => {
    const journey = ride([
      { 3: [9_000], 4: [31_000], 5: [50_000] },
      { 3: [14_000], 4: [41_000], 5: [60_000] },
      { 3: [19_000], 4: [21_000], 5: [55_000] },
    ]);
    const since = [200, 201].map((day) => [...walkBy(day, 1, away(0)), ...walkBy(day, 2, away(5))]);
    expect(answers(foldDays('wifi', [...journey, ...since]))).toBe(true);
  });

  /** Two who hear it far from home and from each other on a day, and three who hear it at home after all. */
  const told = (day: number, times = 10) =>
    Array.from({ length: times }, (_, i) => [sight(day, 3, away(i, 9_000)), sight(day, 4, away(i, 31_000))]).flat();
  const untold = (day: number) => [1, 2, 5].flatMap((who) => walkBy(day, who, away(who)));

  const IPV6 = 2 ** 31;
  /** Day by day these are at home, and those far from it and from each other. */
  const split = (atHome: number[], elsewhere: number[]) =>
    [2, 4, 6].map((day) => [
      ...atHome.flatMap((who) => walkBy(day, who, away(who % 10), 4)),
      ...elsewhere.flatMap((who, i) => walkBy(day, who, away(0, 9_000 * (i + 1)), 8)),
    ]);

  it.each<[string, number[], number[], boolean]>([
    ['two by IPv4', [], [8, 9], true],
    ['two by IPv6', [], [8 + IPV6, 9 + IPV6], true],
    ['two, while two are at home', [1, 2], [8, 9], true],
    ['two, while three are', [1, 2, 3], [8, 9], false],
    ['two, one of whom may be a third, by the other protocol, while three are', [1, 2, 3], [8, 9, 9 + IPV6], false],
    ['two, and somebody unknown who may be one of them, while three are', [1, 2, 3], [8, 9, 0], false],
    ['two, while one by IPv4 and two by IPv6 are at home', [1, 2 + IPV6, 3 + IPV6], [8, 9], false],
    ['three, while three are at home', [1, 2, 3], [7, 8, 9], true],
  ])('is told to ride, or is not, by %s', (_, atHome, elsewhere, rides) => {
    expect(answers(foldDays('wifi', [...twoDays, ...split(atHome, elsewhere)]))).toBe(!rides);
  });

  it('is told to ride by a day that is over, not by one on which more turned out to be at home', () => {
    const once = foldDays('wifi', [...twoDays, told(2), untold(2), told(5)]);
    expect(answers(once)).toBe(true);
    expect(answers(foldDays('wifi', [told(6)], once))).toBe(true);
    expect(answers(foldDays('wifi', [told(7)], once))).toBe(false);
  });

  it('was told so on the day before, whatever the day after it turned out to be', () => {
    expect(answers(foldDays('wifi', [...twoDays, told(2), told(3), untold(3)]))).toBe(true);
    expect(answers(foldDays('wifi', [...twoDays, told(2), told(3), untold(3), told(4)]))).toBe(false);
  });

  it('is not told to ride by a day now and one of another season', () => {
    const seasons = (days: number) => [...twoDays, told(2), untold(1 + days), told(2 + days)];
    expect([89, 90, 91].map((days) => answers(foldDays('wifi', seasons(days))))).toEqual([false, false, true]);
  });

  it('is not told to ride by few, on two days, who are far less than those at home ever were', () => {
    const home = (days: number) =>
      Array.from({ length: days }, (_, day) => [1, 2].flatMap((who) => walkBy(day, who, away(who), 4)));
    const elsewhere = [told(20, 1), told(22, 1)];
    // Four times elsewhere: a quarter of 16 at home, less than one of 24.
    expect([2, 3].map((days) => answers(foldDays('wifi', [...home(days), ...elsewhere])))).toEqual([false, true]);
  });
});

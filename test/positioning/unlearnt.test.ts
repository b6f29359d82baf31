import { expect, test } from 'vitest';
import { mPerDegLon, wrapLonDeg } from '../../src/geo/distance.ts';
import { createPoints, putPoint } from '../../src/positioning/points.ts';
import { createUnlearnt } from '../../src/positioning/unlearnt.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { CORNER, createScene, heard, macOf, trusted } from './scene.ts';

/** Strengths as they came, by how much each is louder than all reports, and how far east it stands; a device each, or as told. */
function unlearnt(
  all: readonly (readonly [dbm: number, louderDb: number, eastM?: number])[],
  deviceOf = (i: number) => i,
) {
  const points = createPoints(32);
  points.count = all.length;
  all.forEach(([dbm, louderDb, eastM = 0], i) => {
    putPoint(points, i, 0, wrapLonDeg(180 + eastM / mPerDegLon(0)));
    points.dbm[i] = dbm - louderDb;
    points.louderDb[i] = louderDb;
    points.fainterDb[i] = -1;
    points.agrees[i] = 1;
    points.device[i] = deviceOf(i);
  });
  return createUnlearnt(32)(points);
}

test('where nothing is louder than it was reported, nothing speaks for being elsewhere', () => {
  expect(unlearnt([])).toBe(0);
  expect(unlearnt(Array.from({ length: 9 }, () => [-50, 0]))).toBe(0);
});

test('one access point that was carried to beside the phone is excused, two are half a house, three a house', () => {
  const quiet = [-70, 0] as const;
  const carried = [-40, 40, 60] as const;
  expect(unlearnt([carried, quiet, quiet, quiet])).toBe(0);
  expect(unlearnt([carried, [-45, 1.5], quiet, quiet])).toBeCloseTo(0.5, 12);
  expect(unlearnt([carried, [-45, 3], quiet, quiet])).toBe(1);
  expect(unlearnt([carried, [-45, 9], [-50, 9], quiet])).toBe(1);
});

test('the access point of the house, which stands among the others, is no one that was carried', () => {
  const around = [
    [-70, 0, -30],
    [-71, 0, 10],
    [-72, 0, 50],
  ] as const;
  expect(unlearnt([[-40, 40, -14], ...around])).toBe(1);
  expect(unlearnt([[-40, 40, 34], ...around])).toBe(1);
  expect(unlearnt([[-40, 40, -16], ...around]), '26 m from their middle').toBe(0);
  expect(unlearnt([[-40, 40, 36], ...around])).toBe(0);
  expect(unlearnt([[-40, 3, 10], ...around]), 'fading alone is no house').toBe(0);
  expect(unlearnt([[-40, 5, 10], ...around])).toBeCloseTo(0.4, 12);
  expect(unlearnt([[-40, 5, 10], [-69, 1, 10], ...around.slice(1)])).toBeCloseTo(0.4 + 1 / 3, 12);
  expect(unlearnt([[-40, 0, 10], ...around])).toBe(0);
});

test('nothing else is no company', () => {
  expect(unlearnt([[-40, 40]])).toBe(0);
});

test('the networks of one box are one witness, heard by the loudest of them', () => {
  expect(
    unlearnt(
      [
        [-40, 9],
        [-41, 9],
        [-42, 9],
      ],
      () => 0,
    ),
  ).toBe(0);
  expect(
    unlearnt(
      [
        [-41, 9],
        [-40, 0],
        [-42, 9, 60],
      ],
      (i) => (i < 2 ? 0 : 1),
    ),
  ).toBe(0);
});

test('only the five loudest devices are asked, whatever the order, and none whose strength is not known', () => {
  const near = Array.from({ length: 5 }, (_, i) => [-50 - i, 0] as const);
  const far = Array.from({ length: 5 }, (_, i) => [-80 - i, 9] as const);
  expect(unlearnt([...far, ...near])).toBe(0);
  expect(unlearnt([...near, ...far])).toBe(0);
  expect(unlearnt([[UNKNOWN_DBM, 0], ...far])).toBe(1);
});

/** A house whose four access points were heard in the streets before and behind it; `loudestDbm` is how loud that was. */
function house(loudestDbm: number | undefined, samples = 60) {
  const scene = createScene();
  [
    [-18, -15],
    [18, -15],
    [-18, 15],
    [18, 15],
  ].forEach(([eastM, northM], i) => {
    const detail = loudestDbm === undefined ? -1 : -loudestDbm;
    scene.wifi(macOf(i), trusted(eastM, northM, { radiusM: 100, samples, detail }));
  });
  const ask = (strengths: readonly number[]) =>
    scene.locate({ wifiAccessPoints: strengths.map((dbm, i) => heard(macOf(i), dbm)) })!;
  return { ask };
}

test('inside a house the loudest access point does not draw the answer to the street that heard it', () => {
  const strengths = [-40, -55, -57, -60];
  const drawn = house(undefined).ask(strengths);
  const capped = house(-78).ask(strengths);
  const middle = house(-78).ask([-60, -60, -60, -60]);
  expect(Math.abs(capped.lon - middle.lon)).toBeLessThan(0.2 * Math.abs(drawn.lon - middle.lon));
  expect(Math.abs(capped.lat - middle.lat)).toBeLessThan(0.2 * Math.abs(drawn.lat - middle.lat));
});

test('nor if it alone is louder than it was reported', () => {
  const all = [-20, -10, 10, 20].map((eastM, i) => [macOf(i), eastM] as const);
  const ask = (loudestDbm: number) => {
    const scene = createScene();
    for (const [mac, eastM] of all) scene.wifi(mac, trusted(eastM, 0, { radiusM: 100, detail: -loudestDbm }));
    const estimate = scene.locate({ wifiAccessPoints: all.map(([mac], i) => heard(mac, i === 0 ? -60 : -80)) })!;
    return (estimate.lon - CORNER.lon) * mPerDegLon(CORNER.lat);
  };
  expect(ask(-60), 'in the street beside it').toBeLessThan(-12);
  expect(ask(-75), 'in its house').toBeGreaterThan(-8);
});

test('in the street, where each is loudest somewhere else, strengths weigh as they do in a map that does not know how loud that was', () => {
  const strengths = [-70, -80, -82, -84];
  expect(house(-62).ask(strengths)).toEqual(house(undefined).ask(strengths));
});

test('behind the walls of a house all are as loud as ever, and the loudest draws the answer to its street no more', () => {
  const strengths = [-70, -80, -82, -84];
  const [drawn, middle] = [house(undefined).ask(strengths), house(-66).ask([-80, -80, -80, -80])];
  const northOf = (loudestDbm: number) =>
    (house(loudestDbm).ask(strengths).lat - middle.lat) / (drawn.lat - middle.lat);
  expect(northOf(-66), '13 dB fainter in the mean').toBeLessThan(0.8);
  expect(northOf(-64), '15 dB').toBeGreaterThan(northOf(-66) + 0.05);
  expect(northOf(-62), '17 dB').toBe(1);
});

/** By how much less than ever each is heard, -1 = not known, and whether it agrees with the rest. */
function asEver(all: readonly (readonly [fainterDb: number, agrees?: 0 | 1])[]) {
  const points = createPoints(32);
  points.count = all.length;
  all.forEach(([fainterDb, agrees = 1], i) => {
    putPoint(points, i, 0, 0);
    points.dbm[i] = -80;
    points.fainterDb[i] = fainterDb;
    points.agrees[i] = agrees;
    points.device[i] = i;
  });
  return createUnlearnt(32)(points);
}

test('the mean of three at least that agree tells, and none that is outvoted, or was hardly reported', () => {
  expect(asEver([[13], [13], [13]])).toBe(1);
  expect(asEver([[5], [20], [20]])).toBeCloseTo(0.5, 12);
  expect(asEver([[17], [17], [17]])).toBe(0);
  expect(asEver([[0], [0]])).toBe(0);
  expect(asEver([[0], [0], [0, 0]])).toBe(0);
  expect(asEver([[0], [0], [-1]])).toBe(0);
  expect(asEver([[20], [20], [20], [0, 0], [-1]])).toBe(0);
});

test('who was reported less than thirty times may only by luck never have been louder', () => {
  const strengths = [-70, -80, -82, -84];
  const ask = (samples: number) => house(-66, samples).ask(strengths);
  expect(ask(29)).toEqual(house(undefined, 29).ask(strengths));
  expect(ask(30)).not.toEqual(house(undefined, 30).ask(strengths));
});

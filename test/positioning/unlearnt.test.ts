import { expect, test } from 'vitest';
import { createPoints } from '../../src/positioning/points.ts';
import { createUnlearnt } from '../../src/positioning/unlearnt.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { createScene, heard, macOf, trusted } from './scene.ts';

/** Strengths as they came, and by how much each is louder than all reports; a device each, or as told. */
function unlearnt(all: readonly (readonly [dbm: number, louderDb: number])[], deviceOf = (i: number) => i) {
  const points = createPoints(32);
  points.count = all.length;
  all.forEach(([dbm, louderDb], i) => {
    points.dbm[i] = dbm - louderDb;
    points.louderDb[i] = louderDb;
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
  expect(unlearnt([[-40, 40], quiet, quiet, quiet])).toBe(0);
  expect(unlearnt([[-40, 40], [-45, 1.5], quiet, quiet])).toBeCloseTo(0.5, 12);
  expect(unlearnt([[-40, 40], [-45, 3], quiet, quiet])).toBe(1);
  expect(unlearnt([[-40, 9], [-45, 9], [-50, 9], quiet])).toBe(1);
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
        [-42, 9],
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
function house(loudestDbm: number | undefined) {
  const scene = createScene();
  [
    [-18, -15],
    [18, -15],
    [-18, 15],
    [18, 15],
  ].forEach(([eastM, northM], i) => {
    scene.wifi(macOf(i), trusted(eastM, northM, { radiusM: 100, detail: loudestDbm === undefined ? -1 : -loudestDbm }));
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

test('in the street, where none is louder than it was reported, strengths weigh as they do in a map that does not know how loud that was', () => {
  const strengths = [-70, -80, -82, -84];
  const known = house(-70).ask(strengths);
  expect(known).toEqual(house(undefined).ask(strengths));
});

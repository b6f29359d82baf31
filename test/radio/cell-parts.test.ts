import { expect, test } from 'vitest';
import { RADIO } from '../../src/radio/cell.ts';
import { isPart, MAX_PARTS, PART_RADIO, partAreas, partCellId } from '../../src/radio/cell-parts.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';

/** How many of a radio's cells with these timing advances are one ring, none = 0. */
function ringsOf(radio: number, steps: readonly number[]): number {
  const out = new Float64Array(MAX_PARTS);
  const areas = steps.flatMap((ta) => [...out.slice(0, partAreas(radio, ta, UNKNOWN_DBM, -1, out))]);
  return new Set(areas).size;
}

test("a step of GSM's timing is a ring, four of LTE's and NR's are one, UMTS tells nothing by it", () => {
  expect(ringsOf(RADIO.gsm, [0, 1, 2, 3])).toBe(4);
  expect(ringsOf(RADIO.lte, [0, 1, 2, 3])).toBe(1);
  expect(ringsOf(RADIO.nr, [0, 1, 2, 3])).toBe(1);
  expect([ringsOf(RADIO.lte, [3, 4]), ringsOf(RADIO.nr, [3, 4])]).toEqual([2, 2]);
  expect(ringsOf(RADIO.wcdma, [0, 1, 2, 3])).toBe(0);
});

test('ten decibels are a part, whatever the radio; neighbours are, but for GSM, which tells none', () => {
  const out = new Float64Array(MAX_PARTS);
  const parts = (radio: number, dbm: number, psc: number) => [...out.slice(0, partAreas(radio, -1, dbm, psc, out))];
  for (const radio of Object.values(RADIO)) {
    expect(parts(radio, -90, -1)).toEqual(parts(radio, -99, -1));
    expect(parts(radio, -90, -1)).not.toEqual(parts(radio, -89, -1));
    expect(parts(radio, UNKNOWN_DBM, 0)).toHaveLength(radio === RADIO.gsm ? 0 : 1);
  }
});

test('parts of different radios, kinds and numbers never meet', () => {
  const out = new Float64Array(MAX_PARTS);
  const areas = Object.values(RADIO).flatMap((radio) =>
    [-50, -90].flatMap((dbm, i) => [...out.slice(0, partAreas(radio, 9 * i, dbm, 9 * i, out))]),
  );
  expect(areas).toHaveLength(20);
  expect(new Set(areas).size).toBe(20);
  expect(Math.max(...areas)).toBeLessThan(2 ** 24);
  expect([PART_RADIO, ...Object.values(RADIO)].map(isPart)).toEqual([true, false, false, false, false]);
});

test("cells of one number in two of GSM's areas are two, of any other radio they are one", () => {
  expect(partCellId(RADIO.gsm, 5, 500)).not.toBe(partCellId(RADIO.gsm, 6, 500));
  expect(partCellId(RADIO.gsm, 65_533, 65_535)).toBeLessThan(2 ** 36);
  for (const radio of [RADIO.wcdma, RADIO.lte, RADIO.nr]) expect(partCellId(radio, 5, 500)).toBe(500);
});

import { expect, test } from 'vitest';
import {
  canBeCellId,
  isValidArea,
  isValidCellId,
  isValidPsc,
  RADIO,
  radioOf,
  radioOfCell,
} from '../../src/radio/cell.ts';

test('radio words are known in any case, umts is wcdma, everything else is nothing', () => {
  expect(['gsm', 'GSM', 'umts', 'WCDMA', 'Lte', 'nr'].map(radioOf)).toEqual([1, 1, 2, 2, 3, 4]);
  expect(['cdma', 'lte_ca', '', 'x'.repeat(1000), 5, null, undefined, {}].map(radioOf)).toEqual(Array(8).fill(0));
});

test('identities keep to their radio: 24-bit NR areas, 36-bit NR cells, -1 and all ones unknown', () => {
  expect(isValidArea(RADIO.nr, 262, 1, 0xff_ffff)).toBe(true);
  expect(isValidArea(RADIO.lte, 262, 1, 65_534)).toBe(false);
  expect(isValidArea(RADIO.lte, 262, 1, -1)).toBe(false);
  for (const [mcc, mnc] of [
    [0, 1],
    [1000, 1],
    [262, -1],
    [262, 1000],
  ])
    expect(isValidArea(RADIO.gsm, mcc, mnc, 5)).toBe(false);
  for (const [mcc, mnc] of [
    [1, 0],
    [999, 999],
  ])
    expect(isValidArea(RADIO.gsm, mcc, mnc, 5)).toBe(true);
  expect(isValidCellId(RADIO.nr, 0xf_ffff_fffe)).toBe(true);
  expect(isValidCellId(RADIO.lte, 0xfff_ffff)).toBe(false);
  expect(isValidCellId(RADIO.gsm, 0xffff)).toBe(true);
  expect(isValidCellId(RADIO.gsm, 0)).toBe(false);
  expect(isValidCellId(RADIO.nr, 0x7fff_ffff)).toBe(false);
});

test("a cell said to be GSM's whose number is too long for it is UMTS's, if it can be; any other is what it is said to be", () => {
  const { gsm, wcdma, lte } = RADIO;
  const numbers = [0xffff, 0x1_0000, 0xfff_fffe, 0xfff_ffff, 0x7fff_ffff];
  expect(numbers.map((id) => radioOfCell(gsm, id))).toEqual([gsm, wcdma, wcdma, gsm, gsm]);
  expect(numbers.map((id) => canBeCellId(gsm, id))).toEqual([true, true, true, false, false]);
  expect(numbers.map((id) => radioOfCell(lte, id))).toEqual(Array(5).fill(lte));
  expect([1, 0xfff_fffe, 0xfff_ffff].map((id) => canBeCellId(lte, id))).toEqual([true, true, false]);
});

test.each([
  ['gsm', -1],
  ['wcdma', 511],
  ['lte', 503],
  ['nr', 1007],
] as const)('physical identities of %s end at %d', (name, highest) => {
  const isValid = (psc: number) => isValidPsc(RADIO[name], psc);
  expect([-1, highest + 1].map(isValid)).toEqual([false, false]);
  expect([0, highest].map(isValid)).toEqual(Array(2).fill(highest > 0));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ABSENT, asObject, readInt, readNumber, readSwitch } from '../../src/radio/fields.ts';

test.each([
  ['004', 4],
  ['-73', -73],
  ['+5', 5],
  ['12.9', 12],
  [12.9, 12],
  [-0.5, 0],
  [null, ABSENT],
  [undefined, ABSENT],
  ['', ABSENT],
  ['-', ABSENT],
  ['.', ABSENT],
  ['1e3', ABSENT],
  ['0x10', ABSENT],
  [' 7', ABSENT],
  ['1.2.3', ABSENT],
  [true, ABSENT],
  [[], ABSENT],
  [{}, ABSENT],
  [Number.NaN, ABSENT],
  [Number.POSITIVE_INFINITY, ABSENT],
  [-1e300, ABSENT],
  [ABSENT, ABSENT],
  [`${'0'.repeat(19)}7`, 7],
  ['9'.repeat(21), ABSENT],
])('%j reads as the integer %d', (value, expected) => {
  expect(readInt(value)).toBe(expected);
});

test('a decimal string reads as the number it prints', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 4 }), (n, places) => {
      const text = (n / 10 ** places).toFixed(places);
      expect(readNumber(text)).toBeCloseTo(Number(text), 9);
    }),
  );
});

test('only a plain no switches off', () => {
  expect([false, 'false', 'FALSE', 0, '0'].map(readSwitch)).toEqual([false, false, false, false, false]);
  expect([true, null, undefined, 'no', 'maybe', 1, {}, []].map(readSwitch)).toEqual(Array(8).fill(true));
});

test('arrays and null are no objects', () => {
  expect(asObject([])).toBeNull();
  expect(asObject(null)).toBeNull();
  expect(asObject('x')).toBeNull();
  expect(asObject({ a: 1 })).toEqual({ a: 1 });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeRadius,
  degOf,
  detailOf,
  e7Of,
  encodeRadius,
  encodeSamples,
  MAX_DAY,
  packDay,
  packEvidence,
  SAMPLES_OF_CODE,
} from '../../src/stations/index-layout.ts';

test('a position of seven decimals comes back as the same number', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }), (e7) => {
      const deg = Number(`${e7}e-7`);
      expect(degOf(e7Of(deg))).toBe(deg);
    }),
  );
});

test('a radius is exact to 255 m and within 0.4 % up to 4,177 km', () => {
  for (let m = 0; m <= 255; m++) expect(decodeRadius(encodeRadius(m))).toBe(m);
  expect(decodeRadius(encodeRadius(1000))).toBe(1000);
  fc.assert(
    fc.property(fc.integer({ min: 256, max: 4_177_000 }), (m) => {
      expect(Math.abs(decodeRadius(encodeRadius(m)) / m - 1)).toBeLessThanOrEqual(0.0041);
    }),
  );
});

test('a wider or nonsensical radius is clamped or unknown', () => {
  expect(decodeRadius(encodeRadius(2e7))).toBe(4_177_920);
  expect(decodeRadius(encodeRadius(Number.POSITIVE_INFINITY))).toBe(4_177_920);
  expect(decodeRadius(encodeRadius(0.01))).toBe(1);
  for (const junk of [-1, 0, Number.NaN]) expect(encodeRadius(junk)).toBe(0);
});

test('a number of samples is exact to 20 and within 5 % up to 2^32', () => {
  for (let n = 0; n <= 20; n++) expect(SAMPLES_OF_CODE[encodeSamples(n)]).toBe(n);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), (n) => {
      expect(Math.abs(SAMPLES_OF_CODE[encodeSamples(n)] / n - 1)).toBeLessThanOrEqual(0.05);
    }),
  );
  expect(encodeSamples(Number.NaN)).toBe(0);
});

test('the fields of the last two words do not touch each other', () => {
  fc.assert(
    fc.property(
      fc.nat(0x1ffff),
      fc.nat(MAX_DAY),
      fc.nat(4_000_000),
      fc.nat(1e9),
      fc.nat(7),
      fc.integer({ min: -1, max: 1022 }),
      (rest, day, radiusM, samples, flags, detail) => {
        const third = packDay(rest, day);
        expect([third >>> 15, third & MAX_DAY]).toEqual([rest, day]);
        const evidence = packEvidence(radiusM, samples, flags, detail);
        expect(evidence >>> 21).toBe(encodeRadius(radiusM));
        expect((evidence >>> 13) & 255).toBe(encodeSamples(samples));
        expect((evidence >>> 10) & 7).toBe(flags);
        expect(detailOf(evidence)).toBe(detail);
      },
    ),
  );
});

test('days and identities out of range are clamped or unknown', () => {
  expect(packDay(0, 1e9)).toBe(MAX_DAY);
  for (const junk of [-5, Number.NaN]) expect(packDay(0, junk)).toBe(0);
  for (const junk of [-1, 1023, 5000, Number.NaN]) expect(detailOf(packEvidence(0, 0, 0, junk))).toBe(-1);
});

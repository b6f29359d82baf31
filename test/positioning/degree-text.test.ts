import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { degreeText } from '../../src/positioning/degree-text.ts';

describe('degrees in an answer', () => {
  it('are what toFixed(6) says, a slow oracle, up to the last digit of a tie', () => {
    const degrees = fc.oneof(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }).map((e7) => e7 / 1e7),
    );
    fc.assert(
      fc.property(degrees, (deg) => {
        const text = degreeText(deg);
        expect(text).toMatch(/^-?\d{1,3}\.\d{6}$/);
        expect(Math.abs(Number(text) - Number(deg.toFixed(6)))).toBeLessThan(1.5e-6);
        expect(Math.abs(Number(text) - deg)).toBeLessThan(0.5001e-6);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [0, '0.000000'],
    [-0, '0.000000'],
    [-4e-7, '0.000000'],
    [-5.1e-7, '-0.000001'],
    [51.5, '51.500000'],
    [-0.1278, '-0.127800'],
    [9.9999999, '10.000000'],
    [-180, '-180.000000'],
    [179.999999, '179.999999'],
  ])('%d is %s', (deg, text) => {
    expect(degreeText(deg)).toBe(text);
  });
});

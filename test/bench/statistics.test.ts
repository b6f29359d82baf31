import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abba, median, pairedRatio, quantile } from '../../bench/statistics.ts';

const measurement = fc.double({ min: 1e-3, max: 1e9, noNaN: true });

describe('the statistics of the benches', () => {
  it('take the middle value, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    fc.assert(
      fc.property(fc.array(measurement, { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(values.filter((v) => v < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((v) => v > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('interpolate quantiles between the least and the greatest', () => {
    expect(quantile([10, 20, 30], 0)).toBe(10);
    expect(quantile([10, 20, 30], 1)).toBe(30);
    expect(quantile([10, 20, 30], 0.75)).toBe(25);
  });

  it('refuse to make a number of nothing, of NaN, of infinity or of zero', () => {
    expect(() => median([])).toThrow('no measurements');
    expect(() => median([1, Number.NaN])).toThrow('not a measurement');
    expect(() => quantile([1, Infinity], 0.5)).toThrow('not a measurement');
    expect(() => pairedRatio([], [])).toThrow('no measurements');
    expect(() => pairedRatio([1, 2], [1])).toThrow('2 measurements against 1');
    expect(() => pairedRatio([0], [1])).toThrow('not a measurement');
    expect(() => pairedRatio([1], [Number.NaN])).toThrow('not a measurement');
  });

  it('alternate A B B A, each as often as the other', () => {
    expect(abba(4).join('')).toBe('abbaabba');
    for (const rounds of [1, 2, 5, 8]) expect(abba(rounds).filter((x) => x === 'a')).toHaveLength(rounds);
  });

  it('cancel a drift that slows both contenders down alike', () => {
    const drift = [1, 1.3, 1.7, 2.2, 3];
    expect(
      pairedRatio(
        drift.map((d) => 12 * d),
        drift.map((d) => 10 * d),
      ),
    ).toBeCloseTo(1.2);
  });
});

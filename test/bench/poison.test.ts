import { expect, test } from 'vitest';
import { measurePoisoning } from '../../bench/poison.ts';

test('one network silences and invents nothing, and leads a station of three witnesses off by metres, in a month', () => {
  const one = measurePoisoning(3, 1);
  expect(one).toMatchObject({ silencedAfterDays: null, inventedAfterDays: null });
  expect(one.shiftIn1DayM).toBeLessThan(10);
  expect(one.shiftIn30DaysM).toBeLessThan(17);
  expect(one.shiftIn7DaysLaterM).toBeLessThan(15);
  expect(one.shiftIn7DaysWatchedM).toBeLessThan(80);
  expect(one.chasedIn90DaysM).toBeLessThan(140);
});

test('one network leads a station that was heard faintly, or long ago, half a link off and no further', () => {
  const one = measurePoisoning(10, 1);
  expect(one.faintIn7DaysM).toBeLessThan(100);
  expect(one.shiftIn7DaysAbandonedM).toBeLessThan(40);
  expect(measurePoisoning(3, 1).shiftIn7DaysAbandonedM).toBeLessThan(80);
});

test('two networks need a second day to silence or to invent, and lead a station within its street until then', () => {
  const two = measurePoisoning(3, 2);
  expect(two).toMatchObject({ silencedAfterDays: 2, inventedAfterDays: 2 });
  expect(two.shiftIn1DayM).toBeLessThan(60);
});

import { expect, test } from 'vitest';
import { endOf, timeOf } from '../../src/cli/time-of.ts';

test.each([
  ['2027-03-01', Date.UTC(2027, 2, 1)],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
  ['2027-03-01T18:00Z', Date.UTC(2027, 2, 1, 18)],
  ['2027-03-01T18:00:30.250+02:00', Date.UTC(2027, 2, 1, 16, 0, 30, 250)],
])('a time that can mean one thing only is that: %s', (text, ms) => {
  expect(timeOf(text, '--to')).toBe(ms);
});

test.each([
  ...['11/12/2027', '+200000-01-01', '-000001-01-01', '2027-02-29', '2027-02-30', '2027-13-01', '2027-3-1', '2027-03'],
  ...['2027-03-01T18:00', '2027-03-01 18:00Z', '2027-03-01T25:00Z', '2027-03-01 (Monday)', 'tomorrow', '', undefined],
])('a text that can mean two things, or none, is a mistake: %s', (text) => {
  expect(() => timeOf(text, '--to')).toThrow('--to must be a date, such as 2026-11-22');
});

test('the end of a date is the last moment of that day, of a time the time itself', () => {
  expect(new Date(endOf('2026-11-28', '--to')).toISOString()).toBe('2026-11-28T23:59:59.999Z');
  expect(endOf('2026-11-28T10:00Z', '--to')).toBe(Date.UTC(2026, 10, 28, 10));
});

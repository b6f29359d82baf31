// Written out here, by jurisdiction, so that a changed age is a changed line that somebody reads.
import { expect, test } from 'vitest';
import { ageOfConsent } from '../../src/consent/ages.ts';

const NOW = Date.UTC(2026, 10, 22);

test.each([
  ...['BE', 'DK', 'EE', 'FI', 'GB', 'LV', 'MT', 'PT', 'SE', 'US'].map((code) => [code, 13] as const),
  ...['AT', 'BG', 'CY', 'ES', 'IT', 'LT'].map((code) => [code, 14] as const),
  ...['CZ', 'FR', 'GR', 'SI'].map((code) => [code, 15] as const),
  ...['DE', 'HR', 'HU', 'IE', 'LU', 'NL', 'PL', 'RO', 'SK'].map((code) => [code, 16] as const),
  ['IN', 18] as const,
])('in %s own consent counts from %i years', (jurisdiction, years) => {
  expect(ageOfConsent(jurisdiction, NOW)).toBe(years);
});

test.each([null, '', 'ZZ', 'BR', 'uk', 'toString'])(
  'where nothing is known of %j, from the highest age of the GDPR',
  (jurisdiction) => {
    expect(ageOfConsent(jurisdiction, NOW)).toBe(16);
  },
);

test.each([
  ['BE', '2018-05-25', 16, 13],
  ['US', '2000-04-21', 16, 13],
  ['SI', '2023-01-26', 16, 15],
  ['IN', '2023-08-11', 16, 18],
])('in %s a rule counts from its day, %s, on', (jurisdiction, day, before, from) => {
  const atMs = Date.parse(day);
  expect([ageOfConsent(jurisdiction, atMs - 1), ageOfConsent(jurisdiction, atMs)]).toEqual([before, from]);
});

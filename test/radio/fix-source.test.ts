import { expect, test } from 'vitest';
import { fixSourceOf } from '../../src/radio/fix-source.ts';

test('satellites, a person who put it there and nothing said are a fix, in any case', () => {
  for (const word of [undefined, null, '', 'gps', 'GNSS', 'Fixed', 'manual']) expect(fixSourceOf(word)).toBe('gnss');
  expect([fixSourceOf('fused'), fixSourceOf('FUSED')]).toEqual(['fused', 'fused']);
});

test('so is a word that nobody knows yet', () => {
  for (const word of ['survey', 'passive', 'rtk', 'x'.repeat(16)]) expect(fixSourceOf(word)).toBe('gnss');
});

test("what rests on radio or an address, and what is no word, is another service's answer", () => {
  const radio = ['wifi', 'wlan', 'bluetooth', 'cell', 'cellular'];
  const words = ['network', 'Network', 'query', 'QUERY', 'ip', 'geoip', 'lookup', ...radio];
  for (const word of [...words, 'x'.repeat(17), 'x'.repeat(9_999), 5, {}, true])
    expect(fixSourceOf(word)).toBe('query');
});

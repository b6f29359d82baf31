import { expect, test } from 'vitest';
import { fixSourceOf } from '../../src/radio/fix-source.ts';

test('satellites, a person who put it there and nothing said are a fix, in any case', () => {
  for (const word of [undefined, null, '', 'gps', 'GNSS', 'Fixed', 'manual']) expect(fixSourceOf(word)).toBe('gnss');
  expect([fixSourceOf('fused'), fixSourceOf('FUSED')]).toEqual(['fused', 'fused']);
});

test("every other word is another service's answer", () => {
  for (const word of [
    'network',
    'Network',
    'query',
    'QUERY',
    'wifi',
    'cell',
    'ip',
    'passive',
    'x'.repeat(9_999),
    5,
    {},
    true,
  ])
    expect(fixSourceOf(word)).toBe('query');
});

import { expect, test } from 'vitest';
import { bearerOf } from '../../src/http/bearer.ts';

test.each(['Bearer x-1', 'bearer x-1', 'BEARER   x-1', 'Bearer x-1 '])('%j bears a credential', (header) => {
  expect(bearerOf(header)).toBe('x-1');
});

test.each([
  undefined,
  '',
  ' ',
  'x-1',
  'Bearer',
  'Bearer ',
  'Basic x-1',
  'Bearer x 1',
  ' Bearer x-1',
  `Bearer ${'x'.repeat(94)}`,
])('%j bears none of ours', (header) => {
  expect(bearerOf(header)).toBe(null);
});

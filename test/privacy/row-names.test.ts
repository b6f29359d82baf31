import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowNamesOf } from '../../src/privacy/row-names.ts';

const ada = rowNamesOf(Buffer.alloc(32, 5));
const bo = rowNamesOf(Buffer.alloc(32, 6));

test('a row has one name towards a person, by which it is found again, and another towards the next', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 48 - 1 }), (seq) => {
      const name = ada.nameOf(seq);
      expect(Number.isSafeInteger(name) && `${name}`.length <= 15).toBe(true);
      expect(ada.seqOf(name)).toBe(seq);
      expect(bo.nameOf(seq)).not.toBe(name);
    }),
  );
});

test('rows that follow each other are called as if by lot: neither nearer nor in order', () => {
  const names = Array.from({ length: 2_000 }, (_, i) => ada.nameOf(i + 1));
  const rising = names.filter((name, i) => i > 0 && name > names[i - 1]).length;
  expect(Math.abs(rising - 1_000)).toBeLessThan(120);
  const near = names.filter((name, i) => i > 0 && Math.abs(name - names[i - 1]) < 2 ** 32);
  // One in 32,768 would be by lot.
  expect(near.length).toBeLessThan(3);
});

test('what can be no name is none', () => {
  for (const no of [-1, 1.5, 2 ** 48, Number.NaN, Number.MAX_SAFE_INTEGER]) expect(ada.seqOf(no)).toBe(0);
});

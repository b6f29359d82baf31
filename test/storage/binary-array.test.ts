// Parameters in PostgreSQL's binary form, held against what the store reads of them.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { binaryArray, binaryBytes, binaryTexts } from '../../src/storage/binary-array.ts';
import type { Store } from '../../src/storage/open.ts';
import { openTestStore } from '../support/store.ts';

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

const SOME = { minLength: 1, maxLength: 40 };

test('texts of any script arrive as they are, and null as NULL', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((s) => !s.includes('\0') && s.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text), SOME), async (values) => {
      const { rows } = await store.pool.query(
        'select x from unnest($1::text[]) with ordinality as u(x, i) order by i',
        [binaryTexts(values)],
      );
      expect(rows.map((row) => row.x)).toEqual(values);
    }),
    { numRuns: 40 },
  );
});

test('byte strings arrive as they are, and null as NULL', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(fc.uint8Array({ maxLength: 40 })), SOME), async (values) => {
      const { rows } = await store.pool.query(
        'select x from unnest($1::bytea[]) with ordinality as u(x, i) order by i',
        [binaryBytes('bytea', values)],
      );
      expect(rows.map((row) => row.x && [...row.x])).toEqual(values.map((value) => value && [...value]));
    }),
    { numRuns: 40 },
  );
});

test('numbers arrive as they are up to 2^53, NaN as NULL', async () => {
  const whole = fc.oneof(fc.maxSafeInteger(), fc.constant(Number.NaN));
  await fc.assert(
    fc.asyncProperty(fc.array(whole, SOME), async (values) => {
      const order = values.map((_, i) => i);
      const { rows } = await store.pool.query(
        'select x from unnest($1::bigint[]) with ordinality as u(x, i) order by i',
        [binaryArray('int8', Float64Array.from(values), order, values.length)],
      );
      // A column of nothing but NULLs is sent as none.
      const expected = values.every(Number.isNaN) ? [] : values.map((v) => (Number.isNaN(v) ? null : String(v)));
      expect(rows.map((row) => row.x)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

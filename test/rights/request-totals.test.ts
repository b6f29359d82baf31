import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REQUEST_KINDS } from '../../src/rights/request.ts';
import { requestsDetail, requestsIn } from '../../src/rights/request-totals.ts';

test('what the ledger says of requests that went is read back by year, as it was written', () => {
  const total = fc.record({
    year: fc.integer({ min: 2024, max: 2030 }),
    kind: fc.constantFrom(...REQUEST_KINDS),
    n: fc.integer({ min: 1, max: 500 }),
  });
  fc.assert(
    fc.property(fc.array(total, { maxLength: 12 }), fc.integer({ min: 2023, max: 2031 }), (totals, year) => {
      const theirs = totals.filter((one) => one.year === year).map(({ kind, n }) => ({ kind, n }));
      expect(requestsIn(requestsDetail(totals), year)).toEqual(theirs);
    }),
  );
});

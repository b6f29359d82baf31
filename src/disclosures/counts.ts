// Answers without a device token are counted, never written down one by one: a row each would make the ledger a track of
// whoever is behind an address. Promises: one row an application, tick and outcome, however many answers; they wait for the store
// in memory (storage/write-behind.ts), none too many: applications are few and outcomes a handful.
import type { RowRule } from '../storage/write-behind.ts';
import type { CountRow } from './store.ts';

/** How counts are added up while they wait. */
export const COUNT_RULE: RowRule<CountRow> = {
  keyOf: ({ application, tick, outcome }) => `${tick} ${outcome} ${application}`,
  sum: (before, row) => ({ ...before, count: before.count + row.count }),
  maxWaiting: Number.POSITIVE_INFINITY,
};

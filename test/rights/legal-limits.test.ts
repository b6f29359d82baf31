import { expect, test } from 'vitest';
import { holdProblem, legalProblem } from '../../src/rights/legal-limits.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { START_MS } from './people.ts';

const inDays = (days: number) => START_MS + days * DAY_MS;

test('a hold ends ahead, and within a year', () => {
  for (const days of [1, 365, 366]) expect(holdProblem(inDays(days), START_MS)).toBeNull();
  expect(holdProblem(START_MS, START_MS)).toContain('ahead');
  for (const days of [367, 4000, 3_000_000]) expect(holdProblem(inDays(days), START_MS)).toContain('hold it again');
});

test('a disclosure ends within a year, is of no later time, and is hidden no longer than its row of the ledger leaves a year to read it', () => {
  const fair = { from: inDays(-30), to: inDays(300), endsAt: inDays(30), gagUntil: null };
  const problem = (times: Partial<Parameters<typeof legalProblem>[0]>) => legalProblem({ ...fair, ...times }, START_MS);
  for (const last of [{}, { from: inDays(300) }, { endsAt: inDays(366), to: inDays(366) }])
    expect(problem(last)).toBeNull();
  expect(problem({ gagUntil: inDays(2 * 365) })).toBeNull();
  expect(problem({ gagUntil: inDays(2 * 365 + 1) })).toContain('--gag-until');
  expect(problem({ endsAt: inDays(400) })).toContain('within a year');
  expect(problem({ to: inDays(400) })).toContain('within a year');
  expect(problem({ endsAt: START_MS })).toContain('ahead');
  expect(problem({ from: inDays(301) })).toContain('before');
});

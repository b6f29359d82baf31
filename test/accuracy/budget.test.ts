import { describe, expect, it } from 'vitest';
import { createCentroid } from '../../bench/accuracy/baseline-centroid.ts';
import { measureBudget, overBudget, readBudgets, smallSets } from '../../bench/accuracy/budget.ts';
import type { Method } from '../../bench/accuracy/method.ts';
import { createHoneyguide } from '../../bench/accuracy/ours.ts';

const sets = smallSets();
const budgets = readBudgets();

describe('accuracy', () => {
  for (const budget of budgets) {
    const set = sets.find(({ name }) => name === budget.set);
    // The only sets that can be absent are real traces.
    it.skipIf(set === undefined)(
      `is no more than a tenth worse than when it was last measured: ${budget.set}${set ? '' : ' (skipped: no traces at ../shared/data)'}`,
      () => {
        expect(overBudget(measureBudget(set!), budget)).toEqual([]);
      },
    );
  }

  it('has a budget for every small set', () => {
    const names = budgets.map(({ set }) => set);
    for (const { name } of sets) expect(names).toContain(name);
  });
});

describe('the budget', () => {
  const set = sets.find(({ name }) => name === 'Simulated city, walks')!;
  const budget = budgets.find((row) => row.set === set.name)!;

  it('would not hold for a plain centroid', () => {
    expect(overBudget(measureBudget(set, createCentroid()), budget)).not.toEqual([]);
  });

  it('would not hold for answers that are 15 m off to the north, nor for one answer in six less', () => {
    const ours = createHoneyguide();
    const moved: Method = {
      ...ours,
      locate(scan) {
        const answer = ours.locate(scan);
        return answer === null ? null : { ...answer, lat: answer.lat + 15 / 111_195 };
      },
    };
    expect(overBudget(measureBudget(set, moved), budget).join()).toContain('medianM');
    let asked = 0;
    const shy: Method = { ...ours, learn: () => {}, locate: (scan) => (asked++ % 6 === 0 ? null : ours.locate(scan)) };
    expect(overBudget(measureBudget(set, shy), budget).join()).toContain('answered');
  });
});

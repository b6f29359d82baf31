import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runGate } from '../../bench/gate.ts';
import { contestWork, withWork } from '../../bench/http/work.ts';
import { type Budgets, judge, type Measurements, measurable, verdictTable } from '../../bench/judge.ts';

const budgets = JSON.parse(readFileSync(new URL('../../bench/budgets.json', import.meta.url), 'utf8')) as Budgets;
/** Measurements that just keep every budget. */
const atTheBound: Measurements = Object.fromEntries(
  Object.entries(budgets).map(([metric, { atLeast, atMost }]) => [metric, atLeast ?? atMost]),
);
const failed = (measured: Measurements): string[] =>
  judge(budgets, measured)
    .filter((v) => !v.isHeld)
    .map((v) => v.metric);

describe('the gate', () => {
  it('holds measurements on the bound and fails those just past it', () => {
    expect(failed(atTheBound)).toEqual([]);
    for (const [metric, { atLeast }] of Object.entries(budgets)) {
      const worse = (atTheBound[metric] ?? 0) * (atLeast === undefined ? 1.01 : 0.99);
      expect(failed({ ...atTheBound, [metric]: worse })).toEqual([metric]);
    }
  });

  it('fails a measurement that is missing, NaN or infinite', () => {
    for (const metric of Object.keys(budgets)) {
      for (const value of [undefined, Number.NaN, Infinity, -Infinity]) {
        expect(failed({ ...atTheBound, [metric]: value })).toEqual([metric]);
      }
      expect(verdictTable(judge(budgets, { ...atTheBound, [metric]: Number.NaN }))).toMatch(/^FAILED +not measured/);
    }
  });

  it('refuses budgets that cannot fail and measurements that nothing bounds', () => {
    expect(() => judge({}, {})).toThrow('guards nothing');
    expect(() => judge({ x: { what: 'x', why: 'y' } }, { x: 1 })).toThrow('no bound');
    expect(() => judge(budgets, { ...atTheBound, 'http.devise.cpuRatio': 1 })).toThrow('no budget');
  });

  it('leaves out only what needs a server that is not there; where one is, its missing measurements fail', () => {
    expect(measurable(budgets, { postgres: true })).toEqual({ due: budgets, leftOut: [] });
    const { due, leftOut } = measurable(budgets, { postgres: false });
    expect(leftOut).toEqual(['import.ratio', 'submit.ratio']);
    expect([...Object.keys(due), ...leftOut].sort()).toEqual(Object.keys(budgets).sort());
    expect(failed({ ...atTheBound, 'import.ratio': undefined })).toEqual(['import.ratio']);
  });

  it('measures a group that failed once more, and no more than once', async () => {
    const efforts: number[] = [];
    const bounds: Budgets = { x: { what: 'x', atMost: 1, why: 'a test' } };
    const group = (values: number[]) => ({
      name: 'x',
      measure: async (_: unknown, effort: number) => {
        efforts.push(effort);
        return { x: values.shift() };
      },
    });
    const options = { slow: 0, stations: 0, rounds: 1, windowMs: 1 };
    expect(await runGate(bounds, options, [group([2, 0.5, 9])])).toEqual({ x: 0.5 });
    expect(await runGate(bounds, options, [group([2, 3, 0.5])])).toEqual({ x: 3 });
    expect(efforts).toEqual([1, 2, 1, 2]);
  });

  // Measured once a run: no store is in it.
  it.skipIf(process.env.DB === 'postgres')('fails when the hot path is made 25 % slower', { retry: 4 }, async () => {
    // The real app, and the real bound: held as it is, broken when each request is made to work a quarter longer.
    const metric = 'http.device.workRatio';
    const isHeld = (ratio: number) => judge({ [metric]: budgets[metric] }, { [metric]: ratio })[0].isHeld;
    await withWork(async (ours, bare) => {
      expect(isHeld(await contestWork(ours, bare, 6))).toBe(true);
      await ours.ask({ slow: 0.25 });
      expect(isHeld(await contestWork(ours, bare, 6))).toBe(false);
    });
  });
});

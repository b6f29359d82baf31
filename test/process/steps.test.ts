import { expect, test } from 'vitest';
import { runDown, type StepDone } from '../../src/process/steps.ts';

test('a stop goes through every step in order, past those that fail or hang', async () => {
  const ran: string[] = [];
  const done: StepDone[] = [];
  const step = (name: string, run: () => Promise<void> | void = () => {}) => ({
    name,
    run: () => {
      ran.push(name);
      return run();
    },
  });
  const good = await runDown(
    [
      step('first'),
      step('throws', () => {
        throw new Error('x');
      }),
      step('rejects', () => Promise.reject(new Error('y'))),
      step('hangs', () => new Promise(() => {})),
      step('last', async () => {}),
    ],
    20,
    (one) => done.push(one),
  );
  expect(good).toBe(false);
  expect(ran).toEqual(['first', 'throws', 'rejects', 'hangs', 'last']);
  expect(done.filter((one) => one.error !== undefined).map((one) => one.name)).toEqual(['throws', 'rejects', 'hangs']);
  expect(done.find((one) => one.name === 'hangs')?.error).toMatchObject({ code: 'STEP_TIMEOUT' });
});

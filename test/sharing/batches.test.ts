import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBatches } from '../../src/sharing/batches.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('who waits behind a batch that the store keeps is turned away after some seconds, undone; the batch and who comes later are not', async () => {
  const decided: string[][] = [];
  let { promise: kept, resolve: letGo } = Promise.withResolvers<void>();
  const batches = createBatches<string, string>(
    async (asks) => {
      decided.push([...asks]);
      await kept;
      return asks;
    },
    10,
    10,
  );
  const settled: string[] = [];
  const add = (ask: string) =>
    batches.add(ask).then(
      (outcome) => void settled.push(`${outcome} answered`),
      (error: Error) => void settled.push(`${ask}: ${error.message}`),
    );
  const first = add('first');
  await new Promise(setImmediate);
  const waiting = [add('second'), add('third')];
  await vi.advanceTimersByTimeAsync(3_000);
  const late = add('late');
  await vi.advanceTimersByTimeAsync(3_100);
  await Promise.all(waiting);
  const why = 'the store kept the batch before for too long';
  expect(settled).toEqual([`second: ${why}`, `third: ${why}`]);
  letGo();
  await Promise.all([first, late]);
  expect(settled.slice(2)).toEqual(['first answered', 'late answered']);
  expect(decided).toEqual([['first'], ['late']]);
  ({ promise: kept, resolve: letGo } = Promise.withResolvers<void>());
  letGo();
  await add('last');
  expect(settled.at(-1)).toBe('last answered');
  // And so again when everybody waits for too long, after a time in which nobody did.
  await vi.advanceTimersByTimeAsync(3_000);
  ({ promise: kept, resolve: letGo } = Promise.withResolvers<void>());
  const again = add('again');
  await new Promise(setImmediate);
  const behind = add('behind');
  await vi.advanceTimersByTimeAsync(6_100);
  await behind;
  expect(settled.at(-1)).toBe(`behind: ${why}`);
  letGo();
  await again;
});

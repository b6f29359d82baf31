import { expect, test } from 'vitest';
import { orderOfCells } from '../../src/radio/cell-order.ts';

type Cell = Parameters<typeof orderOfCells>;
const FIRST: Cell = [1, 1, -90, 3, 262, 1, 100, 7];
const compare = (a: Cell, b: Cell) => orderOfCells(...(a.map((value, i) => value - b[i]) as Cell));

test.each<[string, Cell]>([
  ['one that is not serving', [0, 1, -50, 1, 204, 0, 1, 1]],
  ['one without a whole identity', [1, 0, -50, 1, 204, 0, 1, 0]],
  ['a weaker one', [1, 1, -91, 1, 204, 0, 1, 1]],
  ['one as strong of a later radio', [1, 1, -90, 4, 204, 0, 1, 1]],
  ['of a later country', [1, 1, -90, 3, 310, 0, 1, 1]],
  ['of a later network', [1, 1, -90, 3, 262, 2, 1, 1]],
  ['of a later area', [1, 1, -90, 3, 262, 1, 101, 1]],
  ['of a later identity', [1, 1, -90, 3, 262, 1, 100, 8]],
])('a cell comes before %s, from both sides', (_what, later) => {
  expect([compare(FIRST, later) < 0, compare(later, FIRST) > 0]).toEqual([true, true]);
});

test('of two that are alike none is first', () => {
  expect(compare(FIRST, FIRST) === 0).toBe(true);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPoints } from '../../src/positioning/points.ts';
import { createSolution, solve } from '../../src/positioning/solve.ts';

type Dot = { x: number; y: number; sigmaM: number; pull: number; trust: number };

function solved(dots: readonly Dot[], pulls = true, start = 0) {
  const points = createPoints(dots.length);
  points.count = dots.length;
  dots.forEach((dot, i) => {
    for (const name of ['x', 'y', 'sigmaM', 'pull', 'trust'] as const) points[name][i] = dot[name];
    points.member[i] = 1;
  });
  const solution = createSolution();
  solve(points, start, pulls, solution);
  return solution;
}

/** The same question in one number: minus the log likelihood of a place under Student's t with 3 degrees of freedom. */
const cost = (dots: readonly Dot[], x: number, y: number) =>
  dots.reduce((sum, d) => sum + d.trust * Math.log(1 + ((d.x - x) ** 2 + (d.y - y) ** 2) / (3 * d.sigmaM ** 2)), 0);

const dot = fc.record({
  x: fc.integer({ min: -60, max: 60 }),
  y: fc.integer({ min: -60, max: 60 }),
  sigmaM: fc.integer({ min: 30, max: 80 }),
  pull: fc.constantFrom(0.5, 1, 2),
  trust: fc.constantFrom(0.3, 0.9),
});

test('the answer is the place that a search over a grid finds likeliest, from the right one of the points on', () => {
  fc.assert(
    fc.property(fc.array(dot, { minLength: 2, maxLength: 12 }), (dots) => {
      // Two crowds are two hills, of which each start climbs its own: which one is cluster.ts's business.
      const tops = dots.map((_, start) => solved(dots, false, start)).map(({ x, y }) => cost(dots, x, y));
      let best = Number.POSITIVE_INFINITY;
      for (let gx = -60; gx <= 60; gx += 2)
        for (let gy = -60; gy <= 60; gy += 2) best = Math.min(best, cost(dots, gx, gy));
      expect(Math.min(...tops)).toBeLessThanOrEqual(best + 0.01);
    }),
    { numRuns: 200 },
  );
});

test('a wrong record three kilometres off moves the answer of five by less than a metre', () => {
  const near = [0, 10, 20, 30, 40].map((x) => ({ x, y: 0, sigmaM: 25, pull: 1, trust: 0.9 }));
  const clean = solved(near, true, 2);
  const dirty = solved([...near, { x: 3000, y: 0, sigmaM: 25, pull: 10, trust: 0.9 }], true, 2);
  expect(Math.hypot(clean.x - dirty.x, clean.y - dirty.y)).toBeLessThan(1);
  expect(dirty.doubting).toBeCloseTo(0.9, 6);
});

test('without pulls, strengths play no part', () => {
  const dots = [
    { x: 0, y: 0, sigmaM: 20, pull: 50, trust: 1 },
    { x: 100, y: 0, sigmaM: 20, pull: 0.1, trust: 1 },
  ];
  const swapped = dots.map((d, i) => ({ ...d, pull: dots[1 - i].pull }));
  expect(solved(dots, false)).toEqual(solved(swapped, false));
  expect(solved(dots, true).x).toBeLessThan(solved(swapped, true).x);
});

test('points on one parallel or in one place are no special case', () => {
  expect(solved([0, 0, 0].map((x) => ({ x, y: 0, sigmaM: 10, pull: 1, trust: 1 })))).toMatchObject({
    x: 0,
    y: 0,
    scatterM: 0,
    reachM: 10,
  });
});

test('the strongest of agreeing points pulls the answer to itself, never past it', () => {
  const dots = [0, 40, 80].map((x) => ({ x, y: 0, sigmaM: 40, pull: 1, trust: 1 }));
  const level = solved(dots);
  const loud = solved(dots.map((d) => ({ ...d, pull: d.x === 80 ? 20 : 1 })));
  expect(level.x).toBeCloseTo(40, 1);
  expect(loud.x).toBeGreaterThan(65);
  expect(loud.x).toBeLessThan(80);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { M_PER_DEG_LAT } from '../../src/geo/distance.ts';
import { findCluster } from '../../src/positioning/cluster.ts';
import { createPoints, type Points, putPoint } from '../../src/positioning/points.ts';

type Dot = { x: number; y: number; trust?: number; sigmaM?: number; device?: number; prior?: number };

function pointsOf(dots: readonly Dot[]): Points {
  const points = createPoints(Math.max(dots.length, 1));
  points.count = dots.length;
  dots.forEach((dot, i) => {
    putPoint(points, i, dot.y / M_PER_DEG_LAT, dot.x / M_PER_DEG_LAT);
    points.trust[i] = dot.trust ?? 1;
    points.sigmaM[i] = dot.sigmaM ?? 20;
    points.device[i] = dot.device ?? i;
    points.prior[i] = dot.prior ?? 0;
  });
  return points;
}

test('two devices 499 m apart stand together, 501 m apart they do not', () => {
  expect(
    findCluster(
      pointsOf([
        { x: 0, y: 0 },
        { x: 499, y: 0 },
      ]),
      500,
      30,
      false,
    ),
  ).toBe(0);
  expect(
    findCluster(
      pointsOf([
        { x: 0, y: 0 },
        { x: 501, y: 0 },
      ]),
      500,
      30,
      false,
    ),
  ).toBe(-1);
});

test('two bands of one device never stand together, alone is enough only where asked', () => {
  const bands = [
    { x: 0, y: 0, device: 3 },
    { x: 5, y: 0, device: 3 },
  ];
  expect(findCluster(pointsOf(bands), 500, 30, false)).toBe(-1);
  expect(findCluster(pointsOf(bands), 500, 30, true)).toBe(0);
});

test('five old friends outvote twenty newcomers elsewhere', () => {
  const newcomers = Array.from({ length: 20 }, (_, i) => ({ x: 3000 + i, y: 0, trust: 0.14 }));
  const friends = Array.from({ length: 5 }, (_, i) => ({ x: i, y: 0, trust: 0.9 }));
  const points = pointsOf([...newcomers, ...friends]);
  findCluster(points, 500, 30, false);
  expect([...points.member]).toEqual([...Array(20).fill(0), ...Array(5).fill(1)]);
});

test('what other sources say decides between two crowds', () => {
  const dots = [0, 1, 2, 5000, 5001, 5002].map((x) => ({ x, y: 0, prior: x > 100 ? 0.5 : 0 }));
  const points = pointsOf(dots);
  findCluster(points, 500, 30, false);
  expect([...points.member]).toEqual([0, 0, 0, 1, 1, 1]);
});

test('the choice is that of a slow reading of the rule', () => {
  const dot = fc.record({
    x: fc.integer({ min: -900, max: 900 }),
    y: fc.integer({ min: -900, max: 900 }),
    trust: fc.integer({ min: 1, max: 100 }).map((n) => n / 100),
    sigmaM: fc.integer({ min: 4, max: 200 }),
    device: fc.integer({ min: 0, max: 9 }),
    prior: fc.constantFrom(0, 0.3),
  });
  fc.assert(
    fc.property(fc.array(dot, { minLength: 1, maxLength: 30 }), (dots) => {
      const density = dots.map((a) =>
        dots.reduce<number>((sum, b) => {
          const d2 = (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
          const s2 = a.sigmaM ** 2 + b.sigmaM ** 2 + 900;
          return d2 > 250_500 ? sum : sum + (a === b ? b.trust : (b.trust * s2) / (s2 + d2));
        }, a.prior),
      );
      const company = dots.map((a) =>
        dots.some((b) => b.device !== a.device && (a.x - b.x) ** 2 + (a.y - b.y) ** 2 <= 250_500),
      );
      const points = pointsOf(dots);
      const best = findCluster(points, Math.sqrt(250_500.5), 30, false);
      if (!company.includes(true)) {
        expect(best).toBe(-1);
        return;
      }
      expect(company[best]).toBe(true);
      expect(density[best]).toBeGreaterThan(Math.max(...density.filter((_, i) => company[i])) * (1 - 1e-6));
      dots.forEach((d, i) => {
        expect(points.member[i]).toBe((d.x - dots[best].x) ** 2 + (d.y - dots[best].y) ** 2 <= 250_500 ? 1 : 0);
      });
    }),
    { numRuns: 300 },
  );
});

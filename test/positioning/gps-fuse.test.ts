import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { agree, fuse } from '../../src/positioning/fuse.ts';
import { locateByFix } from '../../src/positioning/gps.ts';
import { createSource, type Source } from '../../src/positioning/source.ts';
import { at } from './scene.ts';

const source = (eastM: number, accuracyM: number, trust = 1, northM = 0): Source => ({
  ...createSource(),
  found: true,
  ...at(eastM, northM),
  accuracyM,
  trust,
});

test('nothing found is nothing fused', () => {
  const into = createSource();
  expect(fuse([createSource(), createSource()], into)).toBe(-1);
  expect(into.found).toBe(false);
});

test('two circles in one place make one sharper by the root of two', () => {
  const into = createSource();
  expect(fuse([source(0, 100), source(0, 100)], into)).toBeGreaterThanOrEqual(2);
  expect(into.accuracyM).toBeCloseTo(100 / Math.SQRT2, 6);
});

test('a source that says nothing new does not share the credit', () => {
  expect(fuse([source(0, 10), source(0, 1000)], createSource())).toBe(0);
});

test('of three sources the two that agree win, though the third is the sharpest', () => {
  const into = createSource();
  fuse([source(20_000, 5, 1.5), source(0, 50, 1), source(30, 500, 1)], into);
  expect(distanceM(into.lat, into.lon, at(0).lat, at(0).lon)).toBeLessThan(5);
  // And it is said which were heard.
  expect(into.merged).toBe(0b110);
});

test('a source that nobody believes, not even itself, answers alone; anything believed wins over it', () => {
  const doubtful = source(0, 200, 0);
  const into = createSource();
  expect(fuse([doubtful], into)).toBe(0);
  expect(into.found).toBe(true);
  expect(fuse([doubtful, source(5_000, 400, 0.1)], into)).toBe(1);
  expect(fuse([source(5_000, 400, 0), doubtful], into)).toBe(1);
});

test('the answer is the inverse-variance mean of agreeing sources, as a slow sum has it', () => {
  const circle = fc.record({
    e: fc.integer({ min: -100, max: 100 }),
    n: fc.integer({ min: -100, max: 100 }),
    r: fc.integer({ min: 300, max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(circle, { minLength: 1, maxLength: 4 }), (circles) => {
      const weights = circles.map((c) => 1 / c.r ** 2);
      const sum = weights.reduce((a, b) => a + b);
      const east = circles.reduce((s, c, i) => s + c.e * weights[i], 0) / sum;
      const north = circles.reduce((s, c, i) => s + c.n * weights[i], 0) / sum;
      const into = createSource();
      fuse(
        circles.map((c) => source(c.e, c.r, 1, c.n)),
        into,
      );
      expect(distanceM(into.lat, into.lon, at(east, north).lat, at(east, north).lon)).toBeLessThan(0.1);
      expect(into.accuracyM).toBeLessThanOrEqual(Math.min(...circles.map((c) => c.r)) * 1.01);
    }),
  );
});

test('circles meet or they do not', () => {
  expect(agree(source(0, 100), source(150, 100))).toBe(true);
  expect(agree(source(0, 100), source(300, 100))).toBe(false);
});

test('a fix without accuracy is no good fix, an old one no sharp one', () => {
  const into = createSource();
  const fix = { present: true, lat: 1, lon: 2, accuracyM: 0, ageMs: 0, speedMps: -1 };
  locateByFix(fix, into);
  expect(into).toMatchObject({ found: true, lat: 1, lon: 2, accuracyM: 100 });
  locateByFix({ ...fix, accuracyM: 1 }, into);
  expect(into.accuracyM).toBe(5);
  locateByFix({ ...fix, accuracyM: 10, ageMs: 100_000 }, into);
  expect(into.accuracyM).toBeCloseTo(416, 0);
  locateByFix({ ...fix, present: false }, into);
  expect(into.found).toBe(false);
});

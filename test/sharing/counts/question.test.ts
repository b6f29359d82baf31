import fc from 'fast-check';
import { cellToChildren, cellToParent, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { WINDOW_MS } from '../../../src/privacy/count-rule.ts';
import { cellOfKey, keyOfCell } from '../../../src/privacy/region-key.ts';
import { cursorOf, MAX_PAGE, readQuestion } from '../../../src/sharing/counts/question.ts';

const LATEST = 82_000;
const at = (window: number, plusMs = 0) => new Date(window * WINDOW_MS + plusMs).toISOString();

describe('a question about counts', () => {
  test('is about the last window unless it names times', () => {
    expect(readQuestion({}, LATEST)).toMatchObject({ from: LATEST, until: LATEST + 1, after: null, limit: 200 });
    expect(readQuestion({ from: at(10) }, LATEST)).toMatchObject({ from: 10 });
    expect(readQuestion({ from: at(10) }, LATEST)!.until).toBeGreaterThan(LATEST);
    expect(readQuestion({ from: at(10, 1) }, LATEST)).toMatchObject({ from: 11 });
    expect(readQuestion({ from: at(10), until: at(12) }, LATEST)).toMatchObject({ from: 10, until: 12 });
    expect(readQuestion({ until: at(12, 1) }, LATEST)).toMatchObject({ from: 0, until: 13 });
    const noon = readQuestion({ from: '2026-11-26T12:00Z' }, LATEST);
    for (const from of ['2026-11-26T14:00:00.000+02:00', '2026-11-26T14:00 02:00', '2026-11-26T07:00-05:00'])
      expect(readQuestion({ from }, LATEST)).toEqual(noon);
    expect(readQuestion({ from: '2026-11-26' }, LATEST)).toEqual(readQuestion({ from: '2026-11-26T00:00Z' }, LATEST));
  });

  test('about an H3 cell takes the regions in it, and no other', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -80, max: 80, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 3, max: 7 }),
        (lat, lon, parentRes, res) => {
          const parent = latLngToCell(lat, lon, parentRes);
          const { lowest, highest } = readQuestion({ parent }, LATEST)!;
          const near = [0, 0.01, 0.3, 2, 20].map((deg) => latLngToCell(Math.min(89, lat + deg), lon + deg, res));
          for (const cell of [...near, latLngToCell(lat, lon, res)]) {
            const isInside = res >= parentRes && cellToParent(cell, parentRes) === parent;
            const key = keyOfCell(cell);
            expect(key >= lowest && key <= highest).toBe(isInside);
            expect(cellOfKey(key)).toBe(cell);
          }
        },
      ),
    );
  });

  test('about an H3 cell goes from the first of its smallest cells to itself', () => {
    const parent = latLngToCell(52, 5, 4);
    const { lowest, highest } = readQuestion({ parent }, LATEST)!;
    expect(lowest).toBe(Math.min(...cellToChildren(parent, 7).map(keyOfCell)));
    expect(highest).toBe(keyOfCell(parent));
  });

  test('goes on behind the page before, in pages of one region or more', () => {
    expect(readQuestion({ limit: '1' }, LATEST)).toMatchObject({ limit: 1 });
    const cursor = cursorOf({ window: 9, region: 77 });
    expect(readQuestion({ cursor, limit: `${MAX_PAGE}` }, LATEST)).toMatchObject({
      ...{ from: 9, until: 10, after: { window: 9, region: 77 } },
      limit: MAX_PAGE,
    });
    expect(readQuestion({ cursor, from: at(8) }, LATEST)).toMatchObject({ from: 8, after: { window: 9, region: 77 } });
  });

  test.each([
    { from: 'yesterday' },
    // What a parser makes something of, here or elsewhere, and no two the same.
    ...['1', '0', '-1', 'Nov 26 2026', '2026-11-26T12:00:00', '2026-11-26 12:00', '2026-11', '20261126'].map(
      (from) => ({ from }),
    ),
    // Engines make another day of these, each its own.
    ...['2026-02-30', '2026-11-31T12:00Z', '2027-02-29', '2026-13-01', '2026-11-26T25:00Z'].map((from) => ({ from })),
    { from: '' },
    { from: at(10), until: at(10) },
    { from: at(10), until: at(9) },
    { until: 'x' },
    { from: '-000001-01-01T00:00:00Z' },
    { limit: '0' },
    { limit: '1001' },
    { limit: '-1' },
    { limit: '1.5' },
    { cursor: '1' },
    { cursor: '1.2.3' },
    { cursor: '9999999999.1' },
    // Cells finer than any region, one that has no place on earth, one in capitals.
    { parent: latLngToCell(52, 5, 8) },
    { parent: '87fffffffffffff' },
    { parent: latLngToCell(52, 5, 7).toUpperCase() },
    { parent: '87' },
    { parent: '8fffffffffffff' },
    { parent: '87ZZZZZZZffffff' },
  ])('makes no sense as %j', (query) => {
    expect(readQuestion(query, LATEST)).toBeNull();
  });
});

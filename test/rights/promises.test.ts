import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openApi } from '../../src/cli/generate.ts';
import { recordOfProcessing } from '../../src/rights/processing.ts';
import { ROOT } from '../support/root.ts';

const page = readFileSync(join(ROOT, 'docs/privacy-promises.md'), 'utf8');
const rows = page
  .split('\n')
  .map((line) => /^\| ([A-Z]\d+) \| (.*) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, rest]) => {
    const [promise, state, where, shown] = rest.split(' | ');
    return { id, promise, state, where, shown: shown ?? '' };
  });
/** Rows of the requirements, by area. */
const AREAS = { L: 8, C: 9, D: 6, R: 7, K: 4, S: 10 };
const testsOf = (shown: string) =>
  [...shown.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, file, titles]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file, title })),
  );

test('every promise of the policy has one row, in order', () => {
  const wanted = Object.entries(AREAS).flatMap(([area, n]) => Array.from({ length: n }, (_, i) => `${area}${i + 1}`));
  expect(rows.map((row) => row.id)).toEqual(wanted);
});

test('every row says how far it is kept, and where, in files that are there', () => {
  for (const { id, state, where } of rows) {
    expect([id, state]).toEqual([id, expect.stringMatching(/^(Shown|In part: .{20,}|Not applicable: .{20,})/)]);
    const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect([id, file, existsSync(join(ROOT, file))]).toEqual([id, file, true]);
  }
});

test('every row that says it is shown names tests that are there, by file and title', () => {
  let named = 0;
  for (const { id, state, shown } of rows) {
    const tests = testsOf(shown);
    if (!state.startsWith('Not applicable')) expect([id, tests.length]).not.toEqual([id, 0]);
    for (const { file, title } of tests) {
      const source = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'") : '';
      const found = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
      expect([id, file, title, found]).toEqual([id, file, title, true]);
      named++;
    }
    // Nothing in the column but tests.
    expect([id, shown.replace(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g, '').replace(/[; ]/g, '')]).toEqual([id, '']);
  }
  expect(named).toBeGreaterThan(70);
});

test('the record of processing is what the registry says', () => {
  expect(readFileSync(join(ROOT, 'docs/record-of-processing.md'), 'utf8')).toBe(recordOfProcessing());
});

test('no route leads to a disclosure under law', async () => {
  const { paths } = (await openApi()) as { paths: Record<string, unknown> };
  expect(Object.keys(paths).length).toBeGreaterThan(20);
  expect(Object.keys(paths).filter((path) => /legal|staff|hold|sweep|transparency/.test(path))).toEqual([]);
});

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from '../../src/storage/make-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'honeyguide-test-'));
afterAll(() => rmSync(base, { recursive: true }));

test('a folder is made with all that is missing above it, for its owner alone, and made again without harm', () => {
  const deep = join(base, 'a/b/c');
  makeFolder(deep);
  makeFolder(deep);
  expect([deep, join(base, 'a')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
});

test('a folder that cannot be is an error that says why, not a hang', () => {
  expect(() => makeFolder('/dev/null/a/b')).toThrow(
    '/dev/null/a cannot be made: something above it is a file, no folder',
  );
  // Not every system has one; where it is, Node's own way of making folders never comes back from it.
  if (existsSync('/proc/self')) expect(() => makeFolder('/proc/honeyguide/a')).toThrow(/ENOENT/);
});

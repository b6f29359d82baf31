import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { testFilesWithStore } from './support/store-files.ts';

const withStore = new Set(testFilesWithStore());
const left = globSync('test/**/*.test.ts').filter((path) => !withStore.has(path));

describe('what runs on PostgreSQL too', () => {
  test('is every file that opens a store, starts a process or leaves something out on one of the stores', () => {
    const tells = /openTestStore|testStoreConfig|testDatabase|ON_POSTGRES|startNode|startScript|startGateway/;
    expect(left.filter((path) => tells.test(readFileSync(path, 'utf8')))).toEqual([]);
  });

  test('is a file that does so by way of others', () => {
    expect(withStore).toContain('test/rights/contact.test.ts');
    expect(withStore).toContain('test/cli/audit.test.ts');
  });

  test('is nothing of the rooms that know of no store', () => {
    expect([...withStore].filter((path) => /^test\/(geo|radio|privacy)\//.test(path))).toEqual([]);
  });
});

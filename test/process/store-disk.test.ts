import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createDiskOf } from '../../src/process/store-disk.ts';
import { openTestStore } from '../support/store.ts';

const { pool, kind, address } = await openTestStore();

test('what is free where the store writes is known for a store on this machine', async () => {
  const disk = createDiskOf(pool, { store: address, dataDir: tmpdir() });
  for (let n = 0; n < 2; n++) {
    const free = await disk.freeBytes();
    expect([free > 0, Number.isFinite(free)]).toEqual([true, true]);
  }
  expect(['embedded', 'postgres']).toContain(kind);
});

test.each(['[::1]', 'LOCALHOST', '127.0.0.1', ''])('%s is this machine', async (host) => {
  const here = createDiskOf(pool, { store: { kind: 'postgres', url: `postgres://${host}/x` }, dataDir: '/' });
  // The embedded store is PostgreSQL too, and tells a directory that is none of this machine's.
  expect(Number.isFinite(await here.freeBytes())).toBe(kind === 'postgres');
});

test('a store elsewhere, or one that tells nothing, is none to measure', async () => {
  const elsewhere = createDiskOf(pool, { store: { kind: 'postgres', url: 'postgres://db.example/x' }, dataDir: '/' });
  expect(await elsewhere.freeBytes()).toBe(Number.POSITIVE_INFINITY);
  const gone = createDiskOf(pool, { store: { kind: 'embedded', socketFolder: '' }, dataDir: '/nowhere/at/all' });
  expect(await gone.freeBytes()).toBe(Number.POSITIVE_INFINITY);
});

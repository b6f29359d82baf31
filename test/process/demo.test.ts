import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareDemo } from '../../src/process/demo.ts';
import { AT_REST } from '../support/at-rest.ts';
import { ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

const NOW_MS = Date.UTC(2026, 10, 22);

test('a demo that was killed while its world was imported is finished by the next start, and prepared once', async () => {
  const store = await openTestStore();
  const dataDir = testFolder();
  const prepare = (wanted: boolean) => prepareDemo(store, AT_REST.macs, dataDir, wanted, randomBytes, NOW_MS);
  const count = async () => {
    const { rows } = await store.pool.query<{ n: number }>(
      'select ((select count(*) from cells) + (select count(*) from wifi_stations))::int as n',
    );
    return rows[0].n;
  };
  const first = await prepare(ON_POSTGRES);
  expect(first).not.toBeNull();
  expect(await prepare(false)).toEqual(first);
  const whole = await count();

  // As a kill leaves it: some of the world, no keys or half a file of them.
  await store.pool.query('delete from cells where cell_id % 2 = 0');
  writeFileSync(join(dataDir, 'demo-keys.json'), '{"dev');
  writeFileSync(join(dataDir, 'demo-begun'), '');
  const again = await prepare(ON_POSTGRES);
  expect(again).not.toBeNull();
  expect(await count()).toBe(whole);
  expect(await prepare(false)).toEqual(again);

  rmSync(join(dataDir, 'demo-keys.json'));
  expect(await prepare(false)).toBeNull();
});

// The key of a day after its time, looked for in the files of the database.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createDayKeys } from '../../src/observations/day-keys.ts';
import { deleteOldKeys } from '../../src/observations/day-keys-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { inFiles } from '../rights/scan.ts';
import { afterFile, testStoreConfig } from '../support/store.ts';

const NOON_MS = Date.UTC(2026, 10, 29, 12);

test('the key of a day is in no file of the store once it is deleted, and the keys of the days around are', async () => {
  const config = await testStoreConfig();
  const { pool, close } = await openStore(config);
  afterFile(close);
  const days = [0, 1, 2].map((later) => NOON_MS + later * DAY_MS);
  const keys: Buffer[] = [];
  for (const day of days)
    keys.push(Buffer.from(await createDayKeys(pool, randomBytes, (stored) => stored).keyFor(day)));
  const look = async () => {
    await pool.query('checkpoint');
    return await inFiles(config.dataDir, pool, keys);
  };
  expect(await look()).toEqual([true, true, true]);
  expect(await deleteOldKeys(pool, days[1])).toBe(0);
  expect(await deleteOldKeys(pool, days[2])).toBe(1);
  // Somebody's snapshot (autovacuum's) may keep a dead row through it; the hourly job does it again in the hours after midnight.
  await expect
    .poll(
      async () => {
        await deleteOldKeys(pool, days[2] - 11 * HOUR_MS);
        return await look();
      },
      { timeout: 30_000 },
    )
    .toEqual([false, true, true]);
});

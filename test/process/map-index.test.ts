import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createLog } from '../../src/process/log.ts';
import { openMapIndex } from '../../src/process/map-index.ts';
import type { Store } from '../../src/storage/open.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore, testFolder } from '../support/store.ts';

test('a stop while the index is read ends the reading, and leaves no half index behind', async () => {
  const store = await openTestStore();
  await store.pool.query('insert into wifi_stations (mac, lat, lon) select n, 1, 2 from generate_series(1, 100) n');
  const dataDir = testFolder();
  const log = createLog('silent', 'test');
  const stop = new AbortController();
  let pages = 0;
  const pool = {
    query(text: string, values?: unknown[]) {
      if (text.includes('string_agg') && ++pages === 1) stop.abort(new Error('told to stop'));
      return store.pool.query(text, values);
    },
  } as Store['pool'];
  const opening = openMapIndex({ ...store, pool }, dataDir, Buffer.alloc(16), AT_REST, log, stop.signal);
  await expect(opening).rejects.toThrow('told to stop');
  expect(pages).toBe(1);
  expect(readdirSync(dataDir)).toEqual([]);
  const map = await openMapIndex(store, dataDir, Buffer.alloc(16), AT_REST, log, new AbortController().signal);
  expect(map.index.size()).toBe(100);
  await map.stop();
});

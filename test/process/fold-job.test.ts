import { expect, test } from 'vitest';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows } from '../../src/observations/store.ts';
import { createFoldLag, foldJob } from '../../src/process/fold-job.ts';
import { MINUTE_MS } from '../../src/time/spans.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

test('a fold that leaves reports waiting is as late as the one that waits longest, beyond the minutes that are meant', () => {
  let nowMs = 0;
  const lag = createFoldLag(() => nowMs);
  const behind: number[] = [];
  for (const waiting of [
    { oldestId: 1, newestId: 100 },
    { oldestId: 50, newestId: 400 },
    { oldestId: 99, newestId: 400 },
    { oldestId: 100, newestId: 900 },
    { oldestId: 101, newestId: 900 },
    { oldestId: 800, newestId: 900 },
    null,
    { oldestId: 901, newestId: 901 },
  ]) {
    lag.note(waiting);
    behind.push(lag.behindMs() / MINUTE_MS);
    nowMs += 2 * MINUTE_MS;
  }
  // Report 100 was there at the first look, 101 at the second, 800 at the fourth.
  expect(behind).toEqual([0, 0, 1, 3, 3, 1, 0, 0]);
});

test('a gateway that is behind for weeks remembers no more than it must', () => {
  let nowMs = 0;
  const lag = createFoldLag(() => nowMs);
  for (let id = 2; id < 20_000; id++) {
    lag.note({ oldestId: 1, newestId: id });
    nowMs += MINUTE_MS;
  }
  expect(lag.behindMs()).toBe(nowMs - 3 * MINUTE_MS);
});

test('the job knows how far behind it is after each run, also after one that failed', async () => {
  const store = await openTestStore();
  let nowMs = 0;
  let isBroken = false;
  const fold = async () => {
    if (isBroken) throw new Error('no');
    return null;
  };
  const job = foldJob({ store, fold, log: { info() {} } as never }, () => nowMs);
  const report = {
    ...{ lat: 38.7, lon: -9.1, accuracyM: 8, speedMps: 1, fused: false, timeMs: Date.now() },
    ...{ wifi: [{ mac: 0x001a2b3c4d5e, dbm: -60, ageMs: 0 }], bluetooth: [], cells: [], neighbours: [] },
  };
  const contributor = { tag: 1, dayKey: Buffer.alloc(32, 1), trusted: false };
  await insertRows(store.pool, packRows([report], contributor, Date.now(), AT_REST.payloads));
  await job.run(0);
  expect(job.behindMs?.()).toBe(0);
  nowMs += 10 * MINUTE_MS;
  expect(job.behindMs?.()).toBe(7 * MINUTE_MS);
  isBroken = true;
  await expect(job.run(0)).rejects.toThrow('no');
  expect(job.behindMs?.()).toBe(7 * MINUTE_MS);
  await store.pool.query(`update inbox set folded_at = 0, contributor = null, payload = ''`);
  await expect(job.run(0)).rejects.toThrow('no');
  expect(job.behindMs?.()).toBe(0);
});

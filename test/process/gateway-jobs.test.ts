import { expect, test } from 'vitest';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows, measureInbox } from '../../src/observations/store.ts';
import { openFoldBeside } from '../../src/process/fold-beside.ts';
import type { JobDeps } from '../../src/process/gateway-jobs.ts';
import type { Store } from '../../src/storage/open.ts';
import { AT_REST, STATION_KEY } from '../support/at-rest.ts';
import { jobsOf } from '../support/jobs.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const NOW_MS = Date.now();
const REPORT = {
  ...{ lat: 38.7, lon: -9.1, accuracyM: 8, speedMps: 1, fused: false, timeMs: NOW_MS },
  ...{ wifi: [{ mac: 0x001a2b3c4d5e, dbm: -60, ageMs: 0 }], bluetooth: [], cells: [], neighbours: [] },
};

const jobOf = (name: string, store: Store, said: Partial<JobDeps>) =>
  jobsOf(store, { readStoreMs: async () => NOW_MS, ...said }).find((job) => job.name === name);

test('the fold takes nothing more once the process stops, so that the stop is not kept waiting', async () => {
  const store = await openTestStore();
  const dayKey = Buffer.alloc(32, 1);
  await store.pool.query('insert into contributor_keys (day, key) values ($1, $2)', [
    Math.floor(NOW_MS / 86_400_000),
    dayKey,
  ]);
  await insertRows(store.pool, packRows([REPORT], { tag: 1, dayKey, trusted: false }, NOW_MS, AT_REST.payloads));
  const pending = async () => (await measureInbox(store.pool)).pendingRows;
  const { address } = store;
  const setup = { store: address, stationKey: STATION_KEY, barredKey: new Uint8Array(32), logLevel: 'silent' };
  const foldUntil = (stopping: AbortSignal) => {
    const { fold } = openFoldBeside(store.pool, setup, testFolder(), stopping);
    return jobOf('fold', store, { fold, stopping })?.run(NOW_MS);
  };

  await foldUntil(AbortSignal.abort());
  expect(await pending()).toBe(1);
  await foldUntil(new AbortController().signal);
  expect(await pending()).toBe(0);
});

test('readiness follows the index while it is read anew, and never rises again during a stop', async () => {
  const store = await openTestStore();
  const flags: Record<string, boolean> = {};
  let complete = true;
  const stopping = new AbortController();
  const watch = jobOf('watch', store, {
    map: { isComplete: () => complete } as never,
    setStatus: (flag, up) => {
      flags[flag] = up;
    },
    stopping: stopping.signal,
  });
  await watch?.run(NOW_MS);
  expect(flags).toEqual({ store: true, index: true, jobs: true });
  complete = false;
  await watch?.run(NOW_MS);
  expect(flags.index).toBe(false);
  complete = true;
  stopping.abort();
  await watch?.run(NOW_MS);
  expect(flags.index).toBe(false);
});

test('readiness falls when the disk of the store is full, and the log says so once, and when there is room again', async () => {
  const store = await openTestStore();
  const said: string[] = [];
  const say = (_facts: object, message: string) => void said.push(message);
  let [isReady, freeBytes] = [false, 1e9];
  const watch = jobOf('watch', store, {
    disk: { freeBytes: async () => freeBytes },
    setStatus(flag, up) {
      if (flag === 'store') isReady = up;
    },
    log: { info: say, error: say } as never,
  });
  const states = [];
  for (freeBytes of [1e9, 4096, 0, 1e9]) {
    await watch?.run(NOW_MS);
    states.push(isReady);
  }
  expect(states).toEqual([true, false, false, true]);
  expect(said).toEqual(['the disk of the store is full', 'the disk of the store has room again']);
});

test('readiness outlasts moments in which the store has no connection left, not one of them too many, and nothing else', async () => {
  const [there, readOnly, crowded, refused] = [true, false, '53300', 'ECONNREFUSED'] as const;
  let [isReady, says] = [false, there as boolean | string];
  const query = async () => {
    if (typeof says === 'string') throw Object.assign(new Error('no'), { code: says });
    return { rows: [{ writable: says }] };
  };
  const watch = jobOf('watch', { kind: 'postgres', pool: { query } } as never, {
    setStatus(flag, up) {
      if (flag === 'store') isReady = up;
    },
  });
  const states = [];
  for (says of [
    ...[crowded, there, crowded, crowded, there, crowded, crowded, crowded, crowded],
    ...[there, refused, crowded, there, readOnly, there],
  ]) {
    await watch?.run(NOW_MS);
    states.push(isReady);
  }
  expect(states).toEqual([
    ...[false, true, true, true, true, true, true, false, false],
    ...[true, false, false, true, false, true],
  ]);
});

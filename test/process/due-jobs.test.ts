// What a gateway does by the clock, with its own list of jobs, its own scheduler and their own periods: only the clock is the
// test's. Nothing here calls a job.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Job, type Scheduler, startJobs, type Timers } from '../../src/jobs/scheduler.ts';
import { markChild } from '../../src/rights/children-store.ts';
import { beginErasure } from '../../src/rights/erase-store.ts';
import { EVIDENCE_MS } from '../../src/rights/registry-people.ts';
import { findTraces } from '../../src/rights/traces-store.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/time/spans.ts';
import { eraseDeps, register } from '../rights/people.ts';
import { jobsOf } from '../support/jobs.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
const clock = { nowMs: Date.now() };
const now = () => clock.nowMs;
/** The store's clock, which goes with the gateway's unless a test says otherwise. */
let storeNow = now;
const erasing = { ...eraseDeps(pool, now), random: randomBytes };
const plan = jobsOf(store, { erasing, readStoreMs: async () => storeNow() });
const waiting = new Map<object, { readonly wake: () => void; readonly atMs: number }>();
const timers: Timers = {
  nowMs: now,
  set(wake, ms) {
    const timer = {};
    waiting.set(timer, { wake, atMs: now() + ms });
    return timer;
  },
  clear: (timer) => void waiting.delete(timer as object),
};
const failed: unknown[] = [];
const running = new Set<Promise<unknown>>();
let scheduler: Scheduler;

beforeEach(() => {
  scheduler = startJobs(plan.map(noted), now, (name, error) => failed.push([name, error]), timers);
});
afterEach(async () => {
  await scheduler.stop();
  expect(failed).toEqual([]);
});

function noted(job: Job): Job {
  return {
    ...job,
    async run(nowMs) {
      const work = Promise.resolve(job.run(nowMs));
      running.add(work);
      await work.finally(() => running.delete(work));
    },
  };
}

/** Lets time pass, step by step; in each, what became due is done before time goes on. */
async function pass(ms: number, stepMs: number): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.nowMs += Math.min(left, stepMs);
    for (const [timer, { wake, atMs }] of [...waiting]) {
      if (atMs > now()) continue;
      waiting.delete(timer);
      wake();
      // One after the other: a busy machine does no more.
      while (running.size > 0) await Promise.allSettled(running);
    }
    // Jobs are set anew once their promises have settled.
    await new Promise(setImmediate);
  }
}

const count = async (sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows.length;
const isThere = (device: string) => count('select 1 from devices where id = $1', [device]);

test('a phone found to be a child’s is gone within the hour, and not before a parent had time to consent', async () => {
  const [dee, ada] = [await register(pool, now()), await register(pool, now())];
  await markChild(erasing, dee.device);
  await pass(44 * MINUTE_MS, 11 * MINUTE_MS);
  expect([await isThere(dee.device), await isThere(ada.device)]).toEqual([1, 1]);
  await pass(15 * MINUTE_MS, MINUTE_MS);
  expect([await isThere(dee.device), await isThere(ada.device)]).toEqual([0, 1]);
  expect(await count("select 1 from erasures where cause = 'child' and step = 'done'")).toBe(1);
  expect(await findTraces(pool, dee.device)).toEqual([]);
});

test('an erasure that was asked for is done within a minute', async () => {
  const ada = await register(pool, now());
  await beginErasure(erasing, ada, 'asked', randomUUID());
  expect(await isThere(ada.device)).toBe(1);
  await pass(MINUTE_MS, 15_000);
  expect(await isThere(ada.device)).toBe(0);
});

test('what is over is gone within an hour: places, reports, their keys, markers; within six, stations nobody heard', async () => {
  const ada = await register(pool, now());
  const today = Math.floor(now() / DAY_MS);
  await pool.query("insert into last_locations values ($1, $2, '\\x00')", [ada.device, now() + MINUTE_MS]);
  await pool.query("insert into suppressions values ('\\x01', 1, $1)", [now() + MINUTE_MS]);
  await pool.query('insert into contributor_keys (day, key) values ($1, $2)', [today - 40, randomBytes(32)]);
  await pool.query(
    `insert into inbox (digest, received_at, contributor, trusted, payload, folded_at)
     values (gen_random_uuid(), $1::int8, 5, true, '\\x00', $1::int8)`,
    [now() - 400 * DAY_MS],
  );
  await pool.query('insert into wifi_stations (mac, lat, lon, samples) values (7, 1, 2, 3)');
  await pool.query("insert into mac_learning (kind, mac, last_day, state) values (1, 7, $1, '\\x00')", [today - 400]);
  const left = async () => [
    await count('select 1 from last_locations'),
    await count("select 1 from suppressions where marker = '\\x01'"),
    await count('select 1 from contributor_keys where day = $1', [today - 40]),
    await count('select 1 from inbox'),
    await count('select 1 from wifi_stations where lat is not null'),
  ];
  expect(await left()).toEqual([1, 1, 1, 1, 1]);
  await pass(HOUR_MS + MINUTE_MS, HOUR_MS / 2);
  expect(await left()).toEqual([0, 0, 0, 0, 1]);
  await pass(5 * HOUR_MS, HOUR_MS);
  expect(await left()).toEqual([0, 0, 0, 0, 0]);
});

test('a phone that nobody used for a year is erased within two hours of the end of it, and its rows of the ledger three years later', async () => {
  const ada = await register(pool, now());
  clock.nowMs += 367 * DAY_MS;
  await pass(2 * HOUR_MS, HOUR_MS / 2);
  expect(await isThere(ada.device)).toBe(0);
  const [first] = (await pool.query('select seq from ledger order by seq limit 1')).rows;
  clock.nowMs += 3 * 366 * DAY_MS;
  await pass(2 * HOUR_MS, HOUR_MS / 2);
  expect(await count('select 1 from ledger where seq = $1 or at <= $2', [first.seq, now() - EVIDENCE_MS])).toBe(0);
});

test('nothing ends or is forgotten by a clock that runs a year ahead of the store’s, but what was asked for is done', async () => {
  const [ada, bo] = [await register(pool, now()), await register(pool, now())];
  await pool.query(
    `insert into inbox (digest, received_at, contributor, trusted, payload) values (gen_random_uuid(), $1, 5, true, '\\x00')`,
    [now()],
  );
  await beginErasure(erasing, bo, 'asked', randomUUID());
  const rightMs = now();
  storeNow = () => rightMs;
  clock.nowMs += 400 * DAY_MS;
  await pass(2 * HOUR_MS, HOUR_MS / 2);
  expect([await isThere(ada.device), await isThere(bo.device), await count('select 1 from inbox')]).toEqual([1, 0, 1]);
  storeNow = now;
  await pass(2 * HOUR_MS, HOUR_MS / 2);
  expect([await isThere(ada.device), await count('select 1 from inbox')]).toEqual([0, 0]);
});

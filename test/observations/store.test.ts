import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { contributorTag } from '../../src/observations/contributor.ts';
import { createDayKeys } from '../../src/observations/day-keys.ts';
import { deleteOldKeys } from '../../src/observations/day-keys-store.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { decodeReport } from '../../src/observations/payload.ts';
import { expireInbox, insertRows, measureInbox, RAW_TTL_MS } from '../../src/observations/store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const { pool } = await openTestStore();
const { payloads } = AT_REST;
const report = (lat: number) => admitted({ lat, wifi: [{ mac: 0x001122334455, dbm: -60, ageMs: 0 }] });
const dayKey = Buffer.alloc(32, 1);
const from = (tag: number, trusted = false) => ({ tag, dayKey, trusted });

test('rows come back as they were put, and what is put again is there once', async () => {
  const rows = packRows([report(1), report(2)], from(2 ** 47 + 5, true), NOW_MS, payloads);
  await insertRows(pool, rows);
  await insertRows(pool, [...rows, ...packRows([report(2)], from(6), NOW_MS, payloads)]);
  const { rows: stored } = await pool.query(
    'select contributor, trusted, received_at, folded_at, uuid_send(digest) as digest, payload from inbox order by id',
  );
  expect(stored.map((row) => [Number(row.contributor), row.trusted, Number(row.received_at), row.folded_at])).toEqual([
    [2 ** 47 + 5, true, NOW_MS, null],
    [2 ** 47 + 5, true, NOW_MS, null],
    [6, false, NOW_MS, null],
  ]);
  const opened = stored.map((row) => {
    const envelope = { contributor: Number(row.contributor), trusted: row.trusted, receivedAtMs: NOW_MS };
    return decodeReport(payloads.open(envelope, row.digest, row.payload)!);
  });
  expect(opened).toEqual([report(1), report(2), report(2)]);
});

test('rows are there when an insert is done, not before, and it fails if the store does', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const slow = { query: () => promise } as unknown as typeof pool;
  const state = vi.fn();
  const insert = insertRows(slow, packRows([report(1)], from(1), NOW_MS, payloads));
  insert.then(() => state('done')).catch(() => state('failed'));
  await new Promise(setImmediate);
  expect(state).not.toHaveBeenCalled();
  reject(new Error('gone'));
  await expect(insert).rejects.toThrow('gone');
});

test('fullness counts what is not folded yet', async () => {
  await pool.query('truncate inbox');
  expect(await measureInbox(pool)).toMatchObject({ pendingRows: 0 });
  await insertRows(pool, packRows([1, 2, 3, 4].map(report), from(1), NOW_MS, payloads));
  await pool.query('update inbox set folded_at = 1 where id = (select min(id) from inbox)');
  const { pendingRows, bytes } = await measureInbox(pool);
  expect(pendingRows).toBe(3);
  expect(bytes).toBeGreaterThan(0);
});

test('what is older than a week goes, folded or not, and nothing else', async () => {
  expect(RAW_TTL_MS).toBe(7 * DAY_MS);
  await pool.query('truncate inbox');
  await insertRows(pool, packRows([1, 2].map(report), from(1), NOW_MS - RAW_TTL_MS - 3_600_000, payloads));
  await insertRows(pool, packRows([3].map(report), from(1), NOW_MS - RAW_TTL_MS, payloads));
  await insertRows(pool, packRows([4].map(report), from(1), NOW_MS, payloads));
  await pool.query('update inbox set folded_at = 1 where id = (select min(id) from inbox)');
  expect(await expireInbox(pool, NOW_MS)).toBe(2);
  expect((await pool.query('select count(*)::int as n from inbox')).rows[0].n).toBe(2);
});

test('an aborted run ends after a batch, and the next one goes on', async () => {
  await pool.query('truncate inbox');
  await pool.query(
    `insert into inbox (digest, received_at, trusted, payload) select gen_random_uuid(), 0, false, '' from generate_series(1, 5001)`,
  );
  expect(await expireInbox(pool, NOW_MS, AbortSignal.abort())).toBe(5000);
  expect(await expireInbox(pool, NOW_MS)).toBe(1);
});

test('all processes count under one key a day, and another the day after', async () => {
  const [a, b] = [createDayKeys(pool, randomBytes, payloads.dayKey), createDayKeys(pool, randomBytes, payloads.dayKey)];
  const [first, second] = await Promise.all([a.keyFor(NOW_MS), b.keyFor(NOW_MS)]);
  expect(Buffer.compare(first, second)).toBe(0);
  expect(Buffer.compare(await a.keyFor(NOW_MS + DAY_MS), first)).not.toBe(0);
  // Also back in the day before, as a clock that is set back would have it.
  expect(Buffer.compare(await a.keyFor(NOW_MS), first)).toBe(0);
});

test('after two days nothing can make the tag of an address again', async () => {
  const day = Date.parse('2026-12-01T08:00:00Z');
  const keys = createDayKeys(pool, randomBytes, payloads.dayKey);
  const tag = contributorTag(await keys.keyFor(day), '203.0.113.5');
  await deleteOldKeys(pool, day + DAY_MS);
  expect(contributorTag(await createDayKeys(pool, randomBytes, payloads.dayKey).keyFor(day), '203.0.113.5')).toBe(tag);
  // The thread that knew the key asks for another day's and forgets it; the job deletes the row.
  await keys.keyFor(day + 2 * DAY_MS);
  await deleteOldKeys(pool, day + 2 * DAY_MS);
  const { rows } = await pool.query('select key from contributor_keys');
  const candidates = [
    ...rows.flatMap((row) => [row.key, payloads.dayKey(row.key)]),
    await keys.keyFor(day),
    await createDayKeys(pool, randomBytes, payloads.dayKey).keyFor(day),
  ];
  expect(candidates.length).toBeGreaterThan(2);
  for (const key of candidates) expect(contributorTag(key, '203.0.113.5')).not.toBe(tag);
});

test('a key that was made while a clock ran ahead does not last until that day', async () => {
  const days = [1, 2, 400].map((day) => NOW_MS + day * DAY_MS);
  const keys = createDayKeys(pool, randomBytes, payloads.dayKey);
  for (const day of days) await keys.keyFor(day);
  await deleteOldKeys(pool, NOW_MS);
  const { rows } = await pool.query('select day from contributor_keys where day > $1', [Math.floor(NOW_MS / DAY_MS)]);
  // Replicas' clocks may differ around midnight.
  expect(rows).toEqual([{ day: Math.floor(days[0] / DAY_MS) }]);
});

test('a store that fails is asked again, not remembered', async () => {
  let failing = true;
  const flaky = {
    query: (...args: unknown[]) => (failing ? Promise.reject(new Error('gone')) : pool.query(...(args as [string]))),
  };
  const keys = createDayKeys(flaky as unknown as typeof pool, randomBytes, payloads.dayKey);
  await expect(keys.keyFor(NOW_MS)).rejects.toThrow('gone');
  failing = false;
  expect((await keys.keyFor(NOW_MS)).length).toBe(32);
});

test('a thread asks for the key of a day once, however many calls come together, and anew for another day', async () => {
  let asked = 0;
  const counting = {
    query: (...args: unknown[]) => {
      asked++;
      return pool.query(...(args as [string]));
    },
  };
  const keys = createDayKeys(counting as unknown as typeof pool, randomBytes, payloads.dayKey);
  await Promise.all([keys.keyFor(NOW_MS), keys.keyFor(NOW_MS + 1)]);
  await keys.keyFor(NOW_MS);
  const once = asked;
  await keys.keyFor(NOW_MS + DAY_MS);
  await keys.keyFor(NOW_MS + DAY_MS);
  expect([once, asked]).toEqual([2, 4]);
});

test('a dump of the rows and keys of a day does not say which networks sent them', async () => {
  const key = await createDayKeys(pool, randomBytes, payloads.dayKey).keyFor(NOW_MS);
  const { rows } = await pool.query('select key from contributor_keys where day = $1', [Math.floor(NOW_MS / DAY_MS)]);
  expect(rows.map((row) => row.key.length)).toEqual([32]);
  expect(contributorTag(rows[0].key, '203.0.113.5')).not.toBe(contributorTag(key, '203.0.113.5'));
});

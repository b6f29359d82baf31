import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { eraseIdle, sweepStore } from '../../src/jobs/rights.ts';
import { beginErasure } from '../../src/rights/erase-store.ts';
import { addRequest, findRequest } from '../../src/rights/requests-store.ts';
import { eraseDeps, register, START_MS } from '../rights/people.ts';
import { openTestStore } from '../support/store.ts';

const { pool } = await openTestStore();
const YEARS_MS = 4 * 365 * 86_400_000;

test('a sweep in which one erasure cannot end does everything else, and then says so', async () => {
  const deps = { ...eraseDeps(pool, () => START_MS), random: randomBytes };
  const [stuck, other] = [await register(pool), await register(pool)];
  // A table that nobody registered, as after a half-done change of the code: the scan for traces finds it.
  await pool.query('create table forgotten (owner uuid)');
  await pool.query('insert into forgotten values ($1)', [stuck.device]);
  for (const one of [stuck, other]) expect(await beginErasure(deps, one, 'asked', randomUUID())).toBe(true);
  await pool.query("insert into suppressions values ('\\x01', 1, 2)");
  await expect(sweepStore(deps)).rejects.toThrow('an erasure left traces in forgotten.owner');
  const done = await pool.query("select count(*)::int as n from erasures where step = 'done'");
  expect(done.rows[0].n).toBe(1);
  expect((await pool.query("select 1 from suppressions where marker = '\\x01'")).rows).toEqual([]);
  await pool.query('drop table forgotten');
  expect((await sweepStore(deps)).devices).toBe(1);
});

test('a sweep ends requests whose proof never came, and tells the person why', async () => {
  const ada = await register(pool);
  const id = randomUUID();
  await addRequest(pool, ada, id, 'erasure', {}, [{ kind: 'askProof' }], START_MS, randomBytes);
  const later = (ms: number) => ({ ...eraseDeps(pool, () => START_MS + ms), random: randomBytes });
  await sweepStore(later(27 * 86_400_000));
  expect((await findRequest(pool, ada, id, START_MS))?.state).toBe('identity');
  await sweepStore(later(32 * 86_400_000));
  expect(await findRequest(pool, ada, id, START_MS)).toMatchObject({
    state: 'refused',
    reason: 'identity was not proven in time',
  });
  await sweepStore(later(YEARS_MS));
  expect((await pool.query('select 1 from devices where id = $1', [ada.device])).rows).toEqual([]);
});

/** Phones that nobody has used since 1970, whose keys are gone already. */
const idle = (n: number) =>
  pool.query(
    `insert into devices (id, created_at, last_used_day, sealed)
     select gen_random_uuid(), 0, 1, '\\x00' from generate_series(1, $1)`,
    [n],
  );
const deps = { ...eraseDeps(pool, () => START_MS), random: randomBytes };

test('a sweep begins the erasure of every phone whose time is over, however many at once', async () => {
  await idle(101);
  expect(await eraseIdle(deps, {})).toBe(101);
  await pool.query('delete from devices where last_used_day = 1');
  await pool.query("delete from erasures where cause = 'unused'");
});

test('a gateway begins a share of them at a time, and what cannot be begun takes no place of what can', async () => {
  await idle(3);
  expect((await sweepStore(deps, undefined, 2)).devices).toBe(2);
  expect((await sweepStore(deps)).devices).toBe(1);
  const stuck = await register(pool);
  await pool.query('update devices set last_used_day = 1 where id = $1', [stuck.device]);
  await pool.query("update device_keys set wrapped = '\\x00' where device = $1", [stuck.device]);
  await idle(3);
  await expect(eraseIdle(deps, {})).rejects.toThrow();
  const left = await pool.query('select id from devices where last_used_day = 1 and flags = 0');
  expect(left.rows).toEqual([{ id: stuck.device }]);
  const stopped = AbortSignal.abort();
  await pool.query('update devices set flags = 0 where last_used_day = 1');
  expect(await eraseIdle(deps, { signal: stopped })).toBe(0);
});

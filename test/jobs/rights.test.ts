import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sweepStore } from '../../src/jobs/rights.ts';
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

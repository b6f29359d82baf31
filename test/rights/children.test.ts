// Who was a child: what whoever holds a phone's token, or is told of erasures, can find out afterwards.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { eraseChildren, eraseUnused, GRACE_MS, markChild } from '../../src/rights/children-store.ts';
import { advanceErasures, beginErasure, findPerson } from '../../src/rights/erase-store.ts';
import { addTestApplication } from '../support/people.ts';
import { MASTERS, openWorld, type Phone } from './world.ts';

const world = await openWorld();
const { pool, call, phone, proof } = world;
const later = (ms: number) => ({ ...world.erase, now: () => Date.now() + ms });
/** What the holder of a phone's token gets to see, but for the moment it was asked. */
async function seenBy(who: Phone): Promise<unknown[]> {
  const answers = [];
  for (const url of ['/v1/me/export', '/v1/me', '/v1/me/requests', '/v1/me/tokens']) {
    const { status, body, headers } = await call(who, 'GET', url);
    answers.push([url, status, { ...body, createdAt: null }, Object.keys(headers)]);
  }
  return answers;
}

test('who registers as a child is erased within the hour, unless a parent consents meanwhile', async () => {
  const [dee, eve] = [await phone({ jurisdiction: 'NL', ageBand: '13to15' }), await phone({ ageBand: 'under13' })];
  const ada = await phone({ jurisdiction: 'BE', ageBand: '13to15' });
  await parentConsents(eve);
  expect(await eraseChildren(later(GRACE_MS - 60_000), randomBytes)).toBe(0);
  // The hour counts from the registration, not from when a job first looked.
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(1);
  expect((await call(dee, 'GET', '/v1/me')).status).toBe(401);
  for (const other of [eve, ada]) expect((await call(other, 'GET', '/v1/me')).status).toBe(200);
});

test('who became a child while a parent’s consent was in force is erased within the hour of its end', async () => {
  const eve = await phone();
  await parentConsents(eve);
  expect((await call(eve, 'PATCH', '/v1/me', { ageBand: 'under13' })).status).toBe(200);
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(0);
  await pool.query('update parental_consents set withdrawn_at = $2 where device = $1', [eve.id, Date.now()]);
  expect(await eraseChildren(world.erase, randomBytes)).toBe(0);
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(1);
  expect((await call(eve, 'GET', '/v1/me')).status).toBe(401);
});

test('a child whose parent consents in time, and takes it back later, has all the time again', async () => {
  const [alone, eve] = [await phone(), await phone()];
  for (const { id } of [alone, eve]) await markChild(world.erase, id);
  await parentConsents(eve);
  expect(await eraseChildren(later(60_000), randomBytes)).toBe(0);
  await pool.query('update parental_consents set withdrawn_at = $2 where device = $1', [eve.id, Date.now()]);
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(1);
  expect([(await call(alone, 'GET', '/v1/me')).status, (await call(eve, 'GET', '/v1/me')).status]).toEqual([401, 200]);
  expect(await eraseChildren(later(2 * GRACE_MS), randomBytes)).toBe(0);
  expect(await eraseChildren(later(2 * GRACE_MS + 1_000), randomBytes)).toBe(1);
});

test('a child whose key does not open keeps no other from being erased, and the job says so each time', async () => {
  const children = [await phone(), await phone(), await phone()];
  for (const { id } of children) await markChild(world.erase, id);
  const damaged = children[0].id;
  const { rows } = await pool.query('select wrapped from device_keys where device = $1', [damaged]);
  const put = (wrapped: Buffer) =>
    pool.query('update device_keys set wrapped = $2 where device = $1', [damaged, wrapped]);
  await put(Buffer.alloc(rows[0].wrapped.length));
  for (let run = 0; run < 2; run++) await expect(eraseChildren(later(GRACE_MS + 1_000), randomBytes)).rejects.toThrow();
  for (const other of children.slice(1)) expect((await call(other, 'GET', '/v1/me')).status).toBe(401);
  await put(rows[0].wrapped);
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(1);
});

test.each([
  ['whose parent consented', (child: Phone) => parentConsents(child)],
  [
    'who were corrected to be of age',
    (child: Phone) => pool.query('update devices set flags = 0 where id = $1', [child.id]),
  ],
  [
    'who were found out anew, after a parent consented and took it back,',
    async (child: Phone) => {
      await parentConsents(child);
      await pool.query('update child_marks set marked_at = $2 where device = $1', [child.id, Date.now() + GRACE_MS]);
      await pool.query('update parental_consents set withdrawn_at = 1 where device = $1', [child.id]);
    },
  ],
] as const)('children %s while the job was erasing another are not erased by it', async (_how, spare) => {
  const children = [await phone(), await phone(), await phone()];
  for (const { id } of children) await markChild(world.erase, id);
  let spared = 0;
  const onStep = async (step: string) => {
    if (step !== 'begun' || spared > 0) return;
    for (const child of children)
      if ((await call(child, 'GET', '/v1/me')).status === 200) {
        await spare(child);
        spared++;
      }
  };
  expect(await eraseChildren({ ...later(GRACE_MS + 1_000), onStep }, randomBytes)).toBe(1);
  expect(spared).toBe(2);
  const left = [];
  for (const child of children) left.push((await call(child, 'GET', '/v1/me')).status);
  expect(left.sort()).toEqual([200, 200, 401]);
});

test('a phone that was used again while the job was erasing another one is not erased as unused', async () => {
  const phones = [await phone(), await phone()];
  const ids = phones.map(({ id }) => id);
  await pool.query('update devices set last_used_day = 1 where id = any($1)', [ids]);
  const onStep = async () => void (await pool.query('update devices set last_used_day = 2 where id = any($1)', [ids]));
  const overdue = `$1::int8 > 0 and t.last_used_day = 1`;
  expect(await eraseUnused({ ...world.erase, onStep }, randomBytes, overdue)).toBe(1);
});

test.each([
  ['goes', 'names regions only', false],
  ['stays', 'names precise positions', true],
] as const)(
  'the last place of who is found out to be a child %s at once where the parent’s consent in force %s',
  async (_what, _how, precise) => {
    const eve = await phone();
    await parentConsents(eve, precise);
    await pool.query("insert into last_locations (device, expires_at, sealed) values ($1, 9000000000000, '\\x00')", [
      eve.id,
    ]);
    await markChild(world.erase, eve.id);
    expect((await pool.query('select 1 from last_locations where device = $1', [eve.id])).rowCount).toBe(
      precise ? 1 : 0,
    );
    expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(0);
  },
);

test('an erased phone’s token opens the same empty export, whether its user was a child, asked, or was erased by the operator', async () => {
  const [child, asker, byOperator, unused] = [await phone(), await phone(), await phone(), await phone()];
  await markChild(world.erase, child.id);
  expect(await eraseChildren(later(GRACE_MS + 1_000), randomBytes)).toBe(1);
  await call(asker, 'POST', '/v1/me/erasure', undefined, await proof(asker, 'erasure'));
  const person = (await findPerson(pool, MASTERS, byOperator.id))!;
  expect(await beginErasure(world.erase, person, 'operator', 'a code')).toBe(true);
  expect(await eraseUnused(world.erase, randomBytes, `$1::int8 > 0 and t.id = '${unused.id}'`)).toBe(1);
  await advanceErasures(world.erase);
  const seen = await seenBy(child);
  expect((seen[0] as unknown[]).slice(0, 3)).toEqual([
    '/v1/me/export',
    200,
    { format: 'honeyguide-export-1', createdAt: null, held: {} },
  ]);
  for (const other of [asker, byOperator, unused]) expect(await seenBy(other)).toEqual(seen);
});

test('nor do they part when the token would have ended: each is suppressed until its own time', async () => {
  const [child, asker] = [await phone(), await phone()];
  const token = await pool.query('select expires_at::float8 as at from device_tokens where device = $1', [child.id]);
  const before = new Set((await markers()).map((row) => row.marker));
  await markChild(world.erase, child.id);
  await eraseChildren(later(GRACE_MS + 1_000), randomBytes);
  await call(asker, 'POST', '/v1/me/erasure', undefined, await proof(asker, 'erasure'));
  const made = (await markers()).filter((row) => !before.has(row.marker));
  expect(made).toHaveLength(2);
  // Registered within this test.
  for (const { ends } of made) expect(Math.abs(ends - token.rows[0].at)).toBeLessThan(60_000);
});

test('an application’s token opens no export, before its phone is erased or after', async () => {
  const asker = await phone();
  const application = await addTestApplication(world.store);
  const { token } = (await call(asker, 'POST', '/v1/me/tokens', { application })).body;
  expect((await call({ ...asker, token }, 'GET', '/v1/me/export')).status).toBe(401);
  await call(asker, 'POST', '/v1/me/erasure', undefined, await proof(asker, 'erasure'));
  expect((await call({ ...asker, token }, 'GET', '/v1/me/export')).status).toBe(401);
});

async function markers(): Promise<{ marker: string; ends: number }[]> {
  return (await pool.query(`select encode(marker, 'hex') as marker, expires_at::float8 as ends from suppressions`))
    .rows;
}

async function parentConsents(child: Phone, precise = false): Promise<void> {
  await pool.query(
    "insert into parental_consents values (gen_random_uuid(), $1, 1, 'signed-form', $2, null, '\\x00')",
    [child.id, precise],
  );
}

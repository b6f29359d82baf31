// What somebody who asked to be erased hears of what law still holds.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { advanceErasures } from '../../src/rights/erase-store.ts';
import { endHold, placeHold } from '../../src/rights/retention-store.ts';
import { holdReason } from '../../src/rights/told-holds-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { openWorld, type Phone } from './world.ts';

const { call, phone, proof, pool, erase } = await openWorld();

async function hold({ id: device }: Phone, because: 'legal_obligation' | 'legal_claims', endsAt: number) {
  const { rows } = await pool.query('select seq::text from consent_events where device = $1 limit 1', [device]);
  const held = { table: 'consent_events', rowKey: rows[0].seq, placedBy: 'ana', endsAt };
  const id = randomUUID();
  expect(await placeHold(pool, { id, ...held, reason: holdReason(because, 'a letter came') }, Date.now())).toBe(true);
  return id;
}

async function eraseAndAsk(ada: Phone) {
  const { body } = await call(ada, 'POST', '/v1/me/erasure', undefined, await proof(ada, 'erasure'));
  await advanceErasures(erase);
  const status = async () => (await call(null, 'GET', `/v1/privacy/erasures/${body.code}`)).body;
  const copy = async () => (await call(ada, 'GET', '/v1/me/export')).body;
  return { status, copy };
}

test('the code and the copy of who is erased say that rows are held, why and until when, as long as they are', async () => {
  const ada = await phone();
  const [soon, late] = [Date.now() + 3 * DAY_MS, Date.now() + 30 * DAY_MS];
  const holds = [await hold(ada, 'legal_obligation', soon), await hold(ada, 'legal_claims', late)];
  const { status, copy } = await eraseAndAsk(ada);
  const told = { because: 'legal_claims', until: new Date(late).toISOString() };
  expect(await status()).toMatchObject({ state: 'in progress', doneAt: null, heldByLaw: told });
  expect(await copy()).toMatchObject({ held: {}, heldByLaw: told });
  expect(JSON.stringify([await status(), await copy()])).not.toMatch(/letter|ana/);
  for (const id of holds) await endHold(pool, id, Date.now() - 1);
  expect(await status()).toMatchObject({ state: 'in progress', heldByLaw: null });
  await advanceErasures(erase);
  expect(await status()).toMatchObject({ state: 'done', heldByLaw: null });
  expect(await copy()).not.toHaveProperty('heldByLaw');
});

test('under a gag they say nothing of it, and somebody else’s hold is nobody’s', async () => {
  const [ada, bo] = [await phone(), await phone()];
  await hold(ada, 'legal_obligation', Date.now() + DAY_MS);
  await pool.query(`insert into legal_disclosures values ($1, $2, 'security', 'ana', $3, $3, $3, null, '\\x00')`, [
    randomUUID(),
    ada.id,
    Date.now() + DAY_MS,
  ]);
  for (const one of [ada, bo]) {
    const { status, copy } = await eraseAndAsk(one);
    expect(await status()).toMatchObject({ heldByLaw: null });
    expect(await copy()).toEqual({ format: 'honeyguide-export-1', createdAt: expect.any(String), held: {} });
  }
});

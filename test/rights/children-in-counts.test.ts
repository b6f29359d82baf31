// K3: a child that is found out is in no count that is not released yet, however it is found out.
import { randomBytes, randomUUID } from 'node:crypto';
import { latLngToCell } from 'h3-js';
import { beforeEach, expect, test } from 'vitest';
import { insertParental } from '../../src/consent/parental-store.ts';
import { lockDevice } from '../../src/devices/store.ts';
import { windowOf } from '../../src/privacy/count-rule.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { writeVisits } from '../../src/sharing/counts/visit-store.ts';
import { MASTERS, openWorld, type Phone, PSEUDONYM_KEY } from './world.ts';

const world = await openWorld();
const region = keyOfCell(latLngToCell(52, 5, 7));
const visits = async () => (await world.pool.query('select count(*)::int as n from visits')).rows[0].n;

async function counted(profile: object = {}): Promise<Phone> {
  const phone = await world.phone(profile);
  const visit = { window: windowOf(Date.now()) - 3, device: phone.id, region, ticks: 5 };
  await writeVisits({ pool: world.pool, secret: PSEUDONYM_KEY, random: randomBytes }, [visit]);
  return phone;
}

beforeEach(async () => {
  await world.pool.query('delete from visits');
});

test('by the age that it tells', async () => {
  const phone = await counted();
  expect(await visits()).toBe(1);
  expect((await world.call(phone, 'PATCH', '/v1/me', { ageBand: 'under13' })).status).toBe(200);
  expect(await visits()).toBe(0);
});

test('by moving to where it is one', async () => {
  const phone = await counted({ jurisdiction: 'NL', ageBand: '16to17' });
  const proof = await world.proof(phone, 'profile');
  expect((await world.call(phone, 'PATCH', '/v1/me', { jurisdiction: 'IN' }, proof)).status).toBe(200);
  expect(await visits()).toBe(0);
});

test('also a child that a parent speaks for: counting was not asked', async () => {
  const phone = await counted();
  await world.inChain(async (client) => {
    const device = (await lockDevice(client, MASTERS, phone.id))!;
    const verified = { method: 'signed-form' as const, parent: 'P', evidenceSha256: 'ab'.repeat(32), precise: false };
    await insertParental(client, device, { id: randomUUID(), ...verified }, randomBytes, Date.now());
  });
  await world.call(phone, 'PATCH', '/v1/me', { ageBand: 'under13' });
  expect(await visits()).toBe(0);
});

test('and nobody else is taken out, nor who changes something else', async () => {
  const [child, grown] = [await counted(), await counted()];
  expect(await visits()).toBe(2);
  await world.call(grown, 'PATCH', '/v1/me', { sources: { wifi: false } });
  await world.call(child, 'PATCH', '/v1/me', { ageBand: 'under13' });
  expect(await visits()).toBe(1);
});

// Receipts whose key was changed since: who kept one can check it still.
import { randomBytes } from 'node:crypto';
import { type CompactVerifyResult, compactVerify, createLocalJWKSet } from 'jose';
import { expect, test } from 'vitest';
import { openPeople } from '../../src/process/people.ts';
import { createTestApp } from '../support/app.ts';
import { addTestApplication, createTestPeople, MASTERS } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const before = await createTestPeople(store);
const application = await addTestApplication(store);
const url = `/v1/me/consents/${application}/dpv:ServiceProvision`;
const setup = {
  pool: store.pool,
  inChain: before.inChain,
  masters: MASTERS,
  pseudonymKey: Buffer.alloc(32, 5),
  contact: '',
};

/** The gateway after its `receiptKey` was changed, on the same store. */
async function withAnotherKey() {
  const people = await openPeople({ ...setup, receiptKey: randomBytes(32) });
  const { app } = await createTestApp({ people, now: () => before.clock.nowMs });
  const call = async (method: 'GET' | 'PUT', path: string, token = '', payload?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await app.inject({ method, url: path, headers, ...(payload && { payload }) })).json();
  };
  const check = async (receipt: string): Promise<CompactVerifyResult> =>
    await compactVerify(receipt, createLocalJWKSet(await call('GET', '/.well-known/jwks.json')));
  return { call, check };
}

test('a receipt is checked with what is published after its key was changed, twice, and its Kantara form names the key that signed it', async () => {
  const token = await before.register();
  const { receipt } = (await before.call('PUT', url, token, { precision: 'precise' })).body as { receipt: string };
  const second = await withAnotherKey();
  const signed = await second.check(receipt);
  const { receiptId } = JSON.parse(Buffer.from(signed.payload).toString());
  const found = await second.call('GET', `/v1/me/receipts/${receiptId}`, token);
  expect(found).toMatchObject({ receipt, kantara: { publicKey: signed.protectedHeader.kid } });

  const later = (await second.call('PUT', url, token, { precision: 'region' })).receipt as string;
  const third = await withAnotherKey();
  for (const one of [receipt, later]) expect((await third.check(one)).protectedHeader.alg).toBe('EdDSA');
  const { keys } = await third.call('GET', '/.well-known/jwks.json');
  expect(keys).toHaveLength(3);
  // The one in use first, and public halves only.
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
});

// The production app over a real store with people in it: what tests of rights over HTTP start from.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Pool } from 'pg';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { createInChain, type InChain } from '../../src/disclosures/chain.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { openPeople } from '../../src/process/people.ts';
import { eraseDepsOf, openRights } from '../../src/process/rights.ts';
import { answerChallenge, type ProofAction } from '../../src/rights/proof.ts';
import type { Store } from '../../src/storage/open.ts';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { openTestStore } from '../support/store.ts';

export type Phone = { readonly token: string; readonly proofKey: Buffer; readonly id: string };
export type World = {
  readonly store: Store;
  readonly app: FastifyInstance;
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly settled: number[];
  readonly erase: ReturnType<typeof eraseDepsOf>;
  call(
    phone: Phone | null,
    method: InjectOptions['method'],
    url: string,
    body?: object,
    proof?: string,
    from?: string,
  ): Promise<{
    status: number; // biome-ignore lint/suspicious/noExplicitAny: whatever came back, to be looked at
    body: any;
    headers: Record<string, unknown>;
  }>;
  phone(profile?: object): Promise<Phone>;
  proof(phone: Phone, action: ProofAction): Promise<string>;
};

export const PSEUDONYM_KEY = Buffer.alloc(32, 5);
export const MASTERS = masterKeysOf([Buffer.alloc(32, 1)]);

export async function openWorld(): Promise<World> {
  const store = await openTestStore();
  const { pool } = store;
  await insertPolicy(pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  const settled: number[] = [];
  const inChain = createInChain({
    pool,
    ledgerKey: Buffer.alloc(32, 3),
    now: Date.now,
    settle: async (seq) => void settled.push(seq),
  });
  const setup = { pool, inChain, masters: MASTERS, pseudonymKey: PSEUDONYM_KEY, contact: 'privacy@example.org' };
  const people = await openPeople({ ...setup, receiptKey: randomBytes(32) });
  const { app } = await createTestApp({
    people,
    rights: openRights(setup),
    now: Date.now,
  });
  const call: World['call'] = async (phone, method, url, body, proof, from) => {
    const answer = await app.inject({
      method,
      url,
      ...(from !== undefined && { remoteAddress: from }),
      headers: {
        ...(phone && { authorization: `Bearer ${phone.token}` }),
        ...(proof !== undefined && { 'honeyguide-proof': proof }),
      },
      ...(body && { payload: body }),
    });
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), headers: answer.headers };
  };
  return {
    ...{ store, app, pool, inChain, settled, call, erase: eraseDepsOf(setup) },
    async phone(profile = { jurisdiction: 'NL', ageBand: '18plus' }) {
      const answer = await app.inject({ method: 'POST', url: `/v1/devices?key=${DEVICE_KEY}`, payload: profile });
      const { token, proofKey } = answer.json();
      const phone = { token, proofKey: Buffer.from(proofKey, 'base64url'), id: '' };
      return { ...phone, id: (await call(phone, 'GET', '/v1/me')).body.id };
    },
    async proof(phone, action) {
      const { nonce } = (await call(phone, 'POST', '/v1/me/challenges', { action })).body;
      return `${nonce}.${answerChallenge(phone.proofKey, action, nonce)}`;
    },
  };
}

// The production app with people's routes over a real store, the clock in the test's hand, and applications to consent to.
import { randomBytes } from 'node:crypto';
import { type MasterKeys, masterKeysOf } from '../../src/devices/master-keys.ts';
import { createInChain, type InChain } from '../../src/disclosures/chain.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { openPeople, type People } from '../../src/process/people.ts';
import { openRights } from '../../src/process/rights.ts';
import { answerChallenge, type ProofAction } from '../../src/rights/proof.ts';
import type { Store } from '../../src/storage/open.ts';
import { createTestApp, DEVICE_KEY, type TestApp } from './app.ts';

export const MASTERS = masterKeysOf([Buffer.alloc(32, 1)]);
export const LEDGER_KEY = Buffer.alloc(32, 2);

export type TestPeople = TestApp & {
  readonly people: People;
  readonly inChain: InChain;
  /** Announced changes: numbers that were waited for. */
  readonly settled: number[];
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    token?: string,
    body?: object,
    proof?: string,
  ): Promise<Answer>;
  register(body?: object): Promise<string>;
  /** The header that proves that the phone of this token is there, once. */
  prove(token: string, action: ProofAction): Promise<string>;
};
export type Answer = {
  readonly status: number;
  readonly body: never;
  readonly text: string;
  readonly headers: Record<string, unknown>;
};

type Setup = {
  readonly masters?: MasterKeys;
  readonly ledgerKey?: Uint8Array;
  readonly othersPerMinute?: number;
  /** How a change is waited for; default: it is only counted. */
  readonly settle?: (seq: number) => Promise<void>;
};

export async function createTestPeople(
  store: Store,
  { masters = MASTERS, ledgerKey = LEDGER_KEY, othersPerMinute = 100_000, settle }: Setup = {},
): Promise<TestPeople> {
  const { pool } = store;
  await insertPolicy(pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  const settled: number[] = [];
  let clock = { nowMs: 0 };
  const inChain = createInChain({
    pool,
    ledgerKey,
    now: () => clock.nowMs,
    async settle(seq) {
      settled.push(seq);
      await settle?.(seq);
    },
  });
  const people = await openPeople({
    pool,
    inChain,
    masters,
    receiptKey: Buffer.alloc(32, 3),
    pseudonymKey: Buffer.alloc(32, 5),
    contact: 'privacy@example.org',
  });
  const setup = { pool, inChain, masters, pseudonymKey: Buffer.alloc(32, 5), contact: 'privacy@example.org' };
  const proofKeys = new Map<string, Buffer>();
  const test = await createTestApp({ people, othersPerMinute, rights: openRights(setup, () => clock.nowMs) });
  clock = test.clock;
  const call: TestPeople['call'] = async (method, url, token, body, proof) => {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(proof !== undefined && { 'honeyguide-proof': proof }),
    };
    const {
      statusCode,
      payload,
      headers: got,
    } = await test.app.inject({
      ...{ method, url, headers, payload: body },
      // Not this machine's own, which no limit holds for.
      remoteAddress: '192.0.2.10',
    });
    return {
      status: statusCode,
      body: (payload === '' ? null : JSON.parse(payload)) as never,
      text: payload,
      headers: got,
    };
  };
  return {
    ...test,
    people,
    inChain,
    settled,
    call,
    async register(body = { ageBand: '18plus', jurisdiction: 'NL' }) {
      const answer = await call('POST', '/v1/devices', DEVICE_KEY, body);
      if (answer.status !== 201) throw new Error(answer.text);
      const { token, proofKey } = answer.body as { token: string; proofKey: string };
      proofKeys.set(token, Buffer.from(proofKey, 'base64url'));
      return token;
    },
    async prove(token, action) {
      const { nonce } = (await call('POST', '/v1/me/challenges', token, { action })).body as { nonce: string };
      return `${nonce}.${answerChallenge(proofKeys.get(token)!, action, nonce)}`;
    },
  };
}

let partners = 0;
/** Registers a partner and one application of it; returns the application's id. */
export async function addTestApplication(
  store: Store,
  over: {
    policyUrl?: string | null;
    adFunded?: boolean;
    maxPrecision?: number;
    purposes?: string[];
    partner?: string;
  } = {},
): Promise<string> {
  const partner = over.partner ?? `partner-${++partners}`;
  const id = `app-${randomBytes(4).toString('hex')}`;
  const policyUrl = over.policyUrl === undefined ? 'https://example.com/privacy' : over.policyUrl;
  await store.pool.query(
    `insert into partners (id, name, role, policy_url, contact, controller, ad_funded, created_at)
     values ($1, 'Weather Ltd', 'vendor', $2, 'privacy@example.com', 'Weather Ltd, 1 Rain Street', $3, 0) on conflict do nothing`,
    [partner, policyUrl, over.adFunded ?? false],
  );
  await store.pool.query(
    `insert into applications (id, partner, name, purposes, max_precision, created_at) values ($1, $2, 'Weather', $3, $4, 0)`,
    [id, partner, over.purposes ?? ['dpv:ServiceProvision'], over.maxPrecision ?? 2],
  );
  return id;
}

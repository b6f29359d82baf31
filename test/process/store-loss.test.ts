import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';
import { proofKeyOf } from '../../src/devices/device-key.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { createSubmissionCountMemory } from '../../src/observations/submission-counts.ts';
import { openPeople, openThreadPeople } from '../../src/process/people.ts';
import { openRights } from '../../src/process/rights.ts';
import { orUnavailable } from '../../src/process/store-loss.ts';
import { openSubmission } from '../../src/process/submission.ts';
import { openChallenge } from '../../src/rights/challenges-store.ts';
import { answerChallenge } from '../../src/rights/proof.ts';
import { openPool } from '../../src/storage/pool.ts';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { afterFile, openTestStore, testFolder } from '../support/store.ts';

test('a store that is away is a 503 for people, never an answer and never their fault', async () => {
  // Nothing listens on port 1.
  const { pool, close } = openPool({ kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' });
  afterFile(close);
  const inChain = createInChain({ pool, ledgerKey: Buffer.alloc(32), now: () => 0, settle: async () => {} });
  const masters = masterKeysOf([Buffer.alloc(32)]);
  const people = await openPeople({
    pool,
    inChain,
    masters,
    receiptKey: Buffer.alloc(32),
    pseudonymKey: Buffer.alloc(32),
    contact: '',
  });
  const { app, logged } = await createTestApp({ people });
  const token = `hgt_${'A'.repeat(43)}`;
  for (const [method, url, credential] of [
    ['POST', '/v1/devices', DEVICE_KEY],
    ['GET', '/v1/me', token],
    ['PUT', '/v1/me/consents/weather/dpv:ServiceProvision', token],
    ['DELETE', '/v1/me/consents/weather/dpv:ServiceProvision', token],
    ['GET', '/v1/policies/current', ''],
  ] as const) {
    const headers = { authorization: `Bearer ${credential}` };
    const payload = method === 'PUT' ? { precision: 'none' } : method === 'POST' ? {} : undefined;
    const answer = await app.inject({ method, url, headers, payload });
    expect([url, answer.statusCode, answer.headers['retry-after']]).toEqual([url, 503, '10']);
    expect(answer.json()).toMatchObject({ type: '/problems/unavailable' });
  }
  expect(logged).toEqual([]);
});

test('a ledger without its head is a 503 for who needs it, a line in the log now and then, and the end of no thread', async () => {
  const store = await openTestStore();
  const dataDir = testFolder();
  const { ledgerKey, pseudonymKey } = loadSecrets({ dataDir }, randomBytes);
  const keys = { secretsPath: secretsPath({ dataDir }), ledgerKey, pseudonymKey, receiptKey: randomBytes(32) };
  const said: string[] = [];
  const { people, close } = await openThreadPeople(store.address, keys, 'privacy@example.org', {
    error: (_facts, text) => void said.push(text),
  });
  afterFile(close);
  const { app, logged } = await createTestApp({ people });
  await store.pool.query('delete from ledger_head');
  for (let i = 0; i < 3; i++) {
    const headers = { authorization: `Bearer ${DEVICE_KEY}` };
    const answer = await app.inject({ method: 'POST', url: '/v1/devices', headers, payload: {} });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '10']);
  }
  expect((await app.inject({ method: 'GET', url: '/v1/policies/current' })).statusCode).not.toBe(503);
  expect(logged).toEqual([]);
  expect(said).toEqual([expect.stringContaining('the ledger has no head')]);
});

test('so is a store that is lost, or read only, when somebody’s token was found: nothing that a person asks is a bug then', async () => {
  const { pool, close } = openPool({ kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' });
  afterFile(close);
  const inChain = createInChain({ pool, ledgerKey: Buffer.alloc(32), now: () => 0, settle: async () => {} });
  const setup = {
    pool,
    inChain,
    masters: masterKeysOf([Buffer.alloc(32)]),
    pseudonymKey: Buffer.alloc(32),
    contact: '',
  };
  const { rights, findSuppressed } = openRights(setup);
  const phone = {
    id: '6f0b3a3e-7d1c-4a86-9a55-0f1f4b6c2d10',
    key: Buffer.alloc(32),
    flags: 0,
    tokenHash: Buffer.alloc(32),
  };
  const proof = openChallenge({ device: phone.id, key: phone.key }, 'erasure', Date.now(), randomBytes).nonce;
  const answer = answerChallenge(proofKeyOf(phone.key), 'erasure', proof);
  for (const asking of [
    () => rights.prove(phone, 'erasure', `${proof}.${answer}`),
    () => rights.await(phone, 'erasure', {}),
    () => rights.rectify(phone, { field: 'position' }),
    () => rights.erase(phone),
    () => rights.restrict(phone),
    () => rights.requests(phone),
    () => rights.request(phone, phone.id),
    () => rights.disclosures(phone, 1, 1),
    () => rights.export(phone).pages[Symbol.asyncIterator]().next(),
    () => rights.export(phone).finish(),
    () => findSuppressed(`hgt_${'A'.repeat(43)}`),
  ])
    await expect(asking(), `${asking}`).rejects.toMatchObject({ refusal: { kind: 'unavailable', retryAfterS: 10 } });
});

test('a request to remove an access point is a 503 while the store is away', async () => {
  const { removals, close } = openSubmission(
    {
      store: { kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' },
      ...{
        dataDir: '.',
        submissionCounts: createSubmissionCountMemory(),
        barredKey: Buffer.alloc(32),
        stationKey: Buffer.alloc(32),
      },
    },
    { error() {}, info() {} } as never,
  );
  afterFile(close);
  await expect(removals.request(0x001a2b3c4d5e, 0)).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
});

test('a wait that was cut short is a 503 too; any other failure stays the bug it is', async () => {
  const failing = (error: object) => () => Promise.reject(Object.assign(new Error('x'), error));
  await expect(orUnavailable(failing({ code: '55P03' }))).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  // No connection, no room, read only after a fail-over: away as far as anybody who asks can tell.
  for (const code of ['53300', '53100', '25006', '58030'])
    await expect(orUnavailable(failing({ code }))).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  await expect(orUnavailable(failing({ code: '23505' }))).rejects.toMatchObject({ code: '23505' });
  // Somebody's row past the end of the ledger: nothing can be written until it is gone.
  const inTheWay = failing({ code: '23505', table: 'ledger' });
  await expect(orUnavailable(inTheWay)).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  expect(await orUnavailable(async () => 7)).toBe(7);
});

test('so is one whose name cannot be looked up, whose way was cut, or which lets the gateway in no more', async () => {
  const { pool, close } = openPool({ kind: 'postgres', url: 'postgres://nobody@store.invalid/none' });
  afterFile(close);
  await expect(orUnavailable(() => pool.query('select 1'))).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  for (const lost of [
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'EHOSTUNREACH', syscall: 'read' },
    { code: '28P01', severity: 'FATAL' },
    { code: '28000', severity: 'FATAL' },
  ]) {
    const work = () => Promise.reject(Object.assign(new Error('lost'), lost));
    await expect(orUnavailable(work), lost.code).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  }
  const full = Object.assign(new Error('a file'), { code: 'EISDIR', syscall: 'read' });
  await expect(orUnavailable(() => Promise.reject(full))).rejects.toBe(full);
});

import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { openChallenge } from '../../src/rights/challenges-store.ts';
import { eraseChildren, GRACE_MS, markChild } from '../../src/rights/children-store.ts';
import { advanceErasures, findPerson } from '../../src/rights/erase-store.ts';
import { noticeHandle } from '../../src/rights/notice-handle.ts';
import { answerChallenge, CHALLENGE_MS, hashNonce, type ProofAction } from '../../src/rights/proof.ts';
import { EVIDENCE_MS } from '../../src/rights/registry-people.ts';
import { findTraces } from '../../src/rights/traces-store.ts';
import { addTestApplication } from '../support/people.ts';
import { addPartner } from '../support/sharing.ts';
import { MASTERS, openWorld, type Phone } from './world.ts';

const world = await openWorld();
const { pool, call, phone, proof } = world;

async function disclose(who: Phone, application: string, kind: 1 | 2 = KIND.precise, at = Date.now()): Promise<void> {
  const { key } = (await findPerson(pool, MASTERS, who.id))!;
  await world.inChain(async (_client, chain) => {
    chain.append({
      at,
      kind,
      application,
      subject: ledgerSubject(key),
      purpose: 'dpv:ServiceProvision',
      basis: kind === 1 ? 'consent' : 'anonymous',
      precision: kind === 1 ? 2 : 1,
      policyVersion: '2017-06-30',
    });
  });
}
/** Right, but five minutes late. */
async function oldProof(who: Phone, action: ProofAction): Promise<string> {
  const person = (await findPerson(pool, MASTERS, who.id))!;
  const { nonce } = openChallenge(person, action, Date.now() - CHALLENGE_MS - 1, randomBytes);
  return `${nonce}.${answerChallenge(who.proofKey, action, nonce)}`;
}
const noticesOf = async (application: string) =>
  (await pool.query('select kind, handles from recipient_notices where application = $1 order by id', [application]))
    .rows;

describe('restriction', () => {
  test('takes effect with the answer, is announced to every replica, tells recipients, and is written down', async () => {
    const ada = await phone();
    await disclose(ada, 'restrict-app');
    world.settled.length = 0;
    const answer = await call(ada, 'POST', '/v1/me/restrict');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ kind: 'restriction', state: 'done', reason: null });
    expect(world.settled.length).toBe(1);
    expect((await call(ada, 'GET', '/v1/me')).body.restricted).toBe(true);
    expect(await noticesOf('restrict-app')).toEqual([
      { kind: 'restricted', handles: [noticeHandle(hashToken(ada.token))] },
    ]);
    const { rows } = await pool.query('select flags from devices where id = $1', [ada.id]);
    expect(rows[0].flags & 1).toBe(1);
  });

  test('asked for again is the request that was, and nobody is told twice', async () => {
    const ada = await phone();
    await disclose(ada, 'again-app');
    const first = (await call(ada, 'POST', '/v1/me/restrict')).body;
    expect((await call(ada, 'POST', '/v1/me/restrict')).body).toEqual(first);
    for (let i = 0; i < 3; i++) await call(ada, 'GET', '/v1/me/export');
    expect((await call(ada, 'GET', '/v1/me/requests')).body.requests).toHaveLength(2);
    expect(await noticesOf('again-app')).toHaveLength(1);
  });

  test('is lifted with proof only', async () => {
    const ada = await phone();
    await call(ada, 'POST', '/v1/me/restrict');
    expect((await call(ada, 'DELETE', '/v1/me/restrict')).status).toBe(403);
    expect((await call(ada, 'GET', '/v1/me')).body.restricted).toBe(true);
    expect((await call(ada, 'DELETE', '/v1/me/restrict', undefined, await proof(ada, 'lifting'))).status).toBe(200);
    expect((await call(ada, 'GET', '/v1/me')).body.restricted).toBe(false);
  });
});

test('objecting to being counted holds until it is taken back', async () => {
  const ada = await phone();
  expect((await call(ada, 'POST', '/v1/me/object')).body).toMatchObject({ kind: 'objection', state: 'done' });
  expect((await call(ada, 'GET', '/v1/me')).body.objectedToCounts).toBe(true);
  expect((await call(ada, 'GET', '/v1/me/export')).body.counts).toEqual({ takesPart: false });
  await call(ada, 'DELETE', '/v1/me/object', undefined, await proof(ada, 'objection'));
  expect((await call(ada, 'GET', '/v1/me')).body.objectedToCounts).toBe(false);
});

describe('proof', () => {
  test('that is wrong, old, used, for another action or another phone gets one and the same answer and changes nothing', async () => {
    const ada = await phone();
    const bo = await phone();
    const used = await proof(ada, 'erasure');
    await call(ada, 'POST', '/v1/me/rectification', { field: 'position' }, used);
    const { nonce } = (await call(ada, 'POST', '/v1/me/challenges', { action: 'erasure' })).body;
    const byToken = `${nonce}.${answerChallenge(Buffer.from(ada.token), 'erasure', nonce)}`;
    const old = await oldProof(ada, 'erasure');
    const wrong = [
      byToken,
      used,
      old,
      await proof(ada, 'rectification'),
      await proof(bo, 'erasure'),
      'x',
      '',
      `${'A'.repeat(43)}.${'A'.repeat(43)}`,
    ];
    const answers = new Set<string>();
    for (const header of wrong) {
      const { status, body } = await call(ada, 'POST', '/v1/me/erasure', undefined, header);
      answers.add(JSON.stringify([status, body]));
    }
    expect([...answers]).toEqual([expect.stringContaining('[403,')]);
    expect((await call(ada, 'GET', '/v1/me')).status).toBe(200);
    expect((await pool.query('select 1 from erasures where device = $1', [ada.id])).rows).toEqual([]);
  });

  test('is good once, also for two answers at the same moment', async () => {
    const ada = await phone();
    await call(ada, 'POST', '/v1/me/restrict');
    const header = await proof(ada, 'lifting');
    const statuses = await Promise.all(
      [1, 2, 3].map(async () => (await call(ada, 'DELETE', '/v1/me/restrict', undefined, header)).status),
    );
    expect(statuses.sort()).toEqual([200, 403, 403]);
  });

  test('leaves nothing behind but that it was used, for as long as it could be again', async () => {
    const ada = await phone();
    const header = await proof(ada, 'rectification');
    const kept = async () =>
      (await pool.query('select nonce_hash, expires_at::float8 as end from challenges where device = $1', [ada.id]))
        .rows;
    expect(await kept()).toEqual([]);
    await call(ada, 'POST', '/v1/me/rectification', { field: 'other', statement: 'hm' }, header);
    const rows = await kept();
    expect(rows).toEqual([{ nonce_hash: hashNonce(header.split('.')[0]), end: expect.any(Number) }]);
    expect(rows[0].end).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
  });

  test('is not lost by how many challenges whoever holds the token asks for, answers wrongly, or changes', async () => {
    const [ada, thief] = [await phone(), '100.64.9.9'];
    const header = await proof(ada, 'lifting');
    await call(ada, 'POST', '/v1/me/restrict');
    for (let i = 0; i < 40; i++)
      expect((await call(ada, 'POST', '/v1/me/challenges', { action: 'lifting' })).status).toBe(201);
    const wrong = `${'A'.repeat(43)}.${'A'.repeat(43)}`;
    const tried = await Promise.all(
      Array.from({ length: 40 }, () => call(ada, 'POST', '/v1/me/object', undefined, wrong, thief)),
    );
    expect(tried.some(({ status }) => status === 429)).toBe(true);
    // From where the thief is as from elsewhere: what is proven is counted apart. And a no from elsewhere needs no proof.
    expect((await call(ada, 'POST', '/v1/me/object', undefined, await proof(ada, 'objection'), thief)).status).toBe(
      200,
    );
    expect((await call(ada, 'POST', '/v1/me/restrict', undefined, undefined, '100.64.1.1')).status).toBe(200);
    expect((await call(ada, 'DELETE', '/v1/me/restrict', undefined, header, thief)).status).toBe(200);
  });

  test('that is right is counted too: the phone itself changes no more than a person at a screen does', async () => {
    const ada = await phone();
    const header = await proof(ada, 'objection');
    const statuses = [];
    for (let i = 0; i < 32; i++)
      statuses.push((await call(ada, 'POST', '/v1/me/object', undefined, header, `100.64.2.${i}`)).status);
    expect([statuses[29], statuses[31]]).toEqual([200, 429]);
  });
});

describe('changing what is known of oneself', () => {
  const LOOSER = [
    { jurisdiction: 'BE' },
    { jurisdiction: null },
    { ageBand: '18plus' },
    { sources: { wifi: true } },
    { sources: { wifi: true, gps: false } },
    { marketing: true },
  ];
  const STRICTER = [
    { sources: { gps: false, ip: false } },
    { marketing: false },
    { ageBand: 'unknown' },
    { ageBand: '13to15' },
    { acceptedPolicy: '2017-06-30' },
  ];
  const middling = (jurisdiction = 'NL') => phone({ jurisdiction, ageBand: '16to17', sources: { wifi: false } });

  test.each(LOOSER)(
    'takes proof for %j, which protects less or is another law; without it, or with a wrong one, nothing happens',
    async (change) => {
      const ada = await middling();
      const bo = await phone();
      const used = await proof(ada, 'profile');
      await call(ada, 'PATCH', '/v1/me', { sources: { wifi: false } }, used);
      const before = (await call(ada, 'GET', '/v1/me')).body;
      const { rows } = await pool.query('select count(*)::int as n from ledger');
      const { nonce } = (await call(ada, 'POST', '/v1/me/challenges', { action: 'profile' })).body;
      const wrong = [
        undefined,
        '',
        'x',
        used,
        `${nonce}.${answerChallenge(Buffer.from(ada.token), 'profile', nonce)}`,
        await proof(ada, 'erasure'),
        await proof(bo, 'profile'),
        await oldProof(ada, 'profile'),
      ];
      const answers = new Set<string>();
      for (const header of wrong) {
        const { status, body } = await call(ada, 'PATCH', '/v1/me', change, header);
        answers.add(JSON.stringify([status, body]));
      }
      expect([...answers]).toEqual([expect.stringMatching(/^\[403,.*proof-needed/)]);
      expect((await call(ada, 'GET', '/v1/me')).body).toEqual(before);
      expect((await pool.query('select count(*)::int as n from ledger')).rows).toEqual(rows);

      expect((await call(ada, 'PATCH', '/v1/me', change, await proof(ada, 'profile'))).status).toBe(200);
      expect((await call(ada, 'GET', '/v1/me')).body).not.toEqual(before);
    },
  );

  test('is one call with the token where it protects more, and a proof that was not needed is gone all the same', async () => {
    for (const change of STRICTER) {
      const ada = await middling('BE');
      expect([change, (await call(ada, 'PATCH', '/v1/me', change)).status]).toEqual([change, 200]);
    }
    const bo = await middling();
    expect((await call(bo, 'PATCH', '/v1/me', STRICTER[0], await proof(bo, 'profile'))).status).toBe(200);
    expect((await pool.query('select action from challenges where device = $1', [bo.id])).rows).toEqual([
      { action: 'profile' },
    ]);
  });
});

describe('rectification', () => {
  test('without proof waits for it, as one request however often it is asked for', async () => {
    const ada = await phone();
    const ask = () => call(ada, 'POST', '/v1/me/rectification', { field: 'jurisdiction', value: 'BE' });
    // All have looked before any has written.
    const blocker = await pool.connect();
    await blocker.query('begin');
    await blocker.query('lock table rights_requests in share mode');
    const asking = Promise.all([ask(), ask(), ask(), ask()]);
    await setTimeout(300);
    await blocker.query('commit');
    blocker.release();
    const [first, ...atOnce] = await asking;
    expect(new Set(atOnce.map(({ body }) => body.request.id))).toEqual(new Set([first.body.request.id]));
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({ request: { state: 'identity' }, challenge: { action: 'rectification' } });
    const again = await call(ada, 'POST', '/v1/me/rectification', { field: 'jurisdiction', value: 'BE' });
    expect(again.body.request.id).toBe(first.body.request.id);
    const { nonce } = again.body.challenge;
    const header = `${nonce}.${answerChallenge(ada.proofKey, 'rectification', nonce)}`;
    const done = await call(ada, 'POST', '/v1/me/rectification', { field: 'jurisdiction', value: 'BE' }, header);
    expect(done.body).toMatchObject({ id: first.body.request.id, state: 'in progress' });
    expect((await call(ada, 'GET', `/v1/me/requests/${done.body.id}`)).body.state).toBe('in progress');
  });

  test('of a position forgets it at once and tells whoever was shown it', async () => {
    const ada = await phone();
    await disclose(ada, 'rectify-app', KIND.region);
    await pool.query("insert into last_locations values ($1, $2, '\\x00')", [ada.id, Date.now() + 1e6]);
    await pool.query("insert into coarse_states values ($1, 1, $2, '\\x00')", [ada.id, Date.now() + 1e6]);
    const done = await call(
      ada,
      'POST',
      '/v1/me/rectification',
      { field: 'position' },
      await proof(ada, 'rectification'),
    );
    expect(done.body).toMatchObject({ kind: 'rectification', state: 'done' });
    expect((await pool.query('select 1 from last_locations where device = $1', [ada.id])).rows).toEqual([]);
    expect((await pool.query('select sealed from coarse_states where device = $1', [ada.id])).rows).toEqual([
      { sealed: Buffer.alloc(0) },
    ]);
    expect(await noticesOf('rectify-app')).toEqual([
      { kind: 'rectified', handles: [noticeHandle(hashToken(ada.token))] },
    ]);
    const { body } = await call(ada, 'GET', '/v1/me/disclosures');
    expect(body.disclosures[0].inWords).toBe('rectify-app was told that what it had received is wrong.');
  });
});

describe('erasure', () => {
  test('with proof ends the token with the answer, and can be followed by its code until all is gone', async () => {
    const ada = await phone();
    await disclose(ada, 'erase-app');
    const waiting = await call(ada, 'POST', '/v1/me/erasure');
    expect([waiting.status, waiting.body.request.state]).toEqual([202, 'identity']);
    const { nonce } = waiting.body.challenge;
    const begun = await call(
      ada,
      'POST',
      '/v1/me/erasure',
      undefined,
      `${nonce}.${answerChallenge(ada.proofKey, 'erasure', nonce)}`,
    );
    expect(begun).toMatchObject({ status: 200, body: { state: 'in progress' } });
    for (const url of ['/v1/me', '/v1/me/disclosures', '/v1/me/requests'])
      expect([url, (await call(ada, 'GET', url)).status]).toEqual([url, 401]);
    expect((await call(ada, 'GET', '/v1/me/export')).body.held).toEqual({});
    const status = () => call(null, 'GET', `/v1/privacy/erasures/${begun.body.code}`);
    expect((await status()).body).toMatchObject({ state: 'in progress', doneAt: null });
    await advanceErasures(world.erase);
    expect((await status()).body).toMatchObject({ state: 'done' });
    expect(await findTraces(pool, ada.id)).toEqual([]);
    expect((await call(null, 'GET', `/v1/privacy/erasures/${'A'.repeat(22)}`)).status).toBe(404);
    expect(await noticesOf('erase-app')).toMatchObject([{ kind: 'erased' }]);
  });
});

describe('children', () => {
  test('that are found out are answered nothing at once and are erased within the hour; their phone gets an empty export', async () => {
    const dee = await phone();
    await disclose(dee, 'child-app');
    await pool.query("insert into last_locations values ($1, $2, '\\x00')", [dee.id, Date.now() + 1e6]);
    world.settled.length = 0;
    expect(await markChild(world.erase, dee.id)).toBe(true);
    expect(world.settled.length).toBe(1);
    expect((await pool.query('select flags from devices where id = $1', [dee.id])).rows[0].flags & 4).toBe(4);
    expect((await pool.query('select 1 from last_locations where device = $1', [dee.id])).rows).toEqual([]);
    const later = (ms: number) => ({ ...world.erase, now: () => Date.now() + ms });
    const isThere = async () => (await call(dee, 'GET', '/v1/me')).status === 200;
    await eraseChildren(later(GRACE_MS - 60_000), randomBytes);
    expect(await isThere()).toBe(true);
    await eraseChildren(later(GRACE_MS + 60_000), randomBytes);
    expect(await isThere()).toBe(false);
    await advanceErasures(world.erase);
    const copy = await call(dee, 'GET', '/v1/me/export');
    expect(copy.status).toBe(200);
    expect(copy.body.held).toEqual({});
    expect(Object.keys(copy.body).sort()).toEqual(['createdAt', 'format', 'held']);
    expect((await call(dee, 'GET', '/v1/me')).status).toBe(401);
    expect(await findTraces(pool, dee.id)).toEqual([]);
    const { rows } = await pool.query('select marker from suppressions');
    for (const { marker } of rows) expect([marker.length, marker.equals(hashToken(dee.token))]).toEqual([32, false]);
    // The recipient is told what it is told of anybody.
    expect(await noticesOf('child-app')).toMatchObject([{ kind: 'erased' }]);
  });

  test('who say so themselves are erased within the hour too, unless a parent consents meanwhile', async () => {
    const dee = await phone();
    const eve = await phone();
    for (const child of [dee, eve])
      expect((await call(child, 'PATCH', '/v1/me', { ageBand: 'under13' })).status).toBe(200);
    await eraseChildren(world.erase, randomBytes);
    await pool.query("insert into parental_consents values (gen_random_uuid(), $1, 1, 'post', false, null, '\\x00')", [
      eve.id,
    ]);
    await eraseChildren({ ...world.erase, now: () => Date.now() + GRACE_MS }, randomBytes);
    await advanceErasures(world.erase);
    expect((await call(dee, 'GET', '/v1/me')).status).toBe(401);
    expect((await call(eve, 'GET', '/v1/me')).status).toBe(200);
  });
});

test('an export says what is held, how long, who receives, and is itself a request that is written down', async () => {
  const ada = await phone();
  await call(ada, 'POST', '/v1/me/restrict');
  const copy = await call(ada, 'GET', '/v1/me/export');
  expect(copy.headers['cache-control']).toBe('no-store');
  expect(copy.body).toMatchObject({ format: 'honeyguide-export-1', device: ada.id, counts: { takesPart: true } });
  expect(copy.body.held.devices.rows[0].content).toMatchObject({ jurisdiction: 'NL', ageBand: '18plus' });
  expect(copy.body.held.device_tokens).toMatchObject({ room: 'devices', kept: 'until its expires_at' });
  expect(copy.body.held.rights_requests.rows).toHaveLength(1);
  expect(
    (await call(ada, 'GET', '/v1/me/requests')).body.requests.map((one: { kind: string }) => one.kind).sort(),
  ).toEqual(['access', 'restriction']);
});

test('an export names recipients for as long as the ledger keeps what they were shown, and no longer', async () => {
  const ada = await phone();
  const [lately, longAgo] = [await addPartner(world.store, 'Bus Times'), await addPartner(world.store, 'Old Maps')];
  await disclose(ada, lately.application);
  await disclose(ada, longAgo.application, KIND.precise, Date.now() - EVIDENCE_MS - 60_000);
  const { recipients } = (await call(ada, 'GET', '/v1/me/export')).body;
  expect(recipients.map((one: { application: string }) => one.application)).toEqual([lately.application]);
});

test('nobody sees requests of somebody else', async () => {
  const ada = await phone();
  const bo = await phone();
  const { id } = (await call(ada, 'POST', '/v1/me/restrict')).body;
  expect((await call(bo, 'GET', `/v1/me/requests/${id}`)).status).toBe(404);
  expect((await call(ada, 'GET', `/v1/me/requests/${id}`)).status).toBe(200);
  expect((await call(ada, 'GET', '/v1/me/requests/nonsense')).status).toBe(404);
});

test('disclosures come in words, in English and Dutch, newest first, page by page, with no place in them', async () => {
  const ada = await phone();
  for (let i = 0; i < 120; i++) await disclose(ada, `app-${i}`, i % 2 === 0 ? KIND.precise : KIND.region);
  const first = (await call(ada, 'GET', '/v1/me/disclosures?language=nl')).body;
  expect(first.disclosures).toHaveLength(100);
  expect(first.disclosures[0].inWords).toBe('app-119 zag in welk gebied je was, in een vorm die jou niet aanwijst.');
  expect(first.disclosures[1]).toMatchObject({
    what: 'precise',
    basis: 'consent',
    inWords: 'app-118 zag waar je precies was, omdat je dat goed vond.',
  });
  const rest = (await call(ada, 'GET', `/v1/me/disclosures?before=${first.next}`)).body;
  expect(rest.disclosures.map((one: { application: string }) => one.application)).toEqual(
    Array.from({ length: 20 }, (_, i) => `app-${19 - i}`),
  );
  expect(rest.next).toBeNull();
  expect(rest.disclosures[0].inWords).toBe('app-19 saw which area you were in, in a form that does not identify you.');
});

test('taking consent back tells the application that was shown something, once, and nobody else', async () => {
  const ada = await phone();
  const [application, other] = [await addTestApplication(world.store), await addTestApplication(world.store)];
  for (const one of [application, other]) {
    const given = await call(ada, 'PUT', `/v1/me/consents/${one}/dpv:ServiceProvision`, { precision: 'precise' });
    expect(given.status).toBe(200);
  }
  await disclose(ada, application);
  await disclose(ada, other);
  for (let i = 0; i < 2; i++) await call(ada, 'DELETE', `/v1/me/consents/${application}/dpv:ServiceProvision`);
  expect(await noticesOf(application)).toEqual([{ kind: 'withdrawn', handles: [noticeHandle(hashToken(ada.token))] }]);
  expect(await noticesOf(other)).toEqual([]);
});

test('a date of birth is not taken, an age band is all there is room for', async () => {
  const ada = await phone();
  for (const birth of [{ dateOfBirth: '1990-01-01' }, { birthDate: '1990-01-01' }, { ageBand: '1990-01-01' }])
    expect((await call(ada, 'PATCH', '/v1/me', birth)).status).toBe(400);
});

test('no answer of any route sets a cookie, or is tagged so that a later request could be told from it', async () => {
  const ada = await phone();
  await world.app.ready();
  const { paths } = world.app.swagger() as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => [method, url] as const),
  );
  expect(routes.length).toBeGreaterThan(30);
  for (const [method, url] of routes) {
    // Ending the token ends the walk.
    if (url.startsWith('/v1/me/token') || url.startsWith('/v1/me/erasure')) continue;
    const path = url.replace(/\{[^}]+\}/g, 'x');
    const { headers } = await call(
      ada,
      method.toUpperCase() as 'GET',
      path,
      method === 'get' || method === 'delete' ? undefined : {},
    );
    expect([method, url, headers['set-cookie'], headers.etag]).toEqual([method, url, undefined, undefined]);
  }
});

test('every route refuses what is no token, and bodies that make no sense, in its own form', async () => {
  const ada = await phone();
  for (const [method, url] of [
    ['GET', '/v1/me/export'],
    ['GET', '/v1/me/requests'],
    ['POST', '/v1/me/erasure'],
    ['POST', '/v1/me/restrict'],
    ['GET', '/v1/me/disclosures'],
  ] as const) {
    const { status, headers } = await call({ ...ada, token: 'hgt_nonsense' }, method, url);
    expect([url, status, headers['content-type']]).toEqual([
      url,
      401,
      expect.stringContaining('application/problem+json'),
    ]);
  }
  for (const body of [
    { field: 'nonsense' },
    {},
    { field: 'other', statement: 'x'.repeat(3000) },
    { field: 'other', more: 1 },
  ])
    expect((await call(ada, 'POST', '/v1/me/rectification', body)).status).toBe(400);
  expect((await call(ada, 'POST', '/v1/me/challenges', { action: 'nonsense' })).status).toBe(400);
  expect((await call(ada, 'GET', '/v1/me/disclosures?before=-1')).status).toBe(400);
});

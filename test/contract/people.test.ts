import { createHash } from 'node:crypto';
import { compactVerify, createLocalJWKSet } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { DAY_MS } from '../../src/time/spans.ts';
import { DEVICE_KEY, PARTNER_KEY } from '../support/app.ts';
import { addTestApplication, createTestPeople, type TestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
let gateway: TestPeople;
let weather: string;

beforeAll(async () => {
  gateway = await createTestPeople(store);
  weather = await addTestApplication(store);
});

type Consent = {
  state: string;
  precision: string;
  shows: string;
  because: string;
  eventSeq: number;
  expiresAt: string;
};
const consentUrl = (application: string, purpose = 'dpv:ServiceProvision') =>
  `/v1/me/consents/${application}/${purpose}`;

/** The receipt in a JWS, if the published key signed it. */
async function verified(jws: string): Promise<Record<string, never>> {
  const keys = (await gateway.call('GET', '/.well-known/jwks.json')).body;
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys));
  expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'consent-receipt+jws' });
  return JSON.parse(Buffer.from(payload).toString());
}

describe('the way of a person through the gateway', () => {
  test('goes from registering over a yes and its receipt to taking it back', async () => {
    const token = await gateway.register();
    const before = await gateway.call('GET', consentUrl(weather), token);
    expect(before).toMatchObject({
      status: 200,
      body: {
        consent: {
          ...{ state: 'silence', shows: 'region', because: 'silence', applicationName: 'Weather' },
          partner: { name: 'Weather Ltd', policyUrl: 'https://example.com/privacy', contact: 'privacy@example.com' },
        },
      },
    });

    const textHash = createHash('sha256').update('May Weather see where you are?').digest('hex');
    const given = await gateway.call('PUT', consentUrl(weather), token, {
      ...{ precision: 'precise', sources: { ip: false }, language: 'en', textHash, screen: 'a-1' },
    });
    const answer = given.body as { consent: Consent; receipt: string };
    expect(given.status).toBe(200);
    expect(answer.consent).toMatchObject({
      ...{ state: 'given', precision: 'precise', shows: 'precise', because: 'granted', policyVersion: '2017-06-30' },
      sources: ['gps', 'cell', 'wifi', 'bluetooth'],
      expiresAt: new Date(gateway.clock.nowMs + 180 * DAY_MS).toISOString(),
    });
    expect(await verified(answer.receipt)).toMatchObject({
      schemaVersion: 'ISO/IEC TS 27560:2023',
      notice: { policyVersion: '2017-06-30', shownTextSha256: textHash, screen: 'a-1', language: 'en' },
      consent: { application: weather, precision: 'precise', type: 'explicit', ageBandAtCapture: '18plus' },
      events: [{ seq: answer.consent.eventSeq, state: 'given', entity: 'subject' }],
    });

    gateway.clock.nowMs += 1_000;
    const gone = await gateway.call('DELETE', consentUrl(weather), token);
    const withdrawn = gone.body as typeof answer;
    expect(withdrawn.consent).toMatchObject({ state: 'withdrawn', shows: 'region', because: 'withdrawn' });
    expect((await verified(withdrawn.receipt)).events).toMatchObject([{ state: 'given' }, { state: 'withdrawn' }]);

    const again = await gateway.call('DELETE', consentUrl(weather), token);
    expect(again.text).toBe(gone.text);

    const { receipts } = (await gateway.call('GET', '/v1/me/receipts', token)).body as { receipts: { id: string }[] };
    expect(receipts).toMatchObject([{ state: 'withdrawn' }, { state: 'given' }]);
    const kept = await gateway.call('GET', `/v1/me/receipts/${receipts[1].id}`, token);
    expect(kept.body).toMatchObject({ receipt: answer.receipt, kantara: { version: 'KI-CR-v1.1.0' } });
  });

  test('gives a signed receipt of a changed yes: what it is now, and that it was given twice', async () => {
    const token = await gateway.register();
    type Answer = { consent: Consent; receipt: string };
    const wide = (await gateway.call('PUT', consentUrl(weather), token, { precision: 'precise' })).body as Answer;
    gateway.clock.nowMs += 1_000;
    const narrow = { precision: 'region', sources: { gps: false }, language: 'nl', screen: 'b-2' };
    const changed = (await gateway.call('PUT', consentUrl(weather), token, narrow)).body as Answer;
    const receipt = await verified(changed.receipt);
    expect(receipt).toMatchObject({
      notice: { screen: 'b-2', language: 'nl' },
      consent: { application: weather, precision: 'region', sources: ['cell', 'wifi', 'bluetooth', 'ip'] },
      events: [
        { seq: wide.consent.eventSeq, state: 'given' },
        { seq: changed.consent.eventSeq, state: 'given' },
      ],
    });
    expect(JSON.stringify(receipt)).not.toMatch(/lat|lng|lon"|region_id|cell_id/);
    // The first one still says what was agreed to then.
    expect(await verified(wide.receipt)).toMatchObject({ consent: { precision: 'precise' } });
    const { receipts } = (await gateway.call('GET', '/v1/me/receipts', token)).body as { receipts: { id: string }[] };
    expect(receipts).toHaveLength(2);
  });

  test('lets nobody else see a receipt or a consent', async () => {
    const [ada, bo] = [await gateway.register(), await gateway.register()];
    await gateway.call('PUT', consentUrl(weather), ada, { precision: 'precise' });
    const { receipts } = (await gateway.call('GET', '/v1/me/receipts', ada)).body as { receipts: { id: string }[] };
    expect((await gateway.call('GET', `/v1/me/receipts/${receipts[0].id}`, bo)).status).toBe(404);
    expect((await gateway.call('GET', '/v1/me/consents', bo)).body).toEqual({ consents: [] });
    expect((await gateway.call('GET', consentUrl(weather), bo)).body).toMatchObject({ consent: { state: 'silence' } });
  });

  test('shows one application what was granted to it, not the others of its vendor, nor another purpose', async () => {
    const purposes = ['dpv:ServiceProvision', 'dpv:ServiceOptimisation'];
    const one = await addTestApplication(store, { partner: 'vendor-of-two', purposes });
    const two = await addTestApplication(store, { partner: 'vendor-of-two', purposes });
    const token = await gateway.register();
    await gateway.call('PUT', consentUrl(one), token, { precision: 'precise' });
    for (const url of [consentUrl(two), consentUrl(one, 'dpv:ServiceOptimisation')])
      expect((await gateway.call('GET', url, token)).body).toMatchObject({
        consent: { shows: 'region', state: 'silence' },
      });
  });

  test('makes no consent out of an accepted policy', async () => {
    const token = await gateway.register();
    const patched = await gateway.call('PATCH', '/v1/me', token, { acceptedPolicy: '2017-06-30' });
    expect(patched.body).toMatchObject({ acceptedPolicy: '2017-06-30' });
    expect((await gateway.call('GET', consentUrl(weather), token)).body).toMatchObject({
      consent: { shows: 'region' },
    });
    expect((await gateway.call('PATCH', '/v1/me', token, { acceptedPolicy: '1999' })).status).toBe(409);
  });

  test('shows nothing at all after a no, and forgets what was remembered before the no is acknowledged', async () => {
    const token = await gateway.register();
    const waited = gateway.settled.length;
    const no = await gateway.call('PUT', consentUrl(weather), token, { precision: 'none' });
    expect(no.body).toMatchObject({ consent: { state: 'refused', shows: 'nothing', expiresAt: null } });
    expect(gateway.settled.length).toBe(waited + 1);
    await gateway.call('DELETE', consentUrl(weather), token);
    expect((await gateway.call('GET', consentUrl(weather), token)).body).toMatchObject({
      consent: { shows: 'region' },
    });
    expect(gateway.settled.length).toBe(waited + 2);
  });

  test('ends a yes at its date without anybody doing anything', async () => {
    const token = await gateway.register();
    await gateway.call('PUT', consentUrl(weather), token, { precision: 'precise', validForDays: 1 });
    const before = gateway.clock.nowMs;
    gateway.clock.nowMs += DAY_MS;
    expect((await gateway.call('GET', '/v1/me/consents', token)).body).toMatchObject({
      consents: [{ state: 'expired', shows: 'region', because: 'expired' }],
    });
    gateway.clock.nowMs = before;
  });
});

describe('a yes that does not count', () => {
  const problem = (word: string, status: number) => ({ status, body: { type: `/problems/${word}` } });

  test("is a child's own", async () => {
    const token = await gateway.register({ ageBand: '13to15', jurisdiction: 'NL' });
    for (const precision of ['region', 'precise'])
      expect(await gateway.call('PUT', consentUrl(weather), token, { precision })).toMatchObject(
        problem('parent-needed', 403),
      );
    expect((await gateway.call('GET', consentUrl(weather), token)).body).toMatchObject({
      consent: { shows: 'nothing', because: 'child' },
    });
    // Its no does.
    expect((await gateway.call('PUT', consentUrl(weather), token, { precision: 'none' })).status).toBe(200);
    // The same age is of age elsewhere.
    const inBelgium = await gateway.register({ ageBand: '13to15', jurisdiction: 'BE' });
    expect((await gateway.call('PUT', consentUrl(weather), inBelgium, { precision: 'precise' })).status).toBe(200);
  });

  test("stays a child's when the child says that it is older, or elsewhere", async () => {
    const token = await gateway.register({ ageBand: '13to15', jurisdiction: 'NL' });
    for (const lie of [{ ageBand: '18plus' }, { ageBand: 'unknown' }, { jurisdiction: 'BE' }]) {
      expect(await gateway.call('PATCH', '/v1/me', token, lie)).toMatchObject(problem('proof-needed', 403));
      const proof = await gateway.prove(token, 'profile');
      expect(await gateway.call('PATCH', '/v1/me', token, lie, proof)).toMatchObject(
        problem('age-needs-operator', 403),
      );
    }
    expect((await gateway.call('GET', '/v1/me', token)).body).toMatchObject({ ageBand: '13to15', needsParent: true });
  });

  test('is of somebody whose age nobody stated', async () => {
    const token = await gateway.register({});
    expect(await gateway.call('PUT', consentUrl(weather), token, { precision: 'precise' })).toMatchObject(
      problem('age-unknown', 422),
    );
    expect((await gateway.call('PUT', consentUrl(weather), token, { precision: 'region' })).status).toBe(200);
    const proof = await gateway.prove(token, 'profile');
    expect((await gateway.call('PATCH', '/v1/me', token, { ageBand: '18plus' }, proof)).status).toBe(200);
    expect((await gateway.call('PUT', consentUrl(weather), token, { precision: 'precise' })).status).toBe(200);
  });

  test('is to an application that has not said whom to ask, is suspended, or never asked for it', async () => {
    const token = await gateway.register();
    const inactive = await addTestApplication(store, { policyUrl: null });
    const coarse = await addTestApplication(store, { maxPrecision: 1 });
    const suspended = await addTestApplication(store);
    await store.pool.query('update applications set suspended_at = 1 where id = $1', [suspended]);
    const yes = { precision: 'precise' };
    expect(await gateway.call('PUT', consentUrl(inactive), token, yes)).toMatchObject(
      problem('application-inactive', 409),
    );
    expect(await gateway.call('PUT', consentUrl(coarse), token, yes)).toMatchObject(problem('not-offered', 409));
    expect(await gateway.call('PUT', consentUrl(suspended), token, yes)).toMatchObject(
      problem('application-suspended', 409),
    );
    expect(await gateway.call('PUT', consentUrl('nobody'), token, yes)).toMatchObject(
      problem('unknown-application', 404),
    );
    expect(await gateway.call('PUT', consentUrl(weather, 'dpv:DirectMarketing'), token, yes)).toMatchObject(
      problem('purpose-not-registered', 409),
    );
    expect((await gateway.call('PUT', consentUrl(weather, 'dpv:Whatever'), token, yes)).status).toBe(404);
    expect((await gateway.call('PUT', consentUrl(suspended), token, { precision: 'none' })).status).toBe(200);
  });

  test('is malformed, out of date, or for ever', async () => {
    const token = await gateway.register();
    const inDays = (days: number) => new Date(gateway.clock.nowMs + days * DAY_MS).toISOString();
    for (const [body, status] of [
      [{}, 400],
      [{ precision: 'exact' }, 400],
      // The last place is kept of what is located: a yes to it alone would never show anything.
      [{ precision: 'precise', scopes: ['last-location'] }, 400],
      [{ precision: 2 }, 400],
      [{ precision: 'precise', more: 1 }, 400],
      [{ precision: 'precise', scopes: [] }, 400],
      [{ precision: 'precise', scopes: ['track'] }, 400],
      [{ precision: 'precise', sources: { radar: true } }, 400],
      [{ precision: 'precise', expiresAt: 'tomorrow' }, 400],
      [{ precision: 'precise', expiresAt: inDays(1), validForDays: 1 }, 400],
      [{ precision: 'precise', validForDays: 366 }, 400],
      [{ precision: 'precise', expiresAt: inDays(-1) }, 422],
      [{ precision: 'precise', expiresAt: inDays(366) }, 422],
      [{ precision: 'precise', policyVersion: '2011-01-01' }, 409],
    ] as const)
      expect([body, (await gateway.call('PUT', consentUrl(weather), token, body)).status]).toEqual([body, status]);
    expect((await gateway.call('GET', '/v1/me/consents', token)).body).toEqual({ consents: [] });
  });
});

describe('the token of a phone', () => {
  test('is refused in one and the same way, whatever is wrong with it', async () => {
    const ended = await gateway.register();
    expect((await gateway.call('DELETE', '/v1/me/token', ended)).status).toBe(204);
    const expired = await gateway.register();
    await store.pool.query('update device_tokens set expires_at = $1', [gateway.clock.nowMs]);
    const idle = await gateway.register();
    await store.pool.query(
      'update devices set last_used_day = last_used_day - 366 where id = (select device from device_tokens where expires_at > $1)',
      [gateway.clock.nowMs],
    );
    const answers = [];
    for (const token of [ended, expired, idle, `hgt_${'A'.repeat(43)}`, 'nonsense', PARTNER_KEY, undefined]) {
      const { status, text, headers } = await gateway.call('GET', '/v1/me', token);
      answers.push({ status, text, auth: headers['www-authenticate'] });
    }
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0].status).toBe(401);
  });

  test('is replaced, the old one going on for ten minutes', async () => {
    const old = await gateway.register();
    const { token } = (await gateway.call('POST', '/v1/me/token', old)).body as { token: string };
    const lost = (await gateway.call('POST', '/v1/me/token', old)).body as { token: string };
    expect((await gateway.call('GET', '/v1/me', old)).status).toBe(200);
    // An answer that got lost: the one asked for again is good, the lost one is not.
    expect((await gateway.call('GET', '/v1/me', token)).status).toBe(401);
    gateway.clock.nowMs += 10 * 60_000;
    expect((await gateway.call('GET', '/v1/me', old)).status).toBe(401);
    expect((await gateway.call('GET', '/v1/me', lost.token)).status).toBe(200);
  });

  test('is told by every 401 how to present one, also where it still opens something else', async () => {
    const old = await gateway.register();
    await gateway.call('POST', '/v1/me/token', old);
    // A token that was replaced makes none for applications.
    const refused = await gateway.call('POST', '/v1/me/tokens', old, { application: weather });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  test('is given to device keys only, and what it knows can be seen and changed', async () => {
    for (const key of [PARTNER_KEY, 'hgd_unknown', undefined])
      expect((await gateway.call('POST', '/v1/devices', key, {})).status).toBe(401);
    expect((await gateway.call('POST', `/v1/devices?key=${DEVICE_KEY}`, undefined, {})).status).toBe(201);
    for (const body of [{ ageBand: 'old' }, { jurisdiction: 'nl' }, { name: 'Ada' }, { sources: { wifi: 'no' } }])
      expect((await gateway.call('POST', '/v1/devices', DEVICE_KEY, body)).status).toBe(400);
    const token = await gateway.register({ jurisdiction: 'NL', ageBand: '18plus', sources: { wifi: false } });
    const proof = await gateway.prove(token, 'profile');
    const waited = gateway.settled.length;
    expect(
      (await gateway.call('PATCH', '/v1/me', token, { sources: { ip: false }, marketing: true }, proof)).body,
    ).toMatchObject({
      ...{ jurisdiction: 'NL', ageBand: '18plus', marketing: true, restricted: false, needsParent: false },
      sources: { gps: true, cell: true, wifi: false, bluetooth: true, ip: false },
    });
    expect(gateway.settled.length).toBe(waited + 1);
    // What decides nothing waits for nobody.
    await gateway.call('PATCH', '/v1/me', token, { acceptedPolicy: '2017-06-30' });
    expect(gateway.settled.length).toBe(waited + 1);
    for (const body of [{}, { id: 'x' }, { flags: 0 }, { ageBand: null }])
      expect((await gateway.call('PATCH', '/v1/me', token, body)).status).toBe(400);
  });

  test('says of each field on which day it was last stated, by registering, by a change and by saying the same again', async () => {
    const day = () => new Date(gateway.clock.nowMs).toISOString().slice(0, 10);
    const [registeredAt, registered] = [gateway.clock.nowMs, day()];
    const token = await gateway.register({ jurisdiction: 'NL', ageBand: '18plus' });
    const statedOn = async () => ((await gateway.call('GET', '/v1/me', token)).body as { statedOn: object }).statedOn;
    expect(await statedOn()).toEqual({ jurisdiction: registered, ageBand: registered });
    gateway.clock.nowMs += 40 * 86_400_000;
    await gateway.call('PATCH', '/v1/me', token, { sources: { gps: false }, jurisdiction: 'NL' });
    expect(await statedOn()).toEqual({ jurisdiction: day(), ageBand: registered, sources: day() });
    gateway.clock.nowMs = registeredAt;
  });

  test('may change thirty things a minute and look as often as it likes; a body that is promised may be missing', async () => {
    const token = await gateway.register();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const remoteAddress = '192.0.2.11';
    const change = (payload?: string) =>
      gateway.app.inject({ method: 'POST', url: '/v1/me/token', headers, payload, remoteAddress });
    expect((await change('{')).statusCode).toBe(400);
    const answers = [];
    for (let i = 0; i < 30; i++) answers.push((await change()).statusCode);
    expect(answers).toEqual([...Array(29).fill(200), 429]);
    expect((await gateway.call('GET', '/v1/me', token)).status).toBe(200);
    // Taking back is not a change that can be too many.
    expect((await gateway.call('DELETE', '/v1/me/restrict', token)).status).not.toBe(429);
    expect((await gateway.call('POST', '/v1/me/token', await gateway.register())).status).toBe(200);
  });

  test.each([
    ['application/x-www-form-urlencoded', ''],
    ['application/x-www-form-urlencoded', 'because=I+say+so'],
    ['text/plain; charset=utf-8', ''],
    ['application/octet-stream', 'x'],
    ['application/json', ''],
  ])('is not turned away for a body of %s, %j, where none is taken', async (type, payload) => {
    const token = await gateway.register();
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    const ask = async (method: 'POST' | 'PUT' | 'DELETE', url: string) =>
      (await gateway.app.inject({ method, url, headers, payload })).statusCode;
    await gateway.call('PUT', consentUrl(weather), token, { precision: 'region' });
    expect(await ask('DELETE', consentUrl(weather))).toBe(200);
    expect(await ask('DELETE', '/v1/me/tokens')).toBe(204);
    expect(await ask('PUT', '/v1/me/guard')).toBe(200);
    // Where one is taken it has to be JSON.
    expect(await ask('PUT', consentUrl(weather))).toBe(400);
  });

  test('is looked for no more often than an address may ask', async () => {
    const limited = await createTestPeople(store, { othersPerMinute: 5 });
    let looks = 0;
    const counting = limited.people.findSubject;
    Object.assign(limited.people, {
      findSubject: (credential: string, nowMs: number) => {
        looks++;
        return counting(credential, nowMs);
      },
    });
    const statuses = [];
    for (let i = 0; i < 8; i++) statuses.push((await limited.call('GET', '/v1/me', `hgt_${'B'.repeat(43)}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect(looks).toBeLessThanOrEqual(5);
    // Another phone behind the same address can still take back.
    const token = await limited.register();
    expect((await limited.call('GET', '/v1/me', token)).status).toBe(429);
    expect((await limited.call('DELETE', '/v1/me/restrict', token)).status).not.toBe(429);
  });
});

test('what may be asked a few times an hour says so, and not that it may be asked as often each minute', async () => {
  const token = await gateway.register();
  const said = async (method: string, url: string, body?: object) => {
    const { headers } = await gateway.app.inject({
      ...{ method: method as 'GET', url, payload: body, remoteAddress: '192.0.2.77' },
      headers: { authorization: `Bearer ${token}` },
    });
    return [headers['ratelimit-policy'], /^"(\w+)";r=\d+;t=\d+$/.exec(`${headers.ratelimit}`)?.[1]];
  };
  expect(await said('GET', '/v1/me/export')).toEqual(['"hour";q=60;w=3600', 'hour']);
  expect(await said('POST', '/v1/privacy/complaints', { text: 'too late' })).toEqual(['"hour";q=20;w=3600', 'hour']);
  expect((await said('GET', '/v1/policies'))[1]).toBe('minute');
});

// What somebody who got hold of a phone's token, and not of the phone, can give up of its user's protection.
import { describe, expect, test } from 'vitest';
import type { ProofAction } from '../../src/rights/proof.ts';
import { addTestApplication } from '../support/people.ts';
import { openWorld, type Phone } from './world.ts';

const world = await openWorld();
const { call, phone, proof, pool } = world;
const application = await addTestApplication(world.store);
const consent = `/v1/me/consents/${application}/dpv:ServiceProvision`;

async function guarded(): Promise<Phone> {
  const ada = await phone({ jurisdiction: 'NL', ageBand: 'unknown' });
  await call(ada, 'PUT', consent, { precision: 'none' });
  await call(ada, 'PATCH', '/v1/me', { sources: { wifi: false } });
  await call(ada, 'POST', '/v1/me/object');
  expect((await call(ada, 'PUT', '/v1/me/guard')).body).toEqual({ guarded: true });
  return ada;
}
async function stateOf(who: Phone): Promise<unknown> {
  const me = (await call(who, 'GET', '/v1/me')).body;
  const tokens = await pool.query('select expires_at from device_tokens where device = $1', [who.id]);
  return [me, (await call(who, 'GET', consent)).body, tokens.rows];
}

type Change = {
  readonly name: string;
  readonly method: 'DELETE' | 'PATCH' | 'POST' | 'PUT';
  readonly url: string;
  readonly action: ProofAction;
  readonly body?: object;
};
const WIDENING: readonly Change[] = [
  { name: 'a no taken back', method: 'DELETE', url: consent, action: 'consent' },
  { name: 'a no turned into a region', method: 'PUT', url: consent, action: 'consent', body: { precision: 'region' } },
  { name: 'a source on', method: 'PATCH', url: '/v1/me', action: 'profile', body: { sources: { wifi: true } } },
  { name: 'of age', method: 'PATCH', url: '/v1/me', action: 'profile', body: { ageBand: '18plus' } },
  {
    name: 'a child, whom nothing is kept of,',
    method: 'PATCH',
    url: '/v1/me',
    action: 'profile',
    body: { ageBand: 'under13' },
  },
  { name: 'counted again', method: 'DELETE', url: '/v1/me/object', action: 'objection' },
  { name: 'another token of the phone', method: 'POST', url: '/v1/me/token', action: 'token' },
  { name: 'no token of the phone', method: 'DELETE', url: '/v1/me/token', action: 'token' },
  { name: 'no guard', method: 'DELETE', url: '/v1/me/guard', action: 'applicationTokens' },
];

describe('of a guarded phone', () => {
  test.each(WIDENING)('$name is refused without its own, fresh proof, and changes nothing', async (change) => {
    const { method, url, action, body } = change;
    const ada = await guarded();
    const bo = await guarded();
    const before = await stateOf(ada);
    for (const header of [undefined, 'x', await proof(ada, 'erasure'), await proof(bo, action)]) {
      const { status, body: said } = await call(ada, method, url, body, header);
      expect([status, said.type]).toEqual([403, '/problems/proof-needed']);
    }
    expect(await stateOf(ada)).toEqual(before);
    expect([200, 204]).toContain((await call(ada, method, url, body, await proof(ada, action))).status);
    expect(await stateOf(ada)).not.toEqual(before);
  });

  test('whatever protects is one call with the token alone: a yes taken back, a no, a restriction, an objection, no more tokens', async () => {
    const ada = await phone();
    await call(ada, 'PUT', consent, { precision: 'precise' });
    await call(ada, 'PUT', '/v1/me/guard');
    const left = await call(ada, 'DELETE', consent);
    expect([left.status, left.body.consent.state]).toEqual([200, 'withdrawn']);
    // Nothing (more) is taken back: not a no.
    expect((await call(ada, 'DELETE', consent)).status).toBe(200);
    for (const [method, url, body] of [
      ['PUT', consent, { precision: 'none' }],
      ['PATCH', '/v1/me', { sources: { gps: false } }],
      ['POST', '/v1/me/object'],
      ['POST', '/v1/me/restrict'],
      ['DELETE', '/v1/me/tokens'],
    ] as const)
      expect([url, (await call(ada, method, url, body)).status]).toEqual([url, url.endsWith('tokens') ? 204 : 200]);
  });

  test('the guard counts that is there when the change is made, not the one that was read before', async () => {
    const ada = await phone();
    const seen = await Promise.all([
      call(ada, 'PUT', '/v1/me/guard'),
      ...Array.from({ length: 6 }, () => call(ada, 'POST', '/v1/me/token')),
    ]);
    expect(seen[0].status).toBe(200);
    for (const { status } of seen.slice(1)) expect([200, 403]).toContain(status);
    expect((await call(ada, 'POST', '/v1/me/token')).status).toBe(403);
  });
});

describe('of any phone', () => {
  test('a token whose successor reached the phone replaces and ends nothing, and says no yes, without proof', async () => {
    const victim = await phone();
    await call(victim, 'PUT', consent, { precision: 'none' });
    const { token } = (await call(victim, 'POST', '/v1/me/token')).body;
    const after = { ...victim, token };
    expect((await call(after, 'GET', '/v1/me')).status).toBe(200);
    const thief: Phone = { ...victim, proofKey: Buffer.alloc(32) };
    const wanted = [
      ['POST', '/v1/me/token', undefined, 'token'],
      ['DELETE', '/v1/me/token', undefined, 'token'],
      ['PUT', consent, { precision: 'region' }, 'consent'],
      ['DELETE', consent, undefined, 'consent'],
    ] as const;
    for (const [method, url, body, action] of wanted) {
      expect([method, url, (await call(thief, method, url, body)).status]).toEqual([method, url, 403]);
      expect((await call(thief, method, url, body, await proof(thief, action))).status).toBe(403);
    }
    expect((await call(after, 'GET', '/v1/me')).status).toBe(200);
    expect((await call(after, 'GET', consent)).body.consent.state).toBe('refused');
    // To protect takes no proof, and the phone itself can still ask again.
    expect((await call(victim, 'PUT', consent, { precision: 'none' })).status).toBe(200);
    expect((await call(victim, 'POST', '/v1/me/token', undefined, await proof(victim, 'token'))).status).toBe(200);
    expect((await call(after, 'GET', '/v1/me')).status).toBe(401);
  });

  test('who took the place of a token that was on its way is put out by the phone with proof', async () => {
    const victim = await phone();
    const lost = (await call(victim, 'POST', '/v1/me/token')).body;
    const stolen = (await call(victim, 'POST', '/v1/me/token')).body;
    expect((await call({ ...victim, token: lost.token }, 'GET', '/v1/me')).status).toBe(401);
    expect((await call({ ...victim, token: stolen.token }, 'GET', '/v1/me')).status).toBe(200);
    const again = await call(victim, 'POST', '/v1/me/token', undefined, await proof(victim, 'token'));
    expect(again.status).toBe(200);
    expect((await call({ ...victim, token: stolen.token }, 'GET', '/v1/me')).status).toBe(401);
    expect((await call({ ...victim, token: again.body.token }, 'GET', '/v1/me')).status).toBe(200);
  });

  test('an objection to counts is taken back with proof only', async () => {
    const ada = await phone();
    await call(ada, 'POST', '/v1/me/object');
    expect((await call(ada, 'DELETE', '/v1/me/object')).status).toBe(403);
    expect((await call(ada, 'DELETE', '/v1/me/object', undefined, await proof(ada, 'lifting'))).status).toBe(403);
    expect((await call(ada, 'GET', '/v1/me')).body.objectedToCounts).toBe(true);
    expect((await call(ada, 'DELETE', '/v1/me/object', undefined, await proof(ada, 'objection'))).status).toBe(200);
    expect((await call(ada, 'GET', '/v1/me')).body.objectedToCounts).toBe(false);
  });

  test('not guarded, the token is enough to replace it, to end it, and to take back a no', async () => {
    const ada = await phone();
    await call(ada, 'PUT', consent, { precision: 'none' });
    expect((await call(ada, 'DELETE', consent)).status).toBe(200);
    const { token } = (await call(ada, 'POST', '/v1/me/token')).body;
    expect((await call({ ...ada, token }, 'DELETE', '/v1/me/token')).status).toBe(204);
  });
});

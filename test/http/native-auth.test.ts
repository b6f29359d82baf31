import Fastify, { type InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/http/caller.ts';
import { type NativeAuthDeps, requireKey, requireSubject } from '../../src/http/native-auth.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';

const NOW = Date.UTC(2026, 0, 15, 12, 0, 15);
const KEY = { id: 'partner', class: 'partner', slot: 0, perMinute: 2, dailyQuota: 3 } as Caller;

/** Two scopes as the gateway has them: one for keys of partners, one for tokens; `asked` is who was looked up. */
async function open(over: Partial<NativeAuthDeps> = {}) {
  const asked: string[] = [];
  const clock = { nowMs: NOW };
  const deps: NativeAuthDeps = {
    findKey(presented) {
      asked.push(presented);
      return presented === 'good' ? KEY : presented === 'maker' ? { ...KEY, class: 'device' } : null;
    },
    quotas: openQuotas(createQuotaMemory(1), { a: 1, b: 2 }),
    now: () => clock.nowMs,
    overloaded: () => false,
    failsTooOften: async () => false,
    ...over,
  };
  const app = Fastify();
  app.decorateRequest('caller', null);
  app.decorateRequest('subject', null);
  app.get('/key', { onRequest: requireKey(deps, ['partner']) }, (request) => request.caller?.id);
  await app.register(async (me) => {
    const find = async (token: string) => {
      asked.push(token);
      return token === 'good' ? { id: 'phone' } : null;
    };
    me.addHook('preParsing', requireSubject(deps, find));
    const answer = (request: { subject: object | null }) => request.subject;
    me.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url: '/me', handler: answer });
    me.post('/asks', { config: { changesNothing: true } }, answer);
  });
  async function call(method: InjectOptions['method'], url: string, token?: string) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const {
      statusCode,
      headers: fields,
      body,
    } = await app.inject({ method, url, headers, remoteAddress: '192.0.2.1' });
    return { status: statusCode, fields, body };
  }
  return { call, asked, clock };
}

describe('a key', () => {
  test('passes within its limits, as a header or in the URL, and is refused past them, which says when to come back', async () => {
    const { call, clock } = await open();
    expect(await call('GET', '/key', 'good')).toMatchObject({
      ...{ status: 200, body: 'partner' },
      fields: { ratelimit: '"minute";r=1;t=45', 'ratelimit-policy': '"minute";q=2;w=60' },
    });
    expect((await call('GET', '/key?key=good')).status).toBe(200);
    expect(await call('GET', '/key', 'good')).toMatchObject({
      ...{ status: 429, body: expect.stringContaining('/problems/quota') },
      fields: { 'retry-after': '45', ratelimit: '"minute";r=0;t=45' },
    });
    clock.nowMs += 60_000;
    expect((await call('GET', '/key', 'good')).status).toBe(200);
    expect(await call('GET', '/key', 'good')).toMatchObject({ status: 429, fields: { 'retry-after': '43125' } });
  });

  test.each([
    ['another’s class', 'maker'],
    ['nobody’s', 'bad'],
    ['not there', undefined],
  ])('that is %s is one and the same no', async (_what, key) => {
    const { call } = await open();
    expect(await call('GET', '/key', key)).toMatchObject({ status: 401, fields: { 'www-authenticate': 'Bearer' } });
  });
});

describe('whoever calls', () => {
  test.each(['/key', '/me'])('%s while the thread is overloaded hears so before anything is looked up', async (url) => {
    const { call, asked } = await open({ overloaded: () => true });
    expect(await call('GET', url, 'good')).toMatchObject({ status: 503, fields: { 'retry-after': '10' } });
    expect(asked).toEqual([]);
  });

  test.each(['/key', '/me'])(
    '%s and fails too often is told so; one that can’t be counted is refused as ever',
    async (url) => {
      const often = await open({ failsTooOften: async () => true });
      expect(await often.call('GET', url, 'bad')).toMatchObject({ status: 429, fields: { 'retry-after': '60' } });
      expect((await often.call('GET', url, 'good')).status).toBe(200);
      const uncounted = await open({ failsTooOften: () => Promise.reject(new Error('away')) });
      expect((await uncounted.call('GET', url, 'bad')).status).toBe(401);
    },
  );
});

describe('changes of a phone', () => {
  test.each([
    ['POST', '/me', 429],
    ['PUT', '/me', 429],
    ['PATCH', '/me', 429],
    ['GET', '/me', 200],
    ['DELETE', '/me', 200],
    ['POST', '/asks', 200],
  ] as const)('are limited by what changes something, and taking back is not: %s %s', async (method, url, status) => {
    const { call } = await open({ changesTooOften: async () => true });
    expect((await call(method, url, 'good')).status).toBe(status);
    expect((await call(method, url, 'bad')).status).toBe(401);
  });

  test('pass where nobody counts them, or the count is away', async () => {
    for (const changesTooOften of [undefined, () => Promise.reject(new Error('away'))]) {
      const { call } = await open({ changesTooOften });
      expect(await call('POST', '/me', 'good')).toMatchObject({ status: 200, body: '{"id":"phone"}' });
    }
  });
});

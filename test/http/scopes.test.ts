// Everything that is not the MLS family: health, docs, unknown paths. Problem documents, limits, headers.
import { expect, test } from 'vitest';
import { createTestApp } from '../support/app.ts';

test('healthz is alive, readyz says what is missing', async () => {
  const ready = { store: true, index: true, jobs: true };
  const { app } = await createTestApp({ readiness: () => ready });
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
  expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', ...ready });
  for (const part of ['store', 'index', 'jobs'] as const) {
    ready[part] = false;
    const answer = await app.inject('/readyz');
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'notReady', ...ready }]);
    ready[part] = true;
  }
});

test.each([
  ['/', 'problem'],
  ['/v3/geolocate', 'problem'],
  ['/metrics', 'problem'],
  ['/v1/nothing', 'mls'],
  ['/v1/geolocate/more', 'mls'],
])('%s is not there, in the words of its family', async (url, family) => {
  const { app } = await createTestApp();
  for (const method of ['GET', 'POST', 'DELETE'] as const) {
    const answer = await app.inject({ method, url, payload: method === 'POST' ? '{' : undefined });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject(family === 'mls' ? { error: { code: 404 } } : { type: '/problems/not-found' });
    expect(answer.headers['cache-control']).toBe('no-store');
  }
});

test('a path that cannot be decoded is malformed, not an exception, in the words of its family', async () => {
  const { app, logged } = await createTestApp();
  for (const url of ['/v1/%zz', '/v2/%zz', '//v1//%zz', '/%zz']) {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject(url === '/%zz' ? { type: '/problems/malformed' } : { error: { code: 400 } });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).not.toContain('zz');
  }
  expect(logged).toEqual([]);
});

test('this machine itself is not limited: a load test is not cut', async () => {
  const { app } = await createTestApp({ othersPerMinute: 3 });
  for (const remoteAddress of ['127.0.0.1', '::1', '::ffff:127.9.9.9'])
    for (let i = 0; i < 9; i++) expect((await app.inject({ url: '/healthz', remoteAddress })).statusCode).toBe(200);
});

test('whoever comes through a proxy on this machine is not this machine, named or not, whatever it says of itself', async () => {
  const cases: [trustProxy: string[], headers: Record<string, string>, remoteAddress: string][] = [
    [[], { 'x-forwarded-for': '198.51.100.7' }, '127.0.0.1'],
    [['loopback'], { 'x-forwarded-for': '127.0.0.1' }, '127.0.0.1'],
    [[], { forwarded: 'for=127.0.0.1' }, '::1'],
    [['uniquelocal'], { 'x-forwarded-for': '127.0.0.1, 10.20.30.40' }, '10.0.0.1'],
  ];
  for (const [trustProxy, headers, remoteAddress] of cases) {
    const { app } = await createTestApp({ othersPerMinute: 3, trustProxy });
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push((await app.inject({ url: '/healthz', headers, remoteAddress })).statusCode);
    expect(codes).toEqual([200, 200, 200, 429, 429]);
  }
});

test('ops, docs and unknown paths are limited by address', async () => {
  for (const url of ['/healthz', '/openapi.json', '/nowhere', '/v1/nowhere']) {
    const { app } = await createTestApp({ othersPerMinute: 3, failuresPerMinute: 3 });
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push((await app.inject({ url, remoteAddress: '192.0.2.1' })).statusCode);
    expect(codes.slice(3)).toEqual([429, 429]);
    const { headers } = await app.inject({ url, remoteAddress: '192.0.2.1' });
    expect(headers['retry-after']).toBe('60');
    expect(headers['ratelimit-policy']).toBe('"minute";q=3;w=60');
    expect(headers.ratelimit).toMatch(/^"minute";r=0;t=\d+$/);
    expect(Object.keys(headers).filter((name) => /ratelimit-(limit|remaining|reset)/.test(name))).toEqual([]);
    expect((await app.inject({ url, remoteAddress: '192.0.2.2' })).statusCode).not.toBe(429);
  }
});

test('the docs are a guarded page, the API description names no route that refuses', async () => {
  const { app } = await createTestApp();
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toContain("default-src 'self'");
  const api = (await app.inject('/openapi.json')).json();
  expect(Object.keys(api.paths['/v1/geolocate']).sort()).toEqual(['get', 'post']);
  expect(api.paths).not.toHaveProperty('/docs');
});

test('every scope says that nothing may be kept, once', async () => {
  const { app } = await createTestApp();
  for (const url of [
    '/healthz',
    '/openapi.json',
    '/docs',
    '/nowhere',
    '/v1/nowhere',
    '/v1/geolocate',
    '/v1/geolocate?key=x',
  ]) {
    for (const method of ['GET', 'OPTIONS', 'DELETE'] as const) {
      const { headers } = await app.inject({ method, url });
      expect([url, headers['cache-control'], headers['x-content-type-options']]).toEqual([url, 'no-store', 'nosniff']);
    }
  }
});

// Who came over TLS is told to go on doing so, on every answer there is.
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';

const PROXY = '10.0.0.1';
const PATHS: InjectOptions[] = [
  { method: 'POST', url: `/v1/geolocate?key=${DEVICE_KEY}`, payload: {} },
  { method: 'POST', url: `/v1/geolocate?key=${DEVICE_KEY}`, payload: '{' },
  { method: 'POST', url: '/v1/geolocate?key=bad', payload: {} },
  { method: 'HEAD', url: `/v1/geolocate?key=${DEVICE_KEY}` },
  { method: 'GET', url: `/v1/country?key=${DEVICE_KEY}` },
  { method: 'OPTIONS', url: '/v1/geolocate', headers: { origin: 'https://app.example' } },
  { method: 'DELETE', url: '/v1/geolocate' },
  { method: 'POST', url: '/v2/geosubmit', payload: 'x' },
  { method: 'GET', url: '/healthz' },
  { method: 'GET', url: '/readyz' },
  { method: 'GET', url: '/docs' },
  { method: 'GET', url: '/openapi.json' },
  { method: 'GET', url: '/nowhere' },
  { method: 'GET', url: '/v1/nowhere' },
  { method: 'GET', url: '/%zz' },
  { method: 'GET', url: '/v1/%zz' },
];

async function hstsOf(trustProxy: string[], remoteAddress: string, scheme: string, options = {}): Promise<unknown[]> {
  const { app } = await createTestApp({ trustProxy, ...options });
  const headers = scheme === '' ? {} : { 'x-forwarded-proto': scheme };
  const answers = [];
  for (const path of PATHS) {
    const answer = await app.inject({ ...path, remoteAddress, headers: { ...path.headers, ...headers } });
    answers.push(answer.headers['strict-transport-security']);
  }
  return answers;
}
const all = (value: unknown) => PATHS.map(() => value);

test('every answer to a request that a trusted proxy took over TLS says so', async () => {
  expect(await hstsOf(['10.0.0.0/8'], PROXY, 'https')).toEqual(all('max-age=31536000'));
});

test('the proxy next to us decides when there are several', async () => {
  expect(await hstsOf(['10.0.0.0/8'], PROXY, 'http, https')).toEqual(all('max-age=31536000'));
  expect(await hstsOf(['10.0.0.0/8'], PROXY, 'https, http')).toEqual(all(undefined));
});

test('no answer says so to others: over plain HTTP, from who is no proxy, or when none is trusted', async () => {
  expect(await hstsOf(['10.0.0.0/8'], PROXY, 'http')).toEqual(all(undefined));
  expect(await hstsOf(['10.0.0.0/8'], PROXY, '')).toEqual(all(undefined));
  // A path that can't be decoded is refused before anybody asks who the peer is.
  const unrouted = PATHS.map(({ url }) => (String(url).includes('%zz') ? 'max-age=31536000' : undefined));
  expect(await hstsOf(['10.0.0.0/8'], '192.0.2.1', 'https')).toEqual(unrouted);
  expect(await hstsOf([], PROXY, 'https')).toEqual(all(undefined));
});

test('also those that are refused for coming too often', async () => {
  const { app } = await createTestApp({ trustProxy: ['10.0.0.0/8'], othersPerMinute: 1, failuresPerMinute: 1 });
  for (const url of ['/healthz', '/nowhere', '/v1/nowhere', '/v1/geolocate?key=bad']) {
    const ask = () => app.inject({ url, remoteAddress: PROXY, headers: { 'x-forwarded-proto': 'https' } });
    for (let i = 0; i < 2; i++) await ask();
    const answer = await ask();
    expect([url, answer.statusCode, answer.headers['strict-transport-security']]).toEqual([
      url,
      429,
      'max-age=31536000',
    ]);
  }
});

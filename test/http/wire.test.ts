// The look-up routes through the production app, without sockets: methods, keys, limits, forms of answers and refusals.
import { expect, test } from 'vitest';
import { CALLERS, createTestApp, DEVICE_KEY, LIMITED_KEY, PARTNER_KEY, SUBMIT_KEY } from '../support/app.ts';

const URL = `/v1/geolocate?key=${DEVICE_KEY}`;
const reasonOf = (answer: { json(): unknown }) =>
  (answer.json() as { error: { errors: [{ reason: string }] } }).error.errors[0].reason;

test('a device key gets the estimate, rounded to what means something', async () => {
  const { app, place } = await createTestApp();
  place.answer = { lat: 52.123456789, lon: -13.987654321, accuracyM: 34.2, fallback: '', source: 'wifi', sources: 4 };
  const answer = await app.inject({ method: 'POST', url: URL, payload: {} });
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toBe('{"location":{"lat":52.123457,"lng":-13.987654},"accuracy":34.2}');
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  for (const absent of ['server', 'x-powered-by', 'set-cookie', 'etag'])
    expect(answer.headers).not.toHaveProperty(absent);
});

test.each([
  [5.31, '5.4'],
  [0.01, '0.1'],
  [13, '13'],
  [99.91, '100'],
  [100.01, '101'],
  [4_800.2, '4801'],
])('a circle of %d m is told as %s: to tenths while they matter, and never smaller', async (accuracyM, text) => {
  const { app, place } = await createTestApp();
  place.answer = { lat: 1, lon: 2, accuracyM, fallback: '', source: 'wifi', sources: 4 };
  expect((await app.inject({ method: 'POST', url: URL })).body).toContain(`"accuracy":${text}}`);
});

test.each(['lacf', 'ipf'] as const)('a fallback %s is named', async (fallback) => {
  const { app, place } = await createTestApp();
  place.answer = { lat: 1, lon: 2, accuracyM: 5000, fallback, source: 'ip', sources: 16 };
  expect((await app.inject({ method: 'POST', url: URL })).json()).toEqual({
    location: { lat: 1, lng: 2 },
    accuracy: 5000,
    fallback,
  });
});

test.each([
  ['accuracy 0', { accuracyM: 0 }],
  ['accuracy NaN', { accuracyM: Number.NaN }],
  ['accuracy infinite', { accuracyM: Number.POSITIVE_INFINITY }],
  ['latitude NaN', { lat: Number.NaN }],
  ['longitude infinite', { lon: Number.POSITIVE_INFINITY }],
])('an estimate with %s never leaves: clients would take it for a fix', async (_name, wrong) => {
  const { app, place } = await createTestApp();
  place.answer = { lat: 1, lon: 2, accuracyM: 10, fallback: '', source: 'cell', sources: 2, ...wrong };
  const answer = await app.inject({ method: 'POST', url: URL });
  expect([answer.statusCode, reasonOf(answer)]).toEqual([404, 'notFound']);
});

test('GET is a look-up by address, HEAD the same without a body', async () => {
  const { app, place } = await createTestApp();
  const get = await app.inject({ method: 'GET', url: URL, remoteAddress: '192.0.2.7' });
  expect([get.statusCode, place.ip]).toEqual([200, '192.0.2.7']);
  const head = await app.inject({ method: 'HEAD', url: URL });
  expect([head.statusCode, head.body]).toEqual([200, '']);
  const without = ({ date: _, ...headers }: Record<string, unknown>) => headers;
  expect(without(head.headers)).toEqual(without(get.headers));
});

test.each([
  ['missing', '/v1/geolocate'],
  ['empty', '/v1/geolocate?key='],
  ['unknown', '/v1/geolocate?key=hgd_nobody'],
  ['given twice', `/v1/geolocate?key=${DEVICE_KEY}&key=${DEVICE_KEY}`],
  ['in another case', `/v1/geolocate?key=${DEVICE_KEY.toUpperCase()}`],
  ['very long', `/v1/geolocate?key=${'k'.repeat(5000)}`],
  ['of a submitter', `/v1/geolocate?key=${SUBMIT_KEY}`],
  ['__proto__', '/v1/geolocate?key=__proto__'],
])('a key that is %s is the same 400 keyInvalid', async (_name, url) => {
  const { app } = await createTestApp();
  const answers = [await app.inject({ method: 'POST', url, payload: {} }), await app.inject({ url })];
  answers.push(await app.inject({ url: url.replace('geolocate', 'country') }));
  for (const answer of answers) expect([answer.statusCode, reasonOf(answer)]).toEqual([400, 'keyInvalid']);
});

test('where nobody decides what partners see, one gets, byte for byte, what an unlocated device gets, and the same work is done for it', async () => {
  const { app, place } = await createTestApp();
  const seen = await app.inject({ method: 'POST', url: `/v1/geolocate?key=${PARTNER_KEY}`, payload: {} });
  expect(place.ip).toBe('127.0.0.1');
  const country = await app.inject({ url: `/v1/country?key=${PARTNER_KEY}` });
  place.answer = null;
  const unlocated = await app.inject({ method: 'POST', url: URL, payload: {} });
  const bytes = ({ statusCode, headers, rawPayload }: typeof seen) => ({
    statusCode,
    headers: { ...headers, date: '' },
    body: rawPayload.toString(),
  });
  expect(bytes(seen)).toEqual(bytes(unlocated));
  expect(bytes(country)).toEqual(bytes(unlocated));
  expect(seen.statusCode).toBe(404);
});

test('country names the country, and says 404 where nothing is known', async () => {
  const { app, place } = await createTestApp();
  const url = `/v1/country?key=${DEVICE_KEY}`;
  expect((await app.inject({ url })).json()).toEqual({ country_code: 'DE', country_name: 'Germany' });
  place.answer = null;
  expect((await app.inject({ method: 'POST', url })).statusCode).toBe(404);
});

test.each(['[]', '[1]', '1', '"x"', 'true', 'null', '{', 'a=b', '{"a":1}x'])(
  'the body %s is a parse error',
  async (payload) => {
    const { app } = await createTestApp();
    const answer = await app.inject({
      method: 'POST',
      url: URL,
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, reasonOf(answer)]).toEqual([400, 'parseError']);
  },
);

test('where nobody knows devices, a device token in the query changes nothing', async () => {
  const { app } = await createTestApp();
  expect((await app.inject({ method: 'POST', url: `${URL}&device=whatever` })).statusCode).toBe(200);
});

test.each(['PUT', 'PATCH', 'DELETE', 'TRACE'] as const)('%s is not allowed and says what is', async (method) => {
  const { app } = await createTestApp();
  for (const path of ['geolocate', 'country']) {
    const answer = await app.inject({ method, url: `/v1/${path}`, payload: '{"broken' });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
  }
});

test.each(['/v1/geolocate/', '//v1/geolocate', '/v1//geolocate/'])(
  '%s is the route itself, never a redirect',
  async (path) => {
    const { app } = await createTestApp();
    expect((await app.inject({ method: 'POST', url: `${path}?key=${DEVICE_KEY}` })).statusCode).toBe(200);
  },
);

test('a preflight from app:// is answered without a key, with lists old Gecko understands', async () => {
  const { app } = await createTestApp();
  const answer = await app.inject({
    method: 'OPTIONS',
    url: '/v1/geolocate',
    headers: {
      origin: 'app://weather',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toBe('');
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
    'access-control-max-age': '86400',
  });
  expect(String(answer.headers['access-control-allow-headers']).toLowerCase()).toContain('content-type');
  // The token of an application's user, too: in the URL it would be in logs.
  expect(String(answer.headers['access-control-allow-headers']).toLowerCase()).toContain('authorization');
  expect(answer.headers['access-control-allow-headers']).not.toContain('*');
  expect((await app.inject({ method: 'OPTIONS', url: '/v1/country' })).statusCode).toBe(200);
});

test('a browser may read every answer, refusals too; others get no CORS headers', async () => {
  const { app } = await createTestApp();
  for (const url of [URL, '/v1/geolocate?key=bad', `/v1/geolocate?key=${LIMITED_KEY}`]) {
    const answer = await app.inject({ method: 'POST', url, headers: { origin: 'https://app.example' } });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-expose-headers']).toBe('RateLimit, RateLimit-Policy, Retry-After');
  }
  expect((await app.inject(URL)).headers).not.toHaveProperty('access-control-allow-origin');
});

test("a key's limits are announced, then refused with the time to wait", async () => {
  const { app, clock } = await createTestApp();
  const ask = () => app.inject({ method: 'POST', url: `/v1/geolocate?key=${LIMITED_KEY}` });
  clock.nowMs += 48_000;
  const first = await ask();
  expect(first.statusCode).toBe(200);
  expect(first.headers['ratelimit-policy']).toBe('"minute";q=3;w=60');
  expect(first.headers.ratelimit).toBe('"minute";r=2;t=12');
  await ask();
  await ask();
  const over = await ask();
  expect([over.statusCode, reasonOf(over), over.headers['retry-after']]).toEqual([429, 'rateLimitExceeded', '12']);
  clock.nowMs += 60_000;
  const next = await ask();
  expect([next.statusCode, next.headers['ratelimit-policy']]).toEqual([200, '"day";q=5;w=86400']);
  await ask();
  const dayOver = await ask();
  expect([dayOver.statusCode, reasonOf(dayOver)]).toEqual([429, 'dailyLimitExceeded']);
  expect(Number(dayOver.headers['retry-after'])).toBeGreaterThan(40_000);
});

test('an address that floods is limited; failing keys behind it take nothing from good ones', async () => {
  const { app } = await createTestApp({ failuresPerMinute: 5 });
  const ask = (url: string, remoteAddress: string) => app.inject({ method: 'POST', url, remoteAddress });
  const bad = [];
  for (let i = 0; i < 8; i++) bad.push((await ask('/v1/geolocate?key=bad', '192.0.2.1')).statusCode);
  expect(bad).toEqual([400, 400, 400, 400, 400, 429, 429, 429]);
  expect((await ask('/v1/geolocate?key=bad', '192.0.2.1')).headers['retry-after']).toBe('60');
  expect((await ask(URL, '192.0.2.1')).statusCode).toBe(200);
  expect((await ask('/v1/geolocate?key=bad', '192.0.2.2')).statusCode).toBe(400);
});

test('an IPv6 subscriber fails as one, whatever address of its network it takes next', async () => {
  const { app } = await createTestApp({ failuresPerMinute: 2 });
  const ask = async (remoteAddress: string) =>
    (await app.inject({ method: 'POST', url: '/v1/geolocate?key=bad', remoteAddress })).statusCode;
  expect(await ask('2001:db8:1:2::1')).toBe(400);
  expect(await ask('2001:db8:1:2:aaaa:bbbb:cccc:dddd')).toBe(400);
  expect(await ask('2001:db8:1:2:3::4')).toBe(429);
  expect(await ask('2001:db8:1:3::1')).toBe(400);
  expect(await ask('::ffff:192.0.2.1')).toBe(400);
  expect(await ask('::ffff:192.0.2.2')).toBe(400);
});

test('X-Forwarded-For counts only from a trusted proxy, and then the last address it could not have made up', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.4' };
  const direct = await createTestApp();
  await direct.app.inject({ method: 'POST', url: URL, headers, remoteAddress: '10.0.0.1' });
  expect(direct.place.ip).toBe('10.0.0.1');
  const behind = await createTestApp({ trustProxy: ['10.0.0.0/8'] });
  await behind.app.inject({ method: 'POST', url: URL, headers, remoteAddress: '10.0.0.1' });
  expect(behind.place.ip).toBe('198.51.100.4');
});

test('an overloaded thread says so at once, before keys and bodies', async () => {
  const { app } = await createTestApp({ overloaded: () => true });
  const answer = await app.inject({ method: 'POST', url: URL, payload: '{' });
  expect([answer.statusCode, reasonOf(answer), answer.headers['retry-after']]).toEqual([
    503,
    'serviceUnavailable',
    '10',
  ]);
});

test('a bug is an opaque 500; its message, which may quote the request, is not logged', async () => {
  const { app, place, logged } = await createTestApp();
  place.throws = new TypeError('canary 00:1a:2b:3c:4d:5e at 52.5,13.4');
  const answer = await app.inject({ method: 'POST', url: URL });
  expect([answer.statusCode, reasonOf(answer)]).toEqual([500, 'internalError']);
  expect(answer.body).not.toContain('canary');
  expect(logged).toEqual([{ type: 'TypeError', code: undefined, stack: expect.any(Array) }]);
  expect(JSON.stringify(logged)).not.toContain('canary');
});

test('answers are counted by outcome and source', async () => {
  const { app, place, counts } = await createTestApp();
  await app.inject({ method: 'POST', url: URL });
  await app.inject({ method: 'POST', url: URL, payload: '[]' });
  await app.inject({ method: 'POST', url: '/v1/geolocate?key=bad' });
  place.answer = null;
  await app.inject({ url: `/v1/country?key=${DEVICE_KEY}` });
  expect(counts().answers).toEqual([
    { route: 'geolocate', outcome: 'located', source: 'wifi', count: 1 },
    { route: 'geolocate', outcome: 'malformed', source: 'none', count: 1 },
    { route: 'geolocate', outcome: 'keyInvalid', source: 'none', count: 1 },
    { route: 'country', outcome: 'notLocated', source: 'none', count: 1 },
  ]);
});

test('bugs, and bodies that no handler saw, are counted too', async () => {
  const { app, place, counts } = await createTestApp();
  await app.inject({ method: 'POST', url: URL, payload: 'x'.repeat(70_000) });
  place.throws = new TypeError('broken');
  await app.inject({ method: 'POST', url: URL });
  expect(counts().answers).toEqual([
    { route: 'geolocate', outcome: 'tooLarge', source: 'none', count: 1 },
    { route: 'geolocate', outcome: 'bug', source: 'none', count: 1 },
  ]);
});

test('a revoked key is refused by the very next request', async () => {
  const keys = { ...CALLERS };
  const { app } = await createTestApp({ findKey: (presented) => keys[presented] ?? null });
  expect((await app.inject(URL)).statusCode).toBe(200);
  delete keys[DEVICE_KEY];
  expect((await app.inject(URL)).statusCode).toBe(400);
});

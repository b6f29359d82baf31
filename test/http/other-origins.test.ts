// What a web app without special rights, as most on KaiOS are, may do with people's and partners' routes: all of it, by script.
import { expect, test } from 'vitest';
import { addTestApplication, createTestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const gateway = await createTestPeople(store);
const application = await addTestApplication(store);
const ORIGIN = { origin: 'app://consents' };

test.each([
  ['POST', '/v1/devices'],
  ['PATCH', '/v1/me'],
  ['PUT', '/v1/me/consents/navi/dpv:ServiceProvision'],
  ['POST', '/v1/me/export'],
  ['POST', '/v1/me/erasure'],
  ['GET', '/v1/policies/current'],
  ['POST', '/v1/privacy/bssid-removal'],
  ['GET', '/v1/partner/notices'],
])('a browser that asks whether it may %s %s is told so without a key', async (method, url) => {
  const answer = await gateway.app.inject({
    method: 'OPTIONS',
    url,
    headers: {
      ...ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type,honeyguide-proof',
    },
  });
  expect([answer.statusCode, answer.body]).toEqual([204, '']);
  const { headers } = answer;
  expect(headers['access-control-allow-origin']).toBe('*');
  expect(String(headers['access-control-allow-methods']).split(', ')).toContain(method);
  const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(', ');
  expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'honeyguide-proof']));
  // Gecko before 69 knows no *, and no cookie is ever wanted.
  expect(headers['access-control-allow-methods']).not.toContain('*');
  expect(headers).not.toHaveProperty('access-control-allow-credentials');
});

test('its script may read what it is answered, refusals and limits too', async () => {
  const token = await gateway.register();
  const bearer = { ...ORIGIN, authorization: `Bearer ${token}` };
  const url = `/v1/me/consents/${application}/dpv:ServiceProvision`;
  const yes = await gateway.app.inject({ method: 'PUT', url, headers: bearer, payload: { precision: 'region' } });
  const stranger = await gateway.app.inject({ method: 'GET', url: '/v1/me', headers: ORIGIN });
  const broken = await gateway.app.inject({
    ...{ method: 'PUT', url, payload: '{' },
    headers: { ...bearer, 'content-type': 'application/json' },
  });
  const nowhere = await gateway.app.inject({ method: 'GET', url: '/v1/me/nothing', headers: bearer });
  expect([yes, stranger, broken, nowhere].map(({ statusCode }) => statusCode)).toEqual([200, 401, 400, 404]);
  for (const { headers } of [yes, stranger, broken, nowhere]) {
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-expose-headers']).toContain('Retry-After');
  }
});

test('health is for no page: it says nothing of other origins', async () => {
  const { headers } = await gateway.app.inject({ method: 'GET', url: '/healthz', headers: ORIGIN });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});

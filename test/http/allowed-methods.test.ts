import { beforeAll, expect, test } from 'vitest';
import { createTestPeople, type TestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
let gateway: TestPeople;
let token: string;

beforeAll(async () => {
  gateway = await createTestPeople(store);
  token = await gateway.register();
});

test.each([
  ['PUT', '/v1/devices', 'POST, OPTIONS'],
  ['PUT', '/v1/devices/?key=x', 'POST, OPTIONS'],
  ['POST', '/v1/me/consents/weather/dpv:ServiceProvision', 'GET, HEAD, PUT, DELETE, OPTIONS'],
  ['POST', '//v1/me', 'GET, HEAD, PATCH, OPTIONS'],
  ['DELETE', '/v1/policies/current', 'GET, HEAD, OPTIONS'],
  ['POST', '/.well-known/jwks.json', 'GET, HEAD, OPTIONS'],
  ['OPTIONS', '/healthz', 'GET, HEAD'],
  ['POST', '/openapi.json', 'GET, HEAD'],
])('%s %s is told which methods there are: %s', async (method, url, allow) => {
  const answer = await gateway.call(method as 'POST', url, token);
  expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
  expect(answer.body).toEqual({ type: '/problems/wrong-method', title: 'Method not allowed', status: 405 });
});

test.each([
  ['POST', '/v1/me/nothing'],
  ['GET', '/v1/me/consents/a/b/c'],
  ['POST', '/v1/policiesX'],
  ['POST', '/v1/policies/a.b/c'],
  ['GET', '/'],
])('%s %s is not there, whatever the method: 404', async (method, url) => {
  const answer = await gateway.call(method as 'POST', url, token);
  expect([answer.status, answer.headers.allow]).toEqual([404, undefined]);
});

test('who presents no token is told that first', async () => {
  expect((await gateway.call('POST', '/v1/me')).status).toBe(401);
});

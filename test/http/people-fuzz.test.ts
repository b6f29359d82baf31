// Whatever is sent to people's own routes, what goes out is an answer or a problem, nothing breaks, and nothing is logged.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEVICE_KEY } from '../support/app.ts';
import { addTestApplication, createTestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const gateway = await createTestPeople(store);
const weather = await addTestApplication(store);

const odd = fc.oneof(
  fc.anything({ maxDepth: 1 }),
  fc.constantFrom(
    'precise',
    'region',
    'none',
    'NL',
    '18plus',
    'under13',
    null,
    true,
    -1,
    1e300,
    '2030-01-01T00:00:00Z',
  ),
  fc.constant('x'.repeat(10_000)),
  fc.constant('\u0000'),
);
const fields = [
  'precision',
  'scopes',
  'sources',
  'expiresAt',
  'validForDays',
  'policyVersion',
  'language',
  'textHash',
].concat(['screen', 'jurisdiction', 'ageBand', 'marketing', 'acceptedPolicy', '__proto__', 'constructor']);
const bodies = fc.oneof(
  fc.dictionary(fc.constantFrom(...fields), odd, { maxKeys: 4 }).map((body) => JSON.stringify(body)),
  fc
    .record(
      { precision: fc.constantFrom('none', 'region', 'precise'), expiresAt: odd, screen: odd },
      { requiredKeys: ['precision'] },
    )
    .map((body) => JSON.stringify(body)),
  // Asks for nothing in particular, so that it is often taken.
  fc.constant('{}'),
  fc.json(),
  fc.string(),
);
const parts = fc.oneof(
  fc.constantFrom(weather, 'dpv:ServiceProvision', 'dpv:Nothing', '%00', '%ff', 'x'.repeat(300), "';--", '{}'),
  fc.string({ maxLength: 10 }).map(encodeURIComponent),
);
const requests = fc.oneof(
  fc.tuple(fc.constant('POST' as const), fc.constant('/v1/devices')),
  fc.tuple(fc.constantFrom('GET' as const, 'PATCH' as const), fc.constant('/v1/me')),
  fc.tuple(
    fc.constantFrom('GET' as const, 'PUT' as const, 'DELETE' as const),
    fc
      .oneof(
        fc.constant(`${weather}/dpv:ServiceProvision`),
        fc.tuple(parts, parts).map((two) => two.join('/')),
      )
      .map((rest) => `/v1/me/consents/${rest}`),
  ),
  fc.tuple(
    fc.constant('GET' as const),
    parts.map((part) => `/v1/me/receipts/${part}`),
  ),
  fc.tuple(
    fc.constant('GET' as const),
    parts.map((part) => `/v1/policies/${part}`),
  ),
);

test('odd requests to registration, profile, consents, receipts and policies are answered or refused', async () => {
  let token = await gateway.register();
  let changes = 0;
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requests, bodies, async ([method, url], payload) => {
      // One phone may change only so much a minute.
      if (++changes % 20 === 0) token = await gateway.register();
      const credential = url === '/v1/devices' ? DEVICE_KEY : token;
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
      const answer = await gateway.app.inject({
        method,
        url,
        headers,
        payload: method === 'GET' ? undefined : payload,
      });
      seen.set(answer.statusCode, (seen.get(answer.statusCode) ?? 0) + 1);
      // 405: parts that are empty, or dots, make another path of it, such as the list's.
      expect([200, 201, 400, 403, 404, 405, 409, 413, 422]).toContain(answer.statusCode);
      if (answer.statusCode >= 400) expect(answer.json()).toMatchObject({ status: answer.statusCode });
    }),
    { numRuns: 300 },
  );
  expect(gateway.logged).toEqual([]);
  for (const status of [200, 201, 400, 404]) expect(seen.get(status)).toBeGreaterThan(0);
}, 30_000);

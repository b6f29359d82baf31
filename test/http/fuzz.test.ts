// Whatever comes in, what goes out is one of five statuses in a known form, and nothing is kept. The longer run of the same
// (10^5 bodies, memory watched) is bench/fuzz.ts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openIpReader } from '../../src/positioning/ip.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { ALLOWED_STATUSES, knownStations, oddRequests } from '../support/odd-bodies.ts';

test('5,000 odd requests: no 5xx, an answer is a position or a refusal, nothing is logged', async () => {
  const { app, logged } = await createTestApp({
    locator: createLocator({ stations: knownStations(), ip: openIpReader({ files: [] }) }),
  });
  let located = 0;
  await fc.assert(
    fc.asyncProperty(oddRequests, fc.constantFrom('geolocate', 'country'), async ({ headers, body }, route) => {
      const answer = await app.inject({
        method: 'POST',
        url: `/v1/${route}?key=${DEVICE_KEY}`,
        headers,
        payload: body,
      });
      expect(ALLOWED_STATUSES).toContain(answer.statusCode);
      const said = answer.json();
      if (answer.statusCode !== 200) expect(said.error.code).toBe(answer.statusCode);
      else if (route === 'geolocate') {
        located++;
        expect(said.accuracy).toBeGreaterThan(0);
        expect(Math.abs(said.location.lat)).toBeLessThanOrEqual(90);
        expect(Math.abs(said.location.lng)).toBeLessThanOrEqual(180);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(logged).toEqual([]);
  expect(located).toBeGreaterThan(0);
});

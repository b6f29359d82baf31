// The limit of a route that few calls are allowed of, in the whole gateway.
import { expect, test } from 'vitest';
import { REMOVALS_PER_HOUR } from '../../src/rights/routes.ts';
import { createTestApp } from '../support/app.ts';

test('who owns a /48 asks for no more removals an hour than who owns an address', async () => {
  const { app } = await createTestApp({ removals: { request: async () => 'c0ffee00c0de', ttlMs: 1_000 } });
  const ask = async (remoteAddress: string) => {
    const payload = { macAddress: '00:1a:2b:3c:4d:5e' };
    return (await app.inject({ method: 'POST', url: '/v1/privacy/bssid-removal', payload, remoteAddress })).statusCode;
  };
  const statuses = [];
  for (let i = 0; i <= REMOVALS_PER_HOUR; i++) statuses.push(await ask(`2001:db8:7:${i.toString(16)}::1`));
  expect(statuses).toEqual([...Array(REMOVALS_PER_HOUR).fill(202), 429]);
  expect([await ask('2001:db8:8:1::1'), await ask('192.0.2.1'), await ask('192.0.2.2')]).toEqual([202, 202, 202]);
});

test('a route that few calls are allowed of limits this machine too, as do bad keys', async () => {
  const { app } = await createTestApp({
    removals: { request: async () => 'c0ffee00c0de', ttlMs: 1_000 },
    failuresPerMinute: 2,
  });
  const ask = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload, remoteAddress: '127.0.0.1' })).statusCode;
  const removals = [];
  for (let i = 0; i <= REMOVALS_PER_HOUR; i++)
    removals.push(await ask('/v1/privacy/bssid-removal', { macAddress: '00:1a:2b:3c:4d:5e' }));
  expect(removals).toEqual([...Array(REMOVALS_PER_HOUR).fill(202), 429]);
  const badKeys = [];
  for (let i = 0; i < 3; i++) badKeys.push(await ask('/v1/geolocate?key=nobody', {}));
  expect(badKeys).toEqual([400, 400, 429]);
});

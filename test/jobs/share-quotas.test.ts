// Replicas over one real Valkey, at TEST_VALKEY_URL or one of the test's own where it has to be killed.
import { randomUUID } from 'node:crypto';
import type { Valkey } from 'iovalkey';
import { describe, expect, test } from 'vitest';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createQuotaSharing, type SharedKey } from '../../src/jobs/share-quotas.ts';
import {
  createPrivateValkey,
  freePort,
  TEST_VALKEY_URL,
  testClient,
  untilReady,
  VALKEY_BIN,
} from '../support/valkey.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const newKey = (): SharedKey => ({ id: `key_${randomUUID()}`, slot: 0, perMinute: 10, dailyQuota: 100 });
const FREE: SharedKey = { id: 'key_free', slot: 1, perMinute: null, dailyQuota: null };

function replica(valkey: Valkey, key: SharedKey) {
  const quotas = openQuotas(createQuotaMemory(2), { a: 1, b: 2 });
  const share = createQuotaSharing(valkey, randomUUID(), quotas, () => [key, FREE]);
  return { share, ask: (nowMs: number, as = key) => quotas.take(as, '192.0.2.1', nowMs) };
}

test('a Valkey that is away is an error for the job, and each replica goes on with what it counted', async () => {
  const { share, ask } = replica(await testClient(`valkey://127.0.0.1:${await freePort()}`), newKey());
  ask(NOON);
  await expect(share(NOON)).rejects.toThrow();
  expect(ask(NOON).remaining).toBe(10 - 2);
});

test('a Valkey that is away is one also where no key has a limit: those by address hold for this replica alone, which the log should say', async () => {
  const { share, ask } = replica(await testClient(`valkey://127.0.0.1:${await freePort()}`), FREE);
  ask(NOON, FREE);
  await expect(share(NOON)).rejects.toThrow();
});

describe.skipIf(TEST_VALKEY_URL === undefined)('replicas that share a Valkey (needs TEST_VALKEY_URL)', () => {
  async function twoReplicas(key: SharedKey) {
    const clients = [await testClient(TEST_VALKEY_URL!), await testClient(TEST_VALKEY_URL!)];
    await Promise.all(clients.map(untilReady));
    return { valkey: clients[0], a: replica(clients[0], key), b: replica(clients[1], key) };
  }

  test('use up one limit, and tell it nothing but counts that it forgets', async () => {
    const key = newKey();
    const { valkey, a, b } = await twoReplicas(key);
    for (let i = 0; i < 6; i++) a.ask(NOON);
    a.ask(NOON, FREE);
    expect(b.ask(NOON).remaining).toBe(9);
    for (let round = 0; round < 3; round++) {
      await a.share(NOON + 1000);
      await b.share(NOON + 1000);
    }
    expect(b.ask(NOON + 2000).remaining).toBe(2);
    expect(a.ask(NOON + 2000).remaining).toBe(2);
    for (let i = 0; i < 2; i++) a.ask(NOON + 2000);
    expect(a.ask(NOON + 2000).refused).toBe('minute');
    const names = await valkey.keys(`honeyguide:*${key.id}*`);
    expect(names.map((name) => name.replace(/\d+$/, '')).sort()).toEqual(
      ['d', 'm'].map((window) => `honeyguide:quotas:${key.id}:${window}`),
    );
    for (const name of names) {
      expect(await valkey.ttl(name)).toBeGreaterThan(0);
      expect(await valkey.ttl(name)).toBeLessThanOrEqual(86_460);
      expect((await valkey.hvals(name)).sort()).toEqual(['1', '6']);
    }
    expect(await valkey.keys('honeyguide:*key_free*')).toEqual([]);
  });

  test('share only the day a minute later', async () => {
    const key = newKey();
    const { a, b } = await twoReplicas(key);
    for (let i = 0; i < 6; i++) a.ask(NOON);
    await a.share(NOON);
    const later = NOON + 60_000;
    b.ask(later);
    await b.share(later);
    expect(b.ask(later, { ...key, perMinute: null }).remaining).toBe(100 - 8);
    expect(b.ask(later, { ...key, dailyQuota: null }).remaining).toBe(10 - 2);
  });
});

describe.skipIf(VALKEY_BIN === undefined)(
  'replicas whose Valkey is killed (needs valkey-server or redis-server)',
  () => {
    test('keep what they knew, and share all of it again when it is back, nothing twice', async () => {
      const server = await createPrivateValkey();
      await server.start();
      const clients = [await testClient(server.url), await testClient(server.url)];
      await Promise.all(clients.map(untilReady));
      const key = newKey();
      const [a, b] = clients.map((client) => replica(client, key));
      for (let i = 0; i < 3; i++) a.ask(NOON);
      b.ask(NOON);
      for (const { share } of [a, b, a]) await share(NOON);
      await server.kill();
      await expect(a.share(NOON)).rejects.toThrow();
      expect(a.ask(NOON).remaining).toBe(10 - 4 - 1);
      await server.start();
      await Promise.all(clients.map(untilReady));
      // It has forgotten all: the day's count of neither may start anew.
      for (const { share } of [b, a, b, a]) await share(NOON);
      expect(a.ask(NOON, { ...key, perMinute: null }).remaining).toBe(100 - 6);
      expect(b.ask(NOON, { ...key, perMinute: null }).remaining).toBe(100 - 6);
    });

    test('are told of one that answers and takes nothing, also where no key has a limit', async () => {
      const server = await createPrivateValkey();
      await server.start();
      const client = await testClient(server.url);
      await untilReady(client);
      const { share, ask } = replica(client, FREE);
      ask(NOON, FREE);
      await share(NOON);
      expect(await client.keys('*')).toEqual(['honeyguide:written']);
      await client.replicaof('127.0.0.1', await freePort());
      await expect(share(NOON)).rejects.toThrow('READONLY');
    });
  },
);

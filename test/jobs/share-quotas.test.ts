// Replicas over one Valkey, which is here a Map that speaks the two commands that are used: nothing else is installed.
import { expect, test } from 'vitest';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createQuotaSharing, type SharedKey } from '../../src/jobs/share-quotas.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const KEY: SharedKey = { id: 'key_a', slot: 0, perMinute: 10, dailyQuota: 100 };
const FREE: SharedKey = { id: 'key_free', slot: 1, perMinute: null, dailyQuota: null };

function fakeValkey() {
  const values = new Map<string, number>();
  const lives = new Map<string, number>();
  const state = { away: false };
  const pipeline = () => {
    const replies: [null, number][] = [];
    const commands = {
      incrby(name: string, by: number) {
        values.set(name, (values.get(name) ?? 0) + by);
        replies.push([null, values.get(name)!]);
        return commands;
      },
      expire(name: string, seconds: number) {
        lives.set(name, seconds);
        replies.push([null, 1]);
        return commands;
      },
      exec: async () => (state.away ? Promise.reject(new Error('away')) : replies),
    };
    return commands;
  };
  return { values, lives, state, client: { pipeline } as unknown as Parameters<typeof createQuotaSharing>[0] };
}

function replica(client: Parameters<typeof createQuotaSharing>[0]) {
  const quotas = openQuotas(createQuotaMemory(2), { a: 1, b: 2 });
  const share = createQuotaSharing(client, quotas, () => [KEY, FREE]);
  return { share, ask: (nowMs: number, key = KEY) => quotas.take(key, '192.0.2.1', nowMs) };
}

test('what one replica counted uses up the limit of the other', async () => {
  const { client, values, lives } = fakeValkey();
  const [a, b] = [replica(client), replica(client)];
  for (let i = 0; i < 6; i++) a.ask(NOON);
  a.ask(NOON, FREE);
  expect(b.ask(NOON).remaining).toBe(9);
  for (let round = 0; round < 3; round++) {
    await a.share(NOON + 1000);
    await b.share(NOON + 1000);
  }
  expect(b.ask(NOON + 2000).remaining).toBe(2);
  expect(a.ask(NOON + 2000).remaining).toBe(2);
  // A key without limits never goes there, counts do under the key's id, and all of it is forgotten.
  expect([...values.keys()].every((name) => name.startsWith('honeyguide:quota:key_a:'))).toBe(true);
  expect([...lives.values()].every((seconds) => seconds > 0 && seconds <= 86_460)).toBe(true);
});

test('a minute later only the day is shared', async () => {
  const { client } = fakeValkey();
  const [a, b] = [replica(client), replica(client)];
  for (let i = 0; i < 6; i++) a.ask(NOON);
  await a.share(NOON);
  const later = NOON + 60_000;
  b.ask(later);
  await b.share(later);
  const day = b.ask(later, { ...KEY, perMinute: null });
  expect(day.remaining).toBe(100 - 8);
  expect(b.ask(later, { ...KEY, dailyQuota: null }).remaining).toBe(10 - 2);
});

test('a Valkey that is away is an error for the job, and nothing is counted twice when it is back', async () => {
  const { client, state } = fakeValkey();
  const [a, b] = [replica(client), replica(client)];
  for (let i = 0; i < 4; i++) a.ask(NOON);
  await a.share(NOON);
  await a.share(NOON);
  await a.share(NOON);
  b.ask(NOON);
  await b.share(NOON);
  expect(b.ask(NOON).remaining).toBe(10 - 4 - 2);
  state.away = true;
  await expect(a.share(NOON)).rejects.toThrow('away');
  expect(a.ask(NOON).remaining).toBe(10 - 5);
});

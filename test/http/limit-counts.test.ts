import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createLimitMemory, openLimitCounts } from '../../src/http/limit-counts.ts';
import { createFailureLimit, limitScope } from '../../src/http/limiter.ts';

const HOME = '192.0.2.1';
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const NOON = Date.UTC(2026, 10, 30, 12);

test('threads count together, each name, minute and hour for itself', () => {
  const memory = createLimitMemory();
  let nowMs = NOON;
  const threads = [0, 1].map(() => openLimitCounts(memory, () => nowMs));
  for (let i = 1; i <= 6; i++) expect(threads[i % 2]('home', MINUTE_MS).current).toBe(i);
  expect(threads[0]('work', MINUTE_MS).current).toBe(1);
  expect(threads[0]('home', HOUR_MS)).toEqual({ current: 1, ttl: HOUR_MS });
  nowMs += 59_000;
  expect(threads[1]('home', MINUTE_MS)).toEqual({ current: 7, ttl: 1_000 });
  nowMs += 1_000;
  expect(threads[1]('home', MINUTE_MS).current).toBe(1);
  expect(threads[1]('home', HOUR_MS).current).toBe(2);
});

/** What `threads` gateways' threads would answer with, each its own Fastify over the same memory. */
async function openThreads(threads: number) {
  const memory = createLimitMemory();
  const apps = Array.from({ length: threads }, async () => {
    const deps = { addressKey: new Uint8Array(32), limitCounts: openLimitCounts(memory, () => NOON) };
    const app = Fastify();
    await app.register(async (scope) => {
      await limitScope(scope, { ...deps, othersPerMinute: 6 });
      scope.get('/', async () => 'done');
      const config = { rateLimit: { max: 4, timeWindow: HOUR_MS } };
      scope.post('/seldom', { config }, async () => 'done');
      scope.post('/seldom-too', { config }, async () => 'done');
    });
    await app.register(async (scope) => {
      const failsTooOften = await createFailureLimit(scope, { ...deps, failuresPerMinute: 3 });
      scope.get('/failing', async (request) => failsTooOften(request));
    });
    return app;
  });
  const all = await Promise.all(apps);
  let turn = 0;
  return async (method: 'GET' | 'POST', url: string, remoteAddress = HOME) =>
    await all[turn++ % threads].inject({ method, url, remoteAddress });
}

test('whoever asks several threads in turns is allowed what is allowed, not once for each', async () => {
  const ask = await openThreads(3);
  const passed = async (times: number, method: 'GET' | 'POST', url: string, address?: string) => {
    let count = 0;
    for (let i = 0; i < times; i++) if ((await ask(method, url, address)).statusCode === 200) count++;
    return count;
  };
  expect(await passed(20, 'GET', '/')).toBe(6);
  expect(await passed(20, 'GET', '/', '198.51.100.1')).toBe(6);
  expect(await passed(20, 'POST', '/seldom')).toBe(4);
  expect(await passed(20, 'POST', '/seldom-too')).toBe(4);
});

test('failures are counted together too', async () => {
  const ask = await openThreads(3);
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push((await ask('GET', '/failing')).body);
  expect(answers).toEqual(['false', 'false', 'false', 'true', 'true']);
});

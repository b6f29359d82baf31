// Limits by address on a machine whose clock is set: they count minutes that pass, whatever the clock says.
import { afterEach, expect, test, vi } from 'vitest';
import { createTestApp } from '../support/app.ts';

afterEach(() => void vi.useRealTimers());

const OTHERS = 5;

test('a clock that ran an hour ahead and is set back leaves nobody turned away for that hour', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 29, 13) });
  const { app } = await createTestApp({ othersPerMinute: OTHERS });
  const ask = async () => {
    const { statusCode, headers } = await app.inject({ url: '/healthz', remoteAddress: '192.0.2.1' });
    return [statusCode, Number(headers['retry-after'] ?? 0)];
  };
  await ask();
  vi.setSystemTime(Date.UTC(2026, 10, 29, 12));
  const statuses = [];
  for (let minute = 0; minute < 10; minute++) {
    vi.setSystemTime(Date.UTC(2026, 10, 29, 12, minute));
    statuses.push((await ask())[0]);
  }
  expect(statuses).toEqual(Array(10).fill(200));

  for (let i = 0; i < OTHERS; i++) await ask();
  const [status, retryAfterS] = await ask();
  expect(status).toBe(429);
  expect(retryAfterS).toBeLessThanOrEqual(60);
});

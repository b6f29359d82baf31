// The production app with everything around it faked or fresh: no store, no threads, no clock but the test's own.
import type { FastifyInstance } from 'fastify';
import { type AppDeps, buildApp } from '../../src/app.ts';
import type { Caller } from '../../src/http/caller.ts';
import { createCounterMemory, openStripe, sumCounters } from '../../src/http/counters.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import type { Estimate } from '../../src/positioning/locator.ts';

export const DEVICE_KEY = 'hgd_test-device-key';
export const PARTNER_KEY = 'hgp_test-partner-key';
export const SUBMIT_KEY = 'hgs_test-submit-key';
export const LIMITED_KEY = 'hgd_limited-device-key';

const caller = (id: string, kind: Caller['class'], slot: number, limits: Partial<Caller> = {}) =>
  ({ id, class: kind, slot, perMinute: null, dailyQuota: null, ...limits }) as Caller;

export const CALLERS: Readonly<Record<string, Caller>> = {
  [DEVICE_KEY]: caller('device', 'device', 0),
  [PARTNER_KEY]: caller('partner', 'partner', 1),
  [SUBMIT_KEY]: caller('submit', 'submit', 2),
  [LIMITED_KEY]: caller('limited', 'device', 3, { perMinute: 3, dailyQuota: 5 }),
};

export type TestApp = {
  readonly app: FastifyInstance;
  /** What the fake locator answers next, and what it was given last. */
  readonly place: { answer: Estimate | null; throws: unknown; wifi: number; cells: number; ip: string | undefined };
  readonly clock: { nowMs: number };
  readonly logged: object[];
  counts(): ReturnType<typeof sumCounters>;
};

/** What every app needs and hardly a test looks at: no limits for so many keys, all is ready. */
export const plainDeps = (keys: number) => ({
  quotas: openQuotas(createQuotaMemory(keys), { a: 1, b: 2 }),
  readiness: () => ({ store: true, index: true, jobs: true }),
  overloaded: () => false,
  trustProxy: [],
  addressKey: new Uint8Array(32),
});

/** A built app; `overrides` replace single dependencies. */
export async function createTestApp(overrides: Partial<AppDeps> = {}): Promise<TestApp> {
  const place: TestApp['place'] = {
    answer: { lat: 52.5, lon: 13.4, accuracyM: 34.2, fallback: '', source: 'wifi', sources: 4 },
    throws: undefined,
    wifi: 0,
    cells: 0,
    ip: undefined,
  };
  const clock = { nowMs: Date.UTC(2026, 10, 22, 12, 0, 0) };
  const logged: object[] = [];
  const memory = createCounterMemory(1);
  const app = await buildApp({
    version: '0.0.0',
    findKey: (presented) => (Object.hasOwn(CALLERS, presented) ? CALLERS[presented] : null),
    locator: {
      locate(readings) {
        if (place.throws !== undefined) throw place.throws;
        place.wifi = readings.wifi.count;
        place.cells = readings.cells.count;
        place.ip = readings.ip;
        return place.answer;
      },
      country: () => (place.answer === null ? null : { code: 'DE', name: 'Germany', fallback: '' }),
    },
    ...plainDeps(8),
    counters: openStripe(memory, 0),
    log: { error: (facts) => logged.push(facts) },
    now: () => clock.nowMs,
    ...overrides,
  });
  return { app, place, clock, logged, counts: () => sumCounters(memory) };
}

// The routes that take reports, over a real store, for tests that send to them.
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import type { Caller } from '../../src/http/caller.ts';
import { createCounterMemory, openStripe, sumCounters } from '../../src/http/counters.ts';
import { MlsErrorSchema, refuseMls } from '../../src/http/errors/mls.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { refusalOf } from '../../src/http/refusal.ts';
import { createDayKeys } from '../../src/observations/day-keys.ts';
import { createInbox, type InboxRow } from '../../src/observations/inbox.ts';
import { addSubmitRoutes, V1_PATHS, V2_PATHS } from '../../src/observations/routes.ts';
import { insertRows } from '../../src/observations/store.ts';
import {
  createSubmissionCountMemory,
  openSubmissionCounts,
  sumSubmissionCounts,
} from '../../src/observations/submission-counts.ts';
import type { Store } from '../../src/storage/open.ts';
import { AT_REST } from '../support/at-rest.ts';
import { NOW_MS } from './bodies.ts';

const { payloads } = AT_REST;
const KEYS: Record<string, Caller> = {
  fleet: { id: 'fleet', class: 'submit', slot: 0, perMinute: null, dailyQuota: null, trusted: true },
  small: { id: 'small', class: 'submit', slot: 1, perMinute: null, dailyQuota: 2 },
  phone: { id: 'phone', class: 'device', slot: 2, perMinute: null, dailyQuota: null },
  partner: { id: 'partner', class: 'partner', slot: 3, perMinute: null, dailyQuota: null },
};

/** `insert`: where rows go, in place of the store. */
export type ServeOptions = {
  insert?: (rows: readonly InboxRow[]) => Promise<void>;
  hasRoom?: () => boolean;
  overloaded?: () => boolean;
  addressPerMinute?: number;
};

/** The routes on an app of their own, with what they counted, logged and noted. */
export async function serveSubmission(store: Store, options: ServeOptions = {}) {
  const counterMemory = createCounterMemory(1);
  const countMemory = createSubmissionCountMemory();
  const logged: string[] = [];
  const noted: number[] = [];
  const log = { error: (facts: object, message: string) => void logged.push(JSON.stringify([facts, message])) };
  const inbox = createInbox({
    insert: options.insert ?? ((rows) => insertRows(store.pool, rows)),
    fillRandom: (into) => void crypto.getRandomValues(into),
  });
  const deps = {
    inbox,
    dayKeys: createDayKeys(store.pool, randomBytes, payloads.dayKey),
    payloads,
    counts: openSubmissionCounts(countMemory),
    refusals: { note: async (macs: Iterable<number>) => void noted.push(...macs), flush: async () => {} },
    room: { hasRoom: options.hasRoom ?? (() => true) },
    findKey: (presented: string) => KEYS[presented] ?? null,
    quotas: openQuotas(createQuotaMemory(2), { a: 1, b: 2 }, options.addressPerMinute),
    counters: openStripe(counterMemory, 0),
    log,
    now: () => NOW_MS,
    overloaded: options.overloaded ?? (() => false),
  };
  const app = Fastify({ logger: false, trustProxy: true });
  app.addSchema(MlsErrorSchema);
  app.setValidatorCompiler(() => () => true);
  app.setErrorHandler((error, _request, reply) => refuseMls(reply, refusalOf(error)));
  await app.register(async (v1) => addSubmitRoutes(v1, deps, V1_PATHS), { prefix: '/v1' });
  await app.register(async (v2) => addSubmitRoutes(v2, deps, V2_PATHS), { prefix: '/v2' });
  const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: Buffer.isBuffer(payload) || typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  return {
    app,
    post,
    logged,
    noted,
    counts: () => sumSubmissionCounts(countMemory),
    answers: () => sumCounters(counterMemory).answers,
  };
}

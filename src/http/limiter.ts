// The limits off the happy path, by @fastify/rate-limit: failing keys, unknown routes and every scope but the MLS one.
// Addresses enter its bounded table only as keyed hashes. With a Valkey client replicas share the counts; a Valkey that
// does not answer means the limits of this replica alone, never no answer.
import { createHmac } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Valkey } from 'iovalkey';
import { MINUTE_MS } from '../time/spans.ts';
import { addressToLimit, siteOf, subscriberOf } from './address.ts';
import { announceLimit } from './caller.ts';
import type { LimitCounts } from './limit-counts.ts';
import { limiterStore } from './limiter-store.ts';
import { refusalError } from './refusal.ts';

/** 50 misconfigured phones behind one address, each trying every 5 s. Past it the answer changes from 400 to 429, no more. */
const FAILURES_PER_MINUTE = 600;
/** Ops, docs and unknown routes together: a dashboard and several load balancers behind one address. */
const OTHERS_PER_MINUTE = 600;
/**
 * Taking back is counted apart from everything else, and generously: what others behind the same carrier's address ask for,
 * or try, must not turn a withdrawal away. Only as many made-up ones as this could.
 */
const DELETIONS_PER_MINUTE = 6_000;
/** What one phone may change a minute from one address: a person at a screen, never a loop that fills the ledger. */
const CHANGES_PER_MINUTE = 30;
/** From all addresses together: a thief of its token at one of them does not use up what its owner may. */
const CHANGES_FROM_ANYWHERE = 10 * CHANGES_PER_MINUTE;
/** Addresses remembered by each limiter, the least recently used forgotten first. */
const TABLE_SIZE = 5_000;

export type LimiterDeps = {
  /** Secret that turns addresses into pseudonyms; shared by replicas that share a Valkey. */
  readonly addressKey: Uint8Array;
  readonly valkey?: Valkey;
  /** What all threads of this process count together; absent: each counts for itself. */
  readonly limitCounts?: LimitCounts;
  readonly failuresPerMinute?: number;
  readonly othersPerMinute?: number;
};

function options(deps: LimiterDeps, max: number, name: string) {
  return {
    max,
    timeWindow: MINUTE_MS,
    cache: TABLE_SIZE,
    store: limiterStore(TABLE_SIZE, `honeyguide:${name}:`, { together: deps.limitCounts, valkey: deps.valkey }),
    enableDraftSpec: true,
    keyGenerator({ ip, routeOptions }: FastifyRequest) {
      return pseudonym(routeOptions.config.isLimitedBySite ? siteOf(ip) : subscriberOf(ip), deps.addressKey);
    },
    errorResponseBuilder: (_request: FastifyRequest, context: { ttl: number }) =>
      refusalError({ kind: 'quota', per: 'minute', retryAfterS: Math.ceil(context.ttl / 1000) }),
  };
}

function pseudonym(address: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(address).digest('base64url').slice(0, 22);
}

/** Says in the fields of the current draft, as the MLS family does (caller.ts), what the plugin says in those of an older one. */
function announceByDraft(scope: FastifyInstance): void {
  const [limitField, remainingField, resetField] = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];
  scope.addHook('onSend', ({ routeOptions }, reply, payload, done) => {
    const limit = Number(reply.getHeader(limitField));
    if (limit > 0) {
      const remaining = Number(reply.getHeader(remainingField));
      const resetS = Number(reply.getHeader(resetField));
      for (const field of [limitField, remainingField, resetField]) reply.removeHeader(field);
      announceLimit(reply, { refused: '', limit, remaining, windowS: windowMsOf(routeOptions) / 1000, resetS });
    }
    done(null, payload);
  });
}

/** A route's own limit has a window of its own. */
function windowMsOf({ config }: FastifyRequest['routeOptions']): number {
  const timeWindow = config.rateLimit === false ? undefined : config.rateLimit?.timeWindow;
  return typeof timeWindow === 'number' ? timeWindow : MINUTE_MS;
}

/**
 * Limits every route that is added to this scope afterwards, for all but this machine itself, whose own load test is not cut.
 * A route's own limit (`config.rateLimit`) holds for this machine too.
 */
export async function limitScope(scope: FastifyInstance, deps: LimiterDeps): Promise<void> {
  const others = options(deps, deps.othersPerMinute ?? OTHERS_PER_MINUTE, 'other');
  const isTakingBack = (request: FastifyRequest) => request.method === 'DELETE';
  await scope.register(rateLimit, {
    ...others,
    max: (request) => (isTakingBack(request) ? DELETIONS_PER_MINUTE : others.max),
    keyGenerator: (request) => others.keyGenerator(request) + (isTakingBack(request) ? ' back' : ''),
    global: true,
    allowList: (request) => addressToLimit(request) === '',
  });
}

/** Prepares the scope for limits, and a counter of failures: resolves to true if the request's address has failed too often this minute. */
export async function createFailureLimit(
  scope: FastifyInstance,
  deps: LimiterDeps,
): Promise<(request: FastifyRequest) => Promise<boolean>> {
  const failures = options(deps, deps.failuresPerMinute ?? FAILURES_PER_MINUTE, 'failing');
  announceByDraft(scope);
  await scope.register(rateLimit, { ...failures, global: false });
  const count = scope.createRateLimit();
  return async (request) => {
    const result = await count(request);
    return !result.isAllowed && result.isExceeded;
  };
}

export type Changer = {
  /** Who a request is from; '' if that is not known. */
  readonly nameOf: (request: FastifyRequest) => string;
  /** Whether it shows that its sender holds the phone, not just its token. */
  readonly isProven: (request: FastifyRequest) => boolean;
};

/**
 * Prepares a counter of changes by whoever `nameOf` says a request is from; call it after createFailureLimit, on the same
 * scope. Resolves to true if that one has changed too much this minute. What is proven is counted apart, so that nobody else can
 * use it up.
 */
export function createChangeLimit(
  scope: FastifyInstance,
  deps: LimiterDeps,
  { nameOf, isProven }: Changer,
): (request: FastifyRequest) => Promise<boolean> {
  const counter = (max: number, keyOf: (request: FastifyRequest) => string) => {
    const keyGenerator = (request: FastifyRequest) =>
      createHmac('sha256', deps.addressKey).update(keyOf(request)).digest('base64url').slice(0, 22);
    const count = scope.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
    return async (request: FastifyRequest) => {
      const result = await count(request);
      return !result.isAllowed && result.isExceeded;
    };
  };
  const proven = counter(CHANGES_PER_MINUTE, (request) => `proven ${nameOf(request)}`);
  const fromHere = counter(CHANGES_PER_MINUTE, (request) => `changes ${nameOf(request)} ${subscriberOf(request.ip)}`);
  const fromAnywhere = counter(CHANGES_FROM_ANYWHERE, (request) => `changes ${nameOf(request)}`);
  return async (request) => {
    if (isProven(request)) return await proven(request);
    // What is refused here does not count there.
    return (await fromHere(request)) || (await fromAnywhere(request));
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Few calls are allowed, and whoever owns a /48 of IPv6 would have 65,536 times as many. */
    isLimitedBySite?: boolean;
  }
}

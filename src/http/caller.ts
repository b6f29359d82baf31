// Who calls, and may they still? The first thing that happens to a request of the MLS family, before its body is read:
// `?key=` is looked up in memory, its class must be one the route serves, its limits must not be used up.
// Promises: the happy path is synchronous; a failing key costs one look-up and one count; the answer never tells a missing
// key from an unknown, revoked or wrong one; neither key nor address is kept or logged.
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { CounterStripe, Outcome } from './counters.ts';
import { refuseMls } from './errors/mls.ts';
import { receiveMls } from './mls-request.ts';
import type { KeyLimits, Quotas, Verdict } from './quotas.ts';
import { type Refusal, UNAVAILABLE_RETRY_S } from './refusal.ts';

/** What the gateway knows of a key that was presented. */
export type Caller = KeyLimits & {
  readonly id: string;
  readonly class: 'device' | 'partner' | 'submit';
  /** Its reports teach the map without a second witness: a fleet's own collectors. */
  readonly trusted?: boolean;
};

export type AdmissionDeps = {
  readonly findKey: (presented: string) => Caller | null;
  readonly quotas: Quotas;
  readonly counters: CounterStripe;
  readonly now: () => number;
  /** True while answers would come too late to be worth anything. */
  readonly overloaded: () => boolean;
  /** Counts a failing key against its address; true if that address has failed too often this minute. */
  readonly failsTooOften: (request: FastifyRequest) => Promise<boolean>;
};

const OVERLOADED: Refusal = { kind: 'unavailable', retryAfterS: UNAVAILABLE_RETRY_S };
const UNKNOWN_KEY: Refusal = { kind: 'unauthenticated' };
/** A failing key that keeps coming: the same cheap answer, with a wait in it. */
const FAILING_KEY: Refusal = { kind: 'quota', per: 'minute', retryAfterS: 60 };

/** Returns a hook factory: `admit(route, classes)` for a route index of counters.ts and the key classes it serves. */
export function createAdmission(
  deps: AdmissionDeps,
): (route: number, classes: readonly Caller['class'][]) => onRequestHookHandler {
  const { findKey, quotas, counters, now, overloaded, failsTooOften } = deps;
  return (route, classes) => (request, reply, done) => {
    receiveMls(request, reply);
    if (overloaded()) {
      refuse(route, 'unavailable', request, reply, OVERLOADED);
      return;
    }
    const presented = (request.query as { key?: unknown }).key;
    const caller = typeof presented === 'string' ? findKey(presented) : null;
    if (caller === null || !classes.includes(caller.class)) {
      failsTooOften(request).then(
        (often) => refuse(route, often ? 'quota' : 'keyInvalid', request, reply, often ? FAILING_KEY : UNKNOWN_KEY),
        () => refuse(route, 'keyInvalid', request, reply, UNKNOWN_KEY),
      );
      return;
    }
    const verdict = quotas.take(caller, request.ip, now());
    if (verdict.limit > 0) announceLimit(reply, verdict);
    if (verdict.refused !== '') {
      const per = verdict.refused === 'day' ? 'day' : 'minute';
      refuse(route, 'quota', request, reply, { kind: 'quota', per, retryAfterS: verdict.resetS });
      return;
    }
    request.caller = caller;
    done();
  };

  function refuse(
    route: number,
    outcome: Outcome,
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
  ): void {
    refuseMls(reply, refusal);
    counters.answered(route, outcome, 0, performance.now() - request.startedMs);
  }
}

/** RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11: the policy by name, what is left of it, when it starts anew. */
export function announceLimit(reply: FastifyReply, { limit, remaining, windowS, resetS }: Verdict): void {
  const name = windowS === 60 ? 'minute' : 'day';
  reply.header('ratelimit-policy', `"${name}";q=${limit};w=${windowS}`);
  reply.header('ratelimit', `"${name}";r=${remaining};t=${resetS}`);
}

// Who calls, and may they still? The first thing that happens to a request of the MLS family, before its body is read:
// `?key=` is looked up in memory, its class must be one the route serves, its limits must not be used up.
// Promises: the happy path is synchronous; a failing key costs one look-up and one count; the answer never tells a missing
// key from an unknown, revoked or wrong one; neither key nor address is kept or logged.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressToLimit } from './address.ts';
import type { CounterStripe, Outcome } from './counters.ts';
import { refuseMlsAtOnce } from './mls-answer.ts';
import { beginMls } from './mls-request.ts';
import type { KeyLimits, Quotas, Verdict } from './quotas.ts';
import { type Refusal, TOO_OFTEN, UNAVAILABLE } from './refusal.ts';

/** What the gateway knows of a key that was presented. */
export type Caller = KeyLimits & {
  readonly id: string;
  readonly class: 'device' | 'partner' | 'submit';
  /** Its reports teach the map without a second witness: a fleet's own collectors. */
  readonly trusted?: boolean;
  /** Of a partner's key: for which application it asks, and for what; the first is what a request without a purpose means. */
  readonly recipient?: { readonly application: string; readonly purposes: readonly string[] };
};

type AdmissionDeps = {
  readonly findKey: (presented: string) => Caller | null;
  readonly quotas: Quotas;
  readonly counters: CounterStripe;
  readonly now: () => number;
  /** True while answers would come too late to be worth anything. */
  readonly overloaded: () => boolean;
  /** Counts a failing key against its address; true if that address has failed too often this minute. */
  readonly failsTooOften: (request: FastifyRequest) => Promise<boolean>;
};

const UNKNOWN_KEY: Refusal = { kind: 'unauthenticated' };

/** True if the request may go on; else it has been answered, or will be. */
export type Admit = (
  route: number,
  classes: readonly Caller['class'][],
  request: FastifyRequest,
  reply: FastifyReply,
) => boolean;

/** Returns `admit` for a route index of counters.ts and the key classes it serves; it leaves the key's owner in `request.caller`. */
export function createAdmission(deps: AdmissionDeps): Admit {
  const { findKey, quotas, counters, now, overloaded, failsTooOften } = deps;
  return (route, classes, request, reply) => {
    beginMls(request);
    if (overloaded()) {
      refuse(route, 'unavailable', request, reply, UNAVAILABLE);
      return false;
    }
    const presented = (request.query as { key?: unknown }).key;
    const caller = typeof presented === 'string' ? findKey(presented) : null;
    if (caller === null || !classes.includes(caller.class)) {
      failsTooOften(request).then(
        (often) => refuse(route, often ? 'quota' : 'keyInvalid', request, reply, often ? TOO_OFTEN : UNKNOWN_KEY),
        () => refuse(route, 'keyInvalid', request, reply, UNKNOWN_KEY),
      );
      return false;
    }
    const verdict = quotas.take(caller, addressToLimit(request), now());
    if (verdict.limit > 0) request.limitFields = limitFields(verdict);
    if (verdict.refused !== '') {
      const per = verdict.refused === 'day' ? 'day' : 'minute';
      refuse(route, 'quota', request, reply, { kind: 'quota', per, retryAfterS: verdict.resetS });
      return false;
    }
    request.caller = caller;
    return true;
  };

  function refuse(
    route: number,
    outcome: Outcome,
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
  ): void {
    refuseMlsAtOnce(request, reply, refusal);
    counters.answered(route, outcome, 0, performance.now() - request.startedMs);
  }
}

/** RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11, names and values in turn: the policy by name, what is left of it, when it starts anew. */
function limitFields({ limit, remaining, windowS, resetS }: Verdict): readonly string[] {
  const name = windowS === 60 ? 'minute' : windowS === 3_600 ? 'hour' : 'day';
  return ['ratelimit-policy', `"${name}";q=${limit};w=${windowS}`, 'ratelimit', `"${name}";r=${remaining};t=${resetS}`];
}

/** Puts them on an answer that the framework sends. */
export function announceLimit(reply: FastifyReply, verdict: Verdict): void {
  const fields = limitFields(verdict);
  for (let i = 0; i < fields.length; i += 2) reply.header(fields[i], fields[i + 1]);
}

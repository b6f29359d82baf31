// Who calls a native route: a key or a device's token, as `Authorization: Bearer`, a key also as `?key=`. Promises: whatever is
// wrong with what was presented is one and the same 401 (attack: telling revoked from unknown); who keeps failing is slowed
// down; nothing presented is kept or logged. What a token belongs to is its room's business: it comes in as a function.
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler, preParsingAsyncHookHandler } from 'fastify';
import { addressToLimit } from './address.ts';
import { bearerOf } from './bearer.ts';
import { announceLimit, type Caller } from './caller.ts';
import { refuseProblem } from './errors/problem.ts';
import type { Quotas } from './quotas.ts';
import { TOO_OFTEN, UNAVAILABLE } from './refusal.ts';

export type NativeAuthDeps = {
  readonly findKey: (presented: string) => Caller | null;
  readonly quotas: Quotas;
  readonly now: () => number;
  readonly overloaded: () => boolean;
  /** Counts failing credentials against their address; true if that address has failed too often this minute. */
  readonly failsTooOften: (request: FastifyRequest) => Promise<boolean>;
  /** Counts a change against who makes it (`request.subject`); true if those were too many this minute. Absent = no limit. */
  readonly changesTooOften?: (request: FastifyRequest) => Promise<boolean>;
};

/** What a route of such a key says of it in the API description: either way will do. */
export const KEY_EITHER_WAY: Record<string, string[]>[] = [{ key: [] }, { keyAsBearer: [] }];

/** A hook that lets keys of these classes pass, within their limits, and leaves `request.caller`. */
export function requireKey(deps: NativeAuthDeps, classes: readonly Caller['class'][]): onRequestAsyncHookHandler {
  return async (request, reply) => {
    if (deps.overloaded()) return refuseProblem(reply, UNAVAILABLE);
    const { key } = request.query as { key?: unknown };
    const presented = bearerOf(request.headers.authorization) ?? (typeof key === 'string' ? key : null);
    const caller = presented === null ? null : deps.findKey(presented);
    if (caller === null || !classes.includes(caller.class)) return await refuseCredential(deps, request, reply);
    const verdict = deps.quotas.take(caller, addressToLimit(request), deps.now());
    if (verdict.limit > 0) announceLimit(reply, verdict);
    if (verdict.refused !== '') {
      const per = verdict.refused === 'day' ? 'day' : 'minute';
      return refuseProblem(reply, { kind: 'quota', per, retryAfterS: verdict.resetS });
    }
    request.caller = caller;
  };
}

/**
 * A hook that lets pass whoever presents a token that `find` knows, and leaves what it found in `request.subject`. For
 * `preParsing`: what a scope limits by address comes before it, so that made-up tokens can't keep the store busy.
 */
export function requireSubject(
  deps: NativeAuthDeps,
  find: (credential: string, nowMs: number) => Promise<object | null>,
): preParsingAsyncHookHandler {
  return async (request, reply) => {
    if (deps.overloaded()) return refuseProblem(reply, UNAVAILABLE);
    const credential = bearerOf(request.headers.authorization);
    const subject = credential === null ? null : await find(credential, deps.now());
    if (subject === null) return await refuseCredential(deps, request, reply);
    request.subject = subject;
    // Taking back (DELETE) is not limited by phone: a person who was too busy at the screen must still be able to withdraw.
    if (request.method !== 'POST' && request.method !== 'PUT' && request.method !== 'PATCH') return;
    if (deps.changesTooOften === undefined || request.routeOptions.config.changesNothing === true) return;
    if (await deps.changesTooOften(request).catch(() => false)) return refuseProblem(reply, TOO_OFTEN);
  };
}

async function refuseCredential(
  deps: NativeAuthDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const often = await deps.failsTooOften(request).catch(() => false);
  if (often) return refuseProblem(reply, TOO_OFTEN);
  return refuseProblem(reply, { kind: 'unauthenticated' });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A POST after which everything is as before, and which therefore is not counted against the phone. */
    changesNothing?: boolean;
  }
  interface FastifyRequest {
    /** Whom a token belongs to: what `requireSubject` found. */
    subject: object | null;
  }
}

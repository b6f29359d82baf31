// What happens first to a request of the MLS family that the framework reads and answers (submissions, wrong methods): its
// clock starts, its content type is reduced to one that Fastify can parse, and its answer gets the headers it carries
// whatever it will say. Look-ups do without (take-body.ts, mls-answer.ts).
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from './caller.ts';
import { CROSS_ORIGIN_HEADERS } from './cors.ts';
import { fixedHeadersFor } from './fixed-headers.ts';
import { simplifyContentType } from './tolerant-json.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key's owner; null until admitted. */
    caller: Caller | null;
    /** performance.now() when the head of the request had arrived. */
    startedMs: number;
    /** What the answer says of the key's limits: names and values of header fields in turn; null = it has none. */
    limitFields: readonly string[] | null;
  }
}

/**
 * Starts the clock of a request of the MLS family and makes room for what its hooks will say of it. Always all three in this
 * order, so that all requests have one shape; decorating would have the framework store each by its name.
 */
export function beginMls(request: FastifyRequest): void {
  request.startedMs = performance.now();
  request.caller = null;
  request.limitFields = null;
}

export function receiveMls(request: FastifyRequest, reply: FastifyReply): void {
  beginMls(request);
  const { headers } = request.raw;
  simplifyContentType(headers);
  reply.headers(fixedHeadersFor(request));
  if (headers.origin !== undefined) reply.headers(CROSS_ORIGIN_HEADERS);
}

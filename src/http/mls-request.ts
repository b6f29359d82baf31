// What happens first to every request of the MLS family: its clock starts, its content type is reduced to one that Fastify
// can parse, and its answer gets the headers it carries whatever it will say. One call, because hooks cost on the hot path.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from './caller.ts';
import { CROSS_ORIGIN_HEADERS } from './cors.ts';
import { FIXED_HEADERS } from './fixed-headers.ts';
import { simplifyContentType } from './tolerant-json.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key's owner; null until admitted. */
    caller: Caller | null;
    /** performance.now() when the head of the request had arrived. */
    startedMs: number;
  }
}

const BROWSER_HEADERS = { ...FIXED_HEADERS, ...CROSS_ORIGIN_HEADERS };

export function receiveMls(request: FastifyRequest, reply: FastifyReply): void {
  request.startedMs = performance.now();
  const { headers } = request.raw;
  simplifyContentType(headers);
  reply.headers(headers.origin === undefined ? FIXED_HEADERS : BROWSER_HEADERS);
}

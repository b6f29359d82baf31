// Headers that every answer carries, whatever it says: no cache keeps it, no browser guesses its type, and whoever came over
// TLS is told to do so always. TLS ends in a proxy: what came over it is what a trusted one (TRUST_PROXY) says came over it.
// The MLS family sets them in its first hook (one hook is cheaper than two on the hot path), every other scope by this one.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const PLAIN = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;
/** For a year, what hstspreload.org asks for; of subdomains nothing is known here. */
const OVER_TLS = { ...PLAIN, 'strict-transport-security': 'max-age=31536000' } as const;
export type FixedHeaders = typeof PLAIN | typeof OVER_TLS;
/** Both, for whoever prepares something from each. */
export const ALL_FIXED_HEADERS: readonly FixedHeaders[] = [PLAIN, OVER_TLS];

/** Whether the peer of a connection is a trusted proxy: asking that for each request anew would parse its address each time. */
const isTrusted = new WeakMap<object, boolean>();

/** The headers for the answer to a request. */
export function fixedHeadersFor(request: FastifyRequest): FixedHeaders {
  const { headers, socket } = request.raw;
  const scheme = headers['x-forwarded-proto'];
  if (scheme === undefined) return PLAIN;
  // Several proxies make a list: the framework knows which of them counts.
  if (scheme !== 'https') return request.protocol === 'https' ? OVER_TLS : PLAIN;
  let trusted = isTrusted.get(socket);
  if (trusted === undefined) {
    trusted = request.protocol === 'https';
    isTrusted.set(socket, trusted);
  }
  return trusted ? OVER_TLS : PLAIN;
}

/**
 * As fixedHeadersFor, for a request that was refused before the framework knew whom it trusts: whoever says that it came over
 * TLS is believed if any proxy is. Over plain HTTP a client ignores what it is told here (RFC 6797, 8.1).
 */
export function fixedHeadersUnrouted({ headers }: IncomingMessage, hasProxy: boolean): FixedHeaders {
  return hasProxy && /https$/.test(String(headers['x-forwarded-proto'])) ? OVER_TLS : PLAIN;
}

export function fixHeaders(scope: FastifyInstance): void {
  scope.addHook('onRequest', (request, reply, done) => {
    reply.headers(fixedHeadersFor(request));
    done();
  });
}

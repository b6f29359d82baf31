// Headers that every answer carries, whatever it says: no cache keeps it, no browser guesses its type. The MLS family
// sets them in its admission hook (one hook is cheaper than two on the hot path), every other scope by this one.
import type { FastifyInstance } from 'fastify';

export const FIXED_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

export function fixHeaders(scope: FastifyInstance): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers(FIXED_HEADERS);
    done();
  });
}

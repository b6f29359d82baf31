// POST /v1/privacy/bssid-removal: whoever owns an access point has it taken off the map and barred. Promises: the answer is
// the same, and takes the same work, whether the address is known or not, so that asking tells nothing (attack: using the
// form as a map); nothing is removed on the word of a request alone (attack: erasing others' access points): a report must
// show the network refusing, or the operator must have checked. A report can be forged: few requests an hour from one site, and
// the operator sees what was removed and can undo it.
import type { FastifyInstance } from 'fastify';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import { parseMac } from '../radio/mac.ts';
import { HOUR_MS } from '../time/spans.ts';
import { RemovalAnswer, RemovalBody } from './wire.ts';

export type RemovalPorts = {
  /** Notes the request and resolves with its code. */
  readonly request: (mac: number, nowMs: number) => Promise<string>;
  readonly ttlMs: number;
};

/** A household has a handful of routers; somebody with a list of others' has to be slow. */
export const REMOVALS_PER_HOUR = 10;
const PROOFS = [
  'Rename the network so that its name ends in _nomap and let any phone that contributes reports pass by.',
  'Ask the operator to confirm this code after seeing that the device is yours.',
];

export function addRemovalRoutes(scope: FastifyInstance, removals: RemovalPorts, now: () => number): void {
  scope.post(
    '/bssid-removal',
    {
      config: { rateLimit: { max: REMOVALS_PER_HOUR, timeWindow: HOUR_MS }, isLimitedBySite: true },
      schema: {
        tags: ['privacy'],
        summary: 'Have an access point or beacon removed, and barred from the map.',
        body: RemovalBody,
        response: { 202: RemovalAnswer, 400: Problem, 413: Problem, 429: Problem, 500: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const mac = parseMac((request.body as { macAddress: string }).macAddress);
      if (mac < 0) return refuseProblem(reply, { kind: 'malformed' });
      const nowMs = now();
      const code = await removals.request(mac, nowMs);
      const waitsUntil = new Date(nowMs + removals.ttlMs).toISOString();
      return reply.code(202).send({ code, waitsUntil, proofs: PROOFS });
    },
  );
}

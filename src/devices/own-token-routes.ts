// /v1/me/token: the phone's own token, replaced or ended by whoever speaks for it. Promises: a new one is shown once; the old one
// goes on for ten minutes, because answers get lost on 2G; of a guarded phone both take proof that the phone is there
// (attack: whoever merely holds the token takes it over). What applications hold is token-routes.ts.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PROOF_NEEDED, Problem, refuseProblem, sendProblem } from '../http/errors/problem.ts';
import { iso } from '../time/iso.ts';
import type { Presented } from './profile.ts';
import { ProofHeader, proofOf } from './proof-header.ts';
import { Rotated } from './wire.ts';

export type OwnTokenPorts = {
  /** `gone`: the token has ended meanwhile. Of a guarded phone, and by one that was replaced, with proof only. */
  rotate(
    device: Presented,
    proven: boolean,
    nowMs: number,
  ): Promise<{ token: string; expiresAt: number; oldEndsAt: number } | 'gone' | 'proofNeeded'>;
  end(device: Presented, proven: boolean, nowMs: number): Promise<'ended' | 'gone' | 'proofNeeded'>;
  /** True if the header answers a challenge of this device for the action, which is used up. */
  prove(device: Presented, action: 'profile' | 'token', header: string, nowMs: number): Promise<boolean>;
};

const COMMON = { tags: ['people'], security: [{ token: [] }] };
const REFUSALS = { 400: Problem, 401: Problem, 429: Problem, 500: Problem, 503: Problem };
const TAKES_PROOF =
  'Of a guarded phone with proof only (action `token`): who merely holds its token can neither take it over nor lock it out.';
const me = (request: FastifyRequest) => request.getDecorator<Presented>('subject');

/** The scope's prefix is /v1/me, and its hook has found whose token it is. */
export function addOwnTokenRoutes(scope: FastifyInstance, ports: OwnTokenPorts, now: () => number): void {
  scope.post(
    '/token',
    {
      schema: {
        ...COMMON,
        summary: 'A new token in place of this one, which ends in ten minutes. What applications hold stays.',
        description: TAKES_PROOF,
        headers: ProofHeader,
        response: { 200: Rotated, 403: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const nowMs = now();
      const proven = await isProven(ports, request, nowMs);
      const issued = await ports.rotate(me(request), proven, nowMs);
      if (issued === 'proofNeeded') return sendProblem(reply, PROOF_NEEDED);
      if (issued === 'gone') return refuseProblem(reply, { kind: 'unauthenticated' });
      const { token, expiresAt, oldEndsAt } = issued;
      return reply.send({ token, expiresAt: iso(expiresAt), oldTokenEndsAt: iso(oldEndsAt) });
    },
  );

  scope.delete(
    '/token',
    {
      schema: {
        ...COMMON,
        summary:
          'End all tokens of this phone, applications’ too: nobody can speak for it any more. Erase first what should be gone.',
        description: TAKES_PROOF,
        headers: ProofHeader,
        response: { 204: { type: 'null', description: 'Ended' }, 403: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const nowMs = now();
      const proven = await isProven(ports, request, nowMs);
      const ended = await ports.end(me(request), proven, nowMs);
      if (ended === 'proofNeeded') return sendProblem(reply, PROOF_NEEDED);
      if (ended === 'gone') return refuseProblem(reply, { kind: 'unauthenticated' });
      return reply.code(204).send();
    },
  );
}

/** Tried whether it is needed or not, so that nothing of it is left. */
async function isProven(ports: OwnTokenPorts, request: FastifyRequest, nowMs: number): Promise<boolean> {
  const proof = proofOf(request);
  return proof !== null && (await ports.prove(me(request), 'token', proof, nowMs));
}

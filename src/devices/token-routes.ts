// /v1/me/tokens and /v1/me/guard: what a phone hands to applications in place of its own token. Promises: a token is shown once;
// to end one is one call, in force when it is acknowledged; a guarded phone's own token shows nothing to anybody else, and
// turns into nothing that does, without proof that the phone is there (attack: a device token that leaked, or was handed out).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROOF_NEEDED, Problem, refuseProblem, renderProblem, sendProblem } from '../http/errors/problem.ts';
import { iso } from '../time/iso.ts';
import type { ApplicationToken, IssuedApplicationToken, NotIssued } from './application-token-store.ts';
import { FLAG } from './device-contract.ts';
import type { Device, Presented } from './profile.ts';
import { ProofHeader, proofOf } from './proof-header.ts';
import {
  ApplicationTokenBody,
  ApplicationTokenIssued,
  ApplicationTokenParams,
  ApplicationTokens,
  Guarded,
} from './token-wire.ts';

export type TokenPorts = {
  /** `gone`: the presented token has ended meanwhile, or was replaced. */
  issue(
    device: Presented,
    application: string,
    proven: boolean,
    nowMs: number,
  ): Promise<IssuedApplicationToken | NotIssued>;
  list(device: Presented, nowMs: number): Promise<readonly ApplicationToken[]>;
  /** How many ended; null = all. Resolves when that is in force. */
  end(device: Presented, id: string | null, nowMs: number): Promise<number>;
  /** Guards or unguards the device; resolves when that is in force, with null if it is gone. */
  guard(device: Presented, on: boolean, now: () => number): Promise<Device | null>;
  /** True if the header answers a challenge of this device for `applicationTokens`. */
  prove(device: Presented, header: string, nowMs: number): Promise<boolean>;
};

const COMMON = { tags: ['people'], security: [{ token: [] }] };
const REFUSALS = { 400: Problem, 401: Problem, 429: Problem, 500: Problem, 503: Problem };
const ENDED = { type: 'null', description: 'Ended' } as const;
const UNKNOWN_APPLICATION = renderProblem(404, 'unknown-application', 'There is no such application');
const TOO_MANY = renderProblem(409, 'too-many-application-tokens', 'Too many applications hold a token of this phone');
const me = (request: FastifyRequest) => request.getDecorator<Presented>('subject');

/** The scope's prefix is /v1/me, and its hook has found whose token it is. */
export function addTokenRoutes(scope: FastifyInstance, ports: TokenPorts, now: () => number): void {
  addHandOutRoutes(scope, ports, now);
  addEndRoutes(scope, ports, now);
  addGuardRoutes(scope, ports, now);
}

function addHandOutRoutes(scope: FastifyInstance, ports: TokenPorts, now: () => number): void {
  scope.get(
    '/tokens',
    {
      schema: {
        ...COMMON,
        summary: 'Which applications hold a token of this phone.',
        response: { 200: ApplicationTokens, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const listed = await ports.list(me(request), now());
      const tokens = listed.map(({ createdAt, expiresAt, ...one }) => ({
        ...one,
        createdAt: iso(createdAt),
        expiresAt: iso(expiresAt),
      }));
      return reply.send({ tokens });
    },
  );

  scope.post(
    '/tokens',
    {
      schema: {
        ...COMMON,
        summary: 'A token for one application: to hand to it in place of this one.',
        description:
          'It is this phone towards that application, with a key of that application, and opens nothing of a person’s own routes. The application’s token before it ends in ten minutes.',
        headers: ProofHeader,
        body: ApplicationTokenBody,
        response: { 201: ApplicationTokenIssued, 403: Problem, 404: Problem, 409: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const nowMs = now();
      const device = me(request);
      const { application } = request.body as { application: string };
      const proven = isGuarded(device) && (await isProven(ports, request, nowMs));
      const issued = await ports.issue(device, application, proven, nowMs);
      if ('refused' in issued) return refuse(reply, issued.refused);
      const { id, token, expiresAt, oldEndsAt } = issued;
      const oldTokenEndsAt = oldEndsAt === null ? null : iso(oldEndsAt);
      return reply.code(201).send({ id, application, token, expiresAt: iso(expiresAt), oldTokenEndsAt });
    },
  );
}

function addEndRoutes(scope: FastifyInstance, ports: TokenPorts, now: () => number): void {
  scope.delete(
    '/tokens/:id',
    {
      schema: {
        ...COMMON,
        summary: 'End one application’s token.',
        params: ApplicationTokenParams,
        response: { 204: ENDED, 404: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const ended = await ports.end(me(request), id, now());
      return ended === 0 ? refuseProblem(reply, { kind: 'noRoute' }) : reply.code(204).send();
    },
  );

  scope.delete(
    '/tokens',
    {
      schema: {
        ...COMMON,
        summary: 'End the tokens of all applications; this phone’s own stays.',
        response: { 204: ENDED, ...REFUSALS },
      },
    },
    async (request, reply) => {
      await ports.end(me(request), null, now());
      return reply.code(204).send();
    },
  );
}

function addGuardRoutes(scope: FastifyInstance, ports: TokenPorts, now: () => number): void {
  scope.put(
    '/guard',
    {
      schema: {
        ...COMMON,
        summary: 'From now on partners are answered by application tokens only.',
        description:
          'With this phone’s own token alone nobody is shown anything any more: whatever shows more (a yes, a no taken back, another token), whatever replaces or ends its own token, and lifting this takes proof that the phone is there. To say no and to take a yes back does not.',
        response: { 200: Guarded, ...REFUSALS },
      },
    },
    async (request, reply) => answerGuard(reply, await ports.guard(me(request), true, now)),
  );

  scope.delete(
    '/guard',
    {
      schema: {
        ...COMMON,
        summary: 'Lift it; needs proof.',
        headers: ProofHeader,
        response: { 200: Guarded, 403: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      if (!(await isProven(ports, request, now()))) return sendProblem(reply, PROOF_NEEDED);
      return answerGuard(reply, await ports.guard(me(request), false, now));
    },
  );
}

async function isProven(ports: TokenPorts, request: FastifyRequest, nowMs: number): Promise<boolean> {
  const proof = proofOf(request);
  return proof !== null && (await ports.prove(me(request), proof, nowMs));
}

function answerGuard(reply: FastifyReply, device: Device | null): FastifyReply {
  if (device === null) return refuseProblem(reply, { kind: 'unauthenticated' });
  return reply.send({ guarded: isGuarded(device) });
}

function refuse(reply: FastifyReply, why: 'gone' | 'unknownApplication' | 'tooMany' | 'proofNeeded'): FastifyReply {
  if (why === 'gone') return refuseProblem(reply, { kind: 'unauthenticated' });
  if (why === 'proofNeeded') return sendProblem(reply, PROOF_NEEDED);
  return sendProblem(reply, why === 'tooMany' ? TOO_MANY : UNKNOWN_APPLICATION);
}

function isGuarded({ flags }: Device): boolean {
  return (flags & FLAG.guarded) !== 0;
}

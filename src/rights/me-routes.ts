// /v1/me/...: what a person may ask for, with the phone's token: see, have a copy, correct, restrict, object, erase. Promises:
// restriction, objection and erasure are in force for everybody who asks when the answer arrives; what edits, deletes or gives
// up protection needs proof beyond the token (attack: a token that leaked from a URL), and every failed proof looks the
// same; each request is written down with its due date.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sourceNames } from '../devices/device-contract.ts';
import { PROOF_HEADER, ProofHeader } from '../devices/proof-header.ts';
import { geolocatedSources, type Language } from '../devices/source-words-contract.ts';
import { PROOF_NEEDED, Problem, refuseProblem, sendProblem } from '../http/errors/problem.ts';
import { iso, isoOrNull } from '../time/iso.ts';
import { disclosureInWords, precisionName } from './disclosure-words.ts';
import type { Outcome, Presented, Rectification, Rights } from './me-store.ts';
import {
  Accepted,
  Challenge,
  ChallengeBody,
  Disclosures,
  DisclosuresQuery,
  ErasureAnswer,
  RectificationBody,
  RequestAnswer,
  RequestList,
} from './me-wire.ts';
import type { ProofAction } from './proof.ts';
import type { StoredRequest } from './requests-store.ts';
import { isUuid } from './uuid.ts';

const REFUSALS = { 400: Problem, 401: Problem, 403: Problem, 404: Problem, 429: Problem, 500: Problem, 503: Problem };
const COMMON = { tags: ['people'], security: [{ token: [] }] };
const PAGE = 100;
const me = (request: FastifyRequest) => request.getDecorator<Presented>('subject');

/** The scope's prefix is /v1/me, and its hook has found whose token it is. */
export function addRightsRoutes(scope: FastifyInstance, rights: Rights): void {
  addChallengeRoute(scope, rights);
  addRestrictionRoutes(scope, rights);
  addObjectionRoutes(scope, rights);
  addRectificationRoute(scope, rights);
  addErasureRoute(scope, rights);
  addRequestRoutes(scope, rights);
  addDisclosuresRoute(scope, rights);
}

function addChallengeRoute(scope: FastifyInstance, rights: Rights): void {
  scope.post(
    '/challenges',
    {
      config: { changesNothing: true },
      schema: {
        ...COMMON,
        summary: 'A question only the phone can answer.',
        body: ChallengeBody,
        response: { 201: Challenge, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { action } = request.body as { action: ProofAction };
      const { nonce, expiresAt } = await rights.challenge(me(request), action);
      return reply.code(201).send({ nonce, action, expiresAt: iso(expiresAt) });
    },
  );
}

function addRestrictionRoutes(scope: FastifyInstance, rights: Rights): void {
  scope.post(
    '/restrict',
    {
      schema: {
        ...COMMON,
        summary: 'Keep what is held, use and share none of it.',
        response: { 200: RequestAnswer, ...REFUSALS },
      },
    },
    async (request, reply) => answer(reply, await rights.restrict(me(request))),
  );
  scope.delete(
    '/restrict',
    {
      schema: {
        ...COMMON,
        summary: 'Lift the restriction; needs proof.',
        headers: ProofHeader,
        response: { 200: RequestAnswer, ...REFUSALS },
      },
    },
    async (request, reply) => {
      if ((await proven(rights, request, 'lifting')) !== 'right') return sendProblem(reply, PROOF_NEEDED);
      return answer(reply, await rights.lift(me(request)));
    },
  );
}

function addObjectionRoutes(scope: FastifyInstance, rights: Rights): void {
  scope.post(
    '/object',
    { schema: { ...COMMON, summary: 'Object to being counted.', response: { 200: RequestAnswer, ...REFUSALS } } },
    async (request, reply) => answer(reply, await rights.object(me(request))),
  );
  scope.delete(
    '/object',
    {
      schema: {
        ...COMMON,
        summary: 'Take the objection back; needs proof.',
        headers: ProofHeader,
        response: { 200: RequestAnswer, ...REFUSALS },
      },
    },
    async (request, reply) => {
      if ((await proven(rights, request, 'objection')) !== 'right') return sendProblem(reply, PROOF_NEEDED);
      return answer(reply, await rights.takeBackObjection(me(request)));
    },
  );
}

function addRectificationRoute(scope: FastifyInstance, rights: Rights): void {
  scope.post(
    '/rectification',
    {
      schema: {
        ...COMMON,
        summary: 'Have something corrected; without proof it waits for it.',
        headers: ProofHeader,
        body: RectificationBody,
        response: { 200: RequestAnswer, 202: Accepted, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const asked = request.body as Rectification;
      const proof = await proven(rights, request, 'rectification');
      if (proof === 'wrong') return sendProblem(reply, PROOF_NEEDED);
      if (proof === 'none') return await askForProof(rights, request, reply, 'rectification', asked);
      return answer(reply, await rights.rectify(me(request), asked));
    },
  );
}

function addErasureRoute(scope: FastifyInstance, rights: Rights): void {
  scope.post(
    '/erasure',
    {
      schema: {
        ...COMMON,
        summary: 'Erase everything; without proof it waits for it. The token ends with the answer.',
        headers: ProofHeader,
        response: { 200: ErasureAnswer, 202: Accepted, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const proof = await proven(rights, request, 'erasure');
      if (proof === 'wrong') return sendProblem(reply, PROOF_NEEDED);
      if (proof === 'none') return await askForProof(rights, request, reply, 'erasure', {});
      const code = await rights.erase(me(request));
      return code === null
        ? refuseProblem(reply, { kind: 'unauthenticated' })
        : reply.send({ state: 'in progress', code });
    },
  );
}

function addRequestRoutes(scope: FastifyInstance, rights: Rights): void {
  scope.get(
    '/requests',
    {
      schema: {
        ...COMMON,
        summary: 'What was asked for and what came of it.',
        response: { 200: RequestList, ...REFUSALS },
      },
    },
    async (request, reply) => reply.send({ requests: (await rights.requests(me(request))).map(written) }),
  );
  scope.get(
    '/requests/:id',
    { schema: { ...COMMON, summary: 'One request.', response: { 200: RequestAnswer, ...REFUSALS } } },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const found = isUuid(id) ? await rights.request(me(request), id) : null;
      return found === null ? refuseProblem(reply, { kind: 'noRoute' }) : reply.send(written(found));
    },
  );
}

function addDisclosuresRoute(scope: FastifyInstance, rights: Rights): void {
  scope.get(
    '/disclosures',
    {
      schema: {
        ...COMMON,
        summary: 'Who was shown what, when and why; in words.',
        querystring: DisclosuresQuery,
        response: { 200: Disclosures, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { language = 'en', before } = request.query as { language?: Language; before?: string };
      const rows = await rights.disclosures(me(request), before ? Number(before) : null, PAGE);
      const disclosures = rows.map((row) => ({
        at: iso(row.at),
        what: precisionName(row.precision) ?? 'none',
        application: row.application,
        name: row.name,
        purpose: row.purpose,
        basis: row.basis,
        policyVersion: row.policyVersion,
        sources: sourcesOf(row.detail),
        inWords: disclosureInWords(row, row.name, language),
      }));
      return reply.send({ disclosures, next: rows.length === PAGE ? `${rows.at(-1)!.seq}` : null });
    },
  );
}

function answer(reply: FastifyReply, outcome: Outcome): FastifyReply {
  return outcome === 'gone' ? refuseProblem(reply, { kind: 'unauthenticated' }) : reply.send(written(outcome.request));
}

async function proven(
  rights: Rights,
  request: FastifyRequest,
  action: ProofAction,
): Promise<'none' | 'right' | 'wrong'> {
  const header = request.headers[PROOF_HEADER];
  if (header === undefined) return 'none';
  return (await rights.prove(me(request), action, header)) ? 'right' : 'wrong';
}

/** Writes down what was asked for, and answers with the question that only the phone can answer. */
async function askForProof(
  rights: Rights,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: 'rectification' | 'erasure',
  asked: object,
): Promise<FastifyReply> {
  const waiting = await rights.await(me(request), kind, asked);
  if (waiting === 'gone') return refuseProblem(reply, { kind: 'unauthenticated' });
  const { nonce, expiresAt } = await rights.challenge(me(request), kind);
  const challenge = { nonce, action: kind, expiresAt: iso(expiresAt) };
  return reply.code(202).send({ request: written(waiting.request), challenge });
}

function written({ id, kind, state, receivedAt, dueAt, extendedAt, endedAt, reason, extension }: StoredRequest) {
  return {
    ...{ id, kind, state, reason, extension },
    receivedAt: iso(receivedAt),
    dueAt: iso(dueAt),
    extendedAt: isoOrNull(extendedAt),
    endedAt: isoOrNull(endedAt),
  };
}

/** Null where the ledger does not say: a region, what was not shown, and what was written before it did. */
function sourcesOf(detail: string | null): string[] | null {
  const mask = geolocatedSources(detail);
  return mask === 0 ? null : sourceNames(mask);
}

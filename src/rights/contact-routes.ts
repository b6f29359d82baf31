// /v1/privacy/...: whom to turn to, and how far something is, for anybody, with or without a phone: the contact and the
// supervisory authority, complaints by ticket, erasures by code. Promises: tickets and codes have 128 random bits, and are the
// only thing that is asked for; an unknown one is a 404 that says nothing; few complaints an hour from one address.
import type { FastifyInstance } from 'fastify';
import { Problem, refuseProblem, renderProblem, sendProblem } from '../http/errors/problem.ts';
import { iso } from '../time/iso.ts';
import { HOUR_MS } from '../time/spans.ts';
import { authorityOf, procedureOf } from './authorities.ts';
import type { Complaint } from './complaints-store.ts';
import { ComplaintAnswer, ComplaintBody, ComplaintFiled, ContactAnswer, ContactQuery } from './contact-wire.ts';
import type { ErasureStatus } from './erase-store.ts';
import { ErasureStatusAnswer } from './me-wire.ts';

type Answered = Complaint & { readonly answers: readonly string[] };
export type ContactPorts = {
  /** How to reach the operator about privacy. */
  readonly contact: string;
  file(
    said: { readonly text: string; readonly replyTo: string | null; readonly jurisdiction: string | null },
    nowMs: number,
  ): Promise<{ ticket: string; complaint: Complaint }>;
  find(ticket: string): Promise<Answered | null>;
  /** False if it was not answered yet, or is closed; null if there is none. */
  dissatisfied(ticket: string, nowMs: number): Promise<boolean | null>;
  erasure(code: string): Promise<ErasureStatus | null>;
};

const REFUSALS = { 400: Problem, 404: Problem, 429: Problem, 500: Problem, 503: Problem };
const COMMON = { tags: ['privacy'] };
const NOT_ANSWERED = renderProblem(409, 'not-answered', 'There is no answer yet that could dissatisfy');
const COMPLAINTS_PER_HOUR = 20;
const TICKET = /^[A-Za-z0-9_-]{22}$/;

/** The scope's prefix is /v1/privacy. */
export function addContactRoutes(scope: FastifyInstance, ports: ContactPorts, now: () => number): void {
  addOperatorRoute(scope, ports);
  addComplaintRoute(scope, ports, now);
  addTicketRoutes(scope, ports, now);
  addErasureStatusRoute(scope, ports);
}

function addOperatorRoute(scope: FastifyInstance, ports: ContactPorts): void {
  scope.get(
    '/contact',
    {
      schema: {
        ...COMMON,
        summary: 'Whom to turn to.',
        querystring: ContactQuery,
        response: { 200: ContactAnswer, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { jurisdiction = null } = request.query as { jurisdiction?: string };
      return reply.send({ contact: ports.contact, complaints: '/v1/privacy/complaints', ...whereElse(jurisdiction) });
    },
  );
}

function addComplaintRoute(scope: FastifyInstance, ports: ContactPorts, now: () => number): void {
  scope.post(
    '/complaints',
    {
      config: { rateLimit: { max: COMPLAINTS_PER_HOUR, timeWindow: HOUR_MS } },
      schema: {
        ...COMMON,
        summary: 'Complain; the answer is the receipt.',
        body: ComplaintBody,
        response: { 201: ComplaintFiled, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const {
        text,
        replyTo = null,
        jurisdiction = null,
      } = request.body as {
        text: string;
        replyTo?: string;
        jurisdiction?: string;
      };
      const { ticket, complaint } = await ports.file({ text, replyTo, jurisdiction }, now());
      return reply.code(201).send({ ticket, ...written({ ...complaint, answers: [] }) });
    },
  );
}

function addTicketRoutes(scope: FastifyInstance, ports: ContactPorts, now: () => number): void {
  scope.get(
    '/complaints/:ticket',
    { schema: { ...COMMON, summary: 'How far a complaint is.', response: { 200: ComplaintAnswer, ...REFUSALS } } },
    async (request, reply) => {
      const { ticket } = request.params as { ticket: string };
      const found = TICKET.test(ticket) ? await ports.find(ticket) : null;
      return found === null ? refuseProblem(reply, { kind: 'noRoute' }) : reply.send(written(found));
    },
  );

  scope.post(
    '/complaints/:ticket/dissatisfied',
    {
      schema: {
        ...COMMON,
        summary: 'Say that the answer does not satisfy.',
        response: { 200: ComplaintAnswer, 409: Problem, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { ticket } = request.params as { ticket: string };
      const moved = TICKET.test(ticket) ? await ports.dissatisfied(ticket, now()) : null;
      const found = moved === null ? null : await ports.find(ticket);
      if (found === null) return refuseProblem(reply, { kind: 'noRoute' });
      return moved === true ? reply.send(written(found)) : sendProblem(reply, NOT_ANSWERED);
    },
  );
}

function addErasureStatusRoute(scope: FastifyInstance, ports: ContactPorts): void {
  scope.get(
    '/erasures/:code',
    { schema: { ...COMMON, summary: 'How far an erasure is.', response: { 200: ErasureStatusAnswer, ...REFUSALS } } },
    async (request, reply) => {
      const { code } = request.params as { code: string };
      const found = TICKET.test(code) ? await ports.erasure(code) : null;
      if (found === null) return refuseProblem(reply, { kind: 'noRoute' });
      const { state, startedAt, doneAt, held } = found;
      const heldByLaw = held && { because: held.because, until: iso(held.until) };
      return reply.send({ state, startedAt: iso(startedAt), doneAt: doneAt === null ? null : iso(doneAt), heldByLaw });
    },
  );
}

function whereElse(jurisdiction: string | null) {
  return {
    jurisdiction,
    authority: jurisdiction === null ? null : authorityOf(jurisdiction),
    procedure: procedureOf(jurisdiction),
  };
}

function written({ state, jurisdiction, receivedAt, dueAt, endedAt, answers }: Answered) {
  return {
    state,
    receivedAt: iso(receivedAt),
    answerDueAt: iso(dueAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    answers,
    ...whereElse(jurisdiction),
  };
}

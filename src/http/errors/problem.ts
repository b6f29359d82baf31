// How every family but the MLS one says no: RFC 9457 problem details. The type is a stable word, the title says it in
// English, and there is nothing else: no detail, no instance, no value that came with the request.
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Refusal, RefusalKind } from '../refusal.ts';

export const ProblemSchema = Type.Object(
  { type: Type.String(), title: Type.String(), status: Type.Integer() },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
);
export const PROBLEM_TYPE = 'application/problem+json';

/** What routes name as the schema of a refusal: a reference, so that the API description says it once. */
export const Problem = {
  description: 'Refused.',
  content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
};

type Rendered = { readonly status: number; readonly body: string };

function render(status: number, word: string, title: string): Rendered {
  return { status, body: JSON.stringify({ type: `/problems/${word}`, title, status }) };
}

const NOT_PERMITTED = render(403, 'not-permitted', 'Not permitted');
const NOT_FOUND = render(404, 'not-found', 'Not found');

export const PROBLEMS: Readonly<Record<RefusalKind, Rendered>> = {
  malformed: render(400, 'malformed', 'The request cannot be understood'),
  unauthenticated: render(401, 'unauthenticated', 'Missing or invalid credentials'),
  notPermitted: NOT_PERMITTED,
  notLocated: NOT_FOUND,
  unknownDevice: NOT_FOUND,
  noRoute: NOT_FOUND,
  wrongMethod: render(405, 'wrong-method', 'Method not allowed'),
  tooLarge: render(413, 'too-large', 'The request is too large'),
  quota: render(429, 'quota', 'Too many requests'),
  unavailable: render(503, 'unavailable', 'Temporarily unavailable'),
  bug: render(500, 'bug', 'Internal error'),
};

/** Sends a refusal as a problem document. */
export function refuseProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, body } = PROBLEMS[refusal.kind];
  if (refusal.retryAfterS !== undefined) reply.header('retry-after', refusal.retryAfterS);
  return reply.code(status).header('content-type', PROBLEM_TYPE).send(body);
}

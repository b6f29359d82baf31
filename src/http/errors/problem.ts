// How every family but the MLS one says no: RFC 9457 problem details. The type is a stable word, the title says it in
// English, and there is nothing else: no detail, no instance, no value that came with the request.
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Refusal, RefusalKind } from '../refusal.ts';

export const ProblemSchema = Type.Object(
  { type: Type.String(), title: Type.String(), status: Type.Integer() },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
);
const PROBLEM_TYPE = 'application/problem+json';

/** What routes name as the schema of a refusal: a reference, so that the API description says it once. */
export const Problem = {
  description: 'Refused.',
  content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
};

export type RenderedProblem = { readonly status: number; readonly body: string };

/** A problem as it is sent. Rooms that have more to say than the table below keep a closed table of their own. */
export function renderProblem(status: number, word: string, title: string): RenderedProblem {
  return { status, body: JSON.stringify({ type: `/problems/${word}`, title, status }) };
}

const NOT_PERMITTED = renderProblem(403, 'not-permitted', 'Not permitted');
const NOT_FOUND = renderProblem(404, 'not-found', 'Not found');

const PROBLEMS: Readonly<Record<RefusalKind, RenderedProblem>> = {
  malformed: renderProblem(400, 'malformed', 'The request cannot be understood'),
  unauthenticated: renderProblem(401, 'unauthenticated', 'Missing or invalid credentials'),
  notPermitted: NOT_PERMITTED,
  wrongPurpose: renderProblem(403, 'wrong-purpose', 'Not a purpose of this application'),
  unauthorisedSource: renderProblem(
    422,
    'unauthorised-source',
    'Observations of a named device need its authorisation',
  ),
  notLocated: NOT_FOUND,
  unknownDevice: NOT_FOUND,
  noRoute: NOT_FOUND,
  wrongMethod: renderProblem(405, 'wrong-method', 'Method not allowed'),
  tooLarge: renderProblem(413, 'too-large', 'The request is too large'),
  quota: renderProblem(429, 'quota', 'Too many requests'),
  unavailable: renderProblem(503, 'unavailable', 'Temporarily unavailable'),
  bug: renderProblem(500, 'bug', 'Internal error'),
};

/** Missing, wrong, old, used: one answer, so that it says nothing of what was wrong with it. */
export const PROOF_NEEDED = renderProblem(403, 'proof-needed', 'A fresh proof of the phone is needed');

/** Sends a refusal as a problem document. */
export function refuseProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (refusal.retryAfterS !== undefined) reply.header('retry-after', refusal.retryAfterS);
  // Every 401 says how to do better (RFC 9110, 15.5.2; RFC 6750, 3), whichever room refused.
  if (refusal.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return sendProblem(reply, PROBLEMS[refusal.kind]);
}

export function sendProblem(reply: FastifyReply, { status, body }: RenderedProblem): FastifyReply {
  return reply.code(status).header('content-type', PROBLEM_TYPE).send(body);
}

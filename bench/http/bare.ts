// The yardstick of the http bench (DESIGN 7): a bare Fastify route with the same body, schema and answer, that does nothing in
// between. Fastify as it comes: its JSON parser, the body and query checked against our own schemas, the answer serialised by
// ours; no hooks, no plugins, no keys, no limits. Ours replaces the check by its tolerant reader, which is part of its cost.

import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { LocateAnswer, LocateBody, LocateQuery } from '../../src/positioning/wire.ts';

/** A Fastify app whose `POST /v1/geolocate` serves the given answers in turn, with the given status. */
export function buildBare(answers: readonly object[], status: number): FastifyInstance {
  const app = Fastify({ logger: false });
  let next = 0;
  const schema = { body: LocateBody, querystring: LocateQuery, response: { 200: LocateAnswer } };
  app.post('/v1/geolocate', { schema }, (_request, reply: FastifyReply) => {
    next = next + 1 >= answers.length ? 0 : next + 1;
    reply.code(status).send(answers[next]);
  });
  return app;
}

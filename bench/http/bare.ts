// The yardstick of the http bench: what a Fastify route costs that takes the same body and gives the same answer, and does
// nothing in between. Fastify's own JSON parser, a response schema, no body validation, no hooks, no plugins: the fastest
// honest route, so that a ratio against it is not flattered.

import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';

const ANSWER_SCHEMA = {
  type: 'object',
  properties: {
    location: {
      type: 'object',
      properties: { lat: { type: 'number' }, lng: { type: 'number' } },
      required: ['lat', 'lng'],
    },
    accuracy: { type: 'number' },
    fallback: { type: 'string' },
  },
  required: ['location', 'accuracy'],
};

/** A Fastify app whose `POST /v1/geolocate` serves the given answers in turn, with the given status. */
export function buildBare(answers: readonly object[], status: number): FastifyInstance {
  const app = Fastify({ logger: false });
  let next = 0;
  app.post('/v1/geolocate', { schema: { response: { 200: ANSWER_SCHEMA } } }, (_request, reply: FastifyReply) => {
    next = next + 1 >= answers.length ? 0 : next + 1;
    reply.code(status).send(answers[next]);
  });
  return app;
}

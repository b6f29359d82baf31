// What operators and load balancers ask: is the process alive, and may it be sent traffic. Answers words, never numbers
// that say something about people. Metrics are not here: they are served on the operators' port only (process/metrics-server.ts).
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Problem } from './errors/problem.ts';

/** The three things without which answers would be wrong or missing. */
export type Readiness = { readonly store: boolean; readonly index: boolean; readonly jobs: boolean };

const Alive = Type.Object({ status: Type.Literal('ok') }, { title: 'Alive' });
const Ready = Type.Object(
  { status: Type.String(), store: Type.Boolean(), index: Type.Boolean(), jobs: Type.Boolean() },
  { title: 'Ready', description: '`status` is `ready` or `notReady`; the others say what is missing.' },
);

export function addOpsRoutes(scope: FastifyInstance, readiness: () => Readiness): void {
  scope.get(
    '/healthz',
    {
      schema: { tags: ['ops'], summary: 'Is the process alive?', response: { 200: Alive, 429: Problem, 500: Problem } },
    },
    (_request, reply) => reply.send({ status: 'ok' }),
  );
  scope.get(
    '/readyz',
    {
      schema: {
        tags: ['ops'],
        summary: 'May it be sent traffic?',
        response: { 200: Ready, 429: Problem, 500: Problem, 503: Ready },
      },
    },
    (_request, reply) => {
      const { store, index, jobs } = readiness();
      const ready = store && index && jobs;
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'notReady', store, index, jobs });
    },
  );
}

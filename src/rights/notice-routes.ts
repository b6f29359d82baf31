// GET /v1/partner/notices: what a recipient has to know of people whose location it was shown: corrected, restricted, erased.
// Promises: an application sees its own only; a notice tells who it is about to nobody but who presented that phone's token.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import type { Notice } from './notices-store.ts';

export type NoticePorts = {
  read(application: string, after: number, limit: number, nowMs: number): Promise<readonly Notice[]>;
};

const PAGE = 500;
const Notices = Type.Object(
  {
    notices: Type.Array(
      Type.Object({
        id: Type.Integer(),
        kind: Type.String({
          description: 'withdrawn, rectified, restricted or erased: what to do with what was received',
        }),
        handles: Type.Array(Type.String(), {
          description: 'Hex SHA-256 of `honeyguide notice ` and the hex SHA-256 of a token that was presented',
        }),
        at: Type.String({ format: 'date-time' }),
      }),
    ),
    next: Type.Integer({ description: 'Ask again with `after` = this' }),
  },
  { title: 'RecipientNotices' },
);

/** The scope's prefix is /v1/partner/notices, and its hook has let a partner's key pass. */
export function addNoticeRoutes(scope: FastifyInstance, ports: NoticePorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        tags: ['partner'],
        summary: 'People who had something corrected, restricted or erased.',
        security: [{ key: [] }],
        querystring: Type.Object(
          { after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })), key: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
        response: { 200: Notices, 400: Problem, 401: Problem, 403: Problem, 429: Problem, 500: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const { after = '0' } = request.query as { after?: string };
      const application = request.caller?.recipient?.application;
      if (application === undefined) return refuseProblem(reply, { kind: 'notPermitted' });
      const notices = await ports.read(application, Number(after), PAGE, now());
      return reply.send({
        notices: notices.map((one) => ({ ...one, at: new Date(one.at).toISOString() })),
        next: notices.at(-1)?.id ?? Number(after),
      });
    },
  );
}

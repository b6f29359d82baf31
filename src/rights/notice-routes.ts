// GET /v1/partner/notices: what a recipient has to know of people whose location it was shown: corrected, restricted, erased.
// Promises: an application sees its own only; a notice tells who it is about to nobody but who presented that phone's token, and
// when it came about to the day; nothing in it is the same in what another application is told, nor a number of others'. Who is suspended
// reads it too: what was received before stays theirs to correct and erase.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import { KEY_EITHER_WAY } from '../http/native-auth.ts';
import type { Notice, NoticeCursor } from './notices-store.ts';

export type NoticePorts = {
  /** `after` null: from the beginning. */
  read(application: string, after: NoticeCursor | null, limit: number, nowMs: number): Promise<readonly Notice[]>;
};

const PAGE = 500;
/** A day and the notice of it that was read last. */
const AFTER = '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const Notices = Type.Object(
  {
    notices: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        kind: Type.String({
          description: 'withdrawn, rectified, restricted or erased: what to do with what was received',
        }),
        handles: Type.Array(Type.String(), {
          description:
            'One: hex SHA-256 of `honeyguide notice ` and the hex SHA-256 of a token that was presented; of another token of the same phone speaks another notice',
        }),
        on: Type.String({ format: 'date', description: 'The day (UTC) from which on nothing more was shown, or less' }),
      }),
    ),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'Ask again with `after` = this; null: nothing has come yet',
    }),
  },
  { title: 'RecipientNotices' },
);

/** The scope's prefix is /v1/partner/notices, and its hook has let a partner's key pass. */
export function addNoticeRoutes(scope: FastifyInstance, ports: NoticePorts, now: () => number): void {
  scope.get(
    '/',
    {
      schema: {
        tags: ['partners'],
        summary: 'People who had something corrected, restricted or erased, or took consent back.',
        description: 'A day’s notices come together, from four in the morning (UTC) of the next day on, in no order.',
        security: KEY_EITHER_WAY,
        querystring: Type.Object(
          { after: Type.Optional(Type.String({ pattern: AFTER })), key: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
        response: { 200: Notices, 400: Problem, 401: Problem, 403: Problem, 429: Problem, 500: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const { after = null } = request.query as { after?: string };
      const cursor = after === null ? null : readCursor(after);
      if (Number.isNaN(cursor?.at)) return refuseProblem(reply, { kind: 'malformed' });
      const application = request.caller?.recipient?.application;
      if (application === undefined) return refuseProblem(reply, { kind: 'notPermitted' });
      const notices = await ports.read(application, cursor, PAGE, now());
      const last = notices.at(-1);
      return reply.send({
        notices: notices.map(({ at, ...one }) => ({ ...one, on: dayOf(at) })),
        next: last === undefined ? after : `${dayOf(last.at)}.${last.id}`,
      });
    },
  );
}

/** `at` is NaN where the day is none. */
function readCursor(after: string): NoticeCursor {
  const [day, id] = after.split('.');
  return { at: Date.parse(day), id };
}

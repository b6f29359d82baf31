// GET /v1/me/export: a person's copy of everything that is held (GDPR 15, 20), sent while it is read. Promises: one page is in memory,
// however much there is; who asks and does not read holds up no other for long; a copy that breaks off ends the connection
// before its document is complete, and so does one whose token ends meanwhile; a token of an erased phone gets a copy of nothing, which says so if law still holds something.
import type { FastifyInstance } from 'fastify';
import { FLAG } from '../devices/device-contract.ts';
import { type BugLog, describeError } from '../http/bug-log.ts';
import { Problem, refuseProblem } from '../http/errors/problem.ts';
import { createTurns, openPieces } from '../http/pieces.ts';
import { HOUR_MS, MINUTE_MS } from '../time/spans.ts';
import { CopyEnded } from './copy-ended.ts';
import { exportJson } from './held-json.ts';
import type { Presented, Rights, Suppressed } from './me-store.ts';
import { Export } from './me-wire.ts';

/** Exports an hour from one address: each reads every table. */
const EXPORTS_PER_HOUR = 60;
/** Copies longer than a piece that one server thread writes at a time: a connection to the store is left for everything else, even on the embedded one. */
const AT_ONCE = 3;
/** A page in a minute is 1.3 kB/s, less than 2G gives. An hour is 75 MB at 170 kbit/s: two hundred thousand disclosures. */
const LIMITS = { stalledMs: MINUTE_MS, wholeMs: HOUR_MS };
/** Most copies take less than a second. */
const RETRY_S = 30;

/** The scope's prefix is /v1/me/export; its hook lets tokens of erased phones pass too, as Suppressed. */
export function addExportRoute(scope: FastifyInstance, rights: Rights, now: () => number, log: BugLog): void {
  const takeTurn = createTurns(AT_ONCE);
  scope.get(
    '/',
    {
      config: { rateLimit: { max: EXPORTS_PER_HOUR, timeWindow: HOUR_MS } },
      schema: {
        tags: ['people'],
        security: [{ token: [] }],
        summary: 'A copy of everything that is held.',
        description:
          'Sent while it is read: it is complete if it is a JSON document. Of long ones a few at a time, one of each phone: else 503.',
        response: {
          200: Export,
          ...{ 400: Problem, 401: Problem, 403: Problem, 404: Problem, 429: Problem, 500: Problem, 503: Problem },
        },
      },
    },
    async (request, reply) => {
      const subject = request.getDecorator<Presented | Suppressed>('subject');
      reply.header('cache-control', 'no-store');
      const head = { format: 'honeyguide-export-1', createdAt: new Date(now()).toISOString() };
      if ('suppressed' in subject) {
        const kept = subject.held && {
          heldByLaw: { ...subject.held, until: new Date(subject.held.until).toISOString() },
        };
        return reply.send({ ...head, held: {}, ...kept });
      }
      const { pages, finish } = rights.export(subject);
      const first = { ...head, device: subject.id, counts: { takesPart: (subject.flags & FLAG.objected) === 0 } };
      const pieces = exportJson(first, pages, async () => ({ recipients: await finish() }));
      const begin = () => {
        const endTurn = takeTurn(subject.id);
        if (endTurn === null) return null;
        return (error: unknown) => {
          endTurn();
          if (error !== null && !(error instanceof CopyEnded)) log.error(describeError(error), 'an export broke off');
        };
      };
      let body: Awaited<ReturnType<typeof openPieces>>;
      try {
        body = await openPieces(pieces, LIMITS, begin);
      } catch (error) {
        if (error instanceof CopyEnded) return refuseProblem(reply, { kind: 'unauthenticated' });
        throw error;
      }
      if (body === null) return refuseProblem(reply, { kind: 'unavailable', retryAfterS: RETRY_S });
      return reply.header('content-type', 'application/json; charset=utf-8').send(body);
    },
  );
}

// The submit routes of the MLS family: POST /v2/geosubmit, /v1/geosubmit, /v1/submit; OPTIONS is answered by CORS. The key is
// optional and a bad one is no key: whoever sends reports gets nothing for it. Promises: 200 `{}` (204 on v1/submit) only
// when the reports are durable; 503 with Retry-After, before the body is read, when there is no room; 422, likewise, for a partner that names the device it reports about (C5); what a phone that says who it is has switched off is neither used nor stored; 400 for what is no
// batch at all. The answer never tells what was kept.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ALL_SOURCES } from '../devices/device-contract.ts';
import { deviceNamed } from '../devices/token.ts';
import { addressToLimit } from '../http/address.ts';
import { readAnyBody } from '../http/any-body.ts';
import type { BugLog } from '../http/bug-log.ts';
import { announceLimit, type Caller } from '../http/caller.ts';
import { ALLOWED_METHODS } from '../http/cors.ts';
import { type CounterStripe, type Outcome, ROUTE } from '../http/counters.ts';
import { MlsError, refuseMls } from '../http/errors/mls.ts';
import { receiveMls } from '../http/mls-request.ts';
import type { Quotas } from '../http/quotas.ts';
import { type Refusal, UNAVAILABLE } from '../http/refusal.ts';
import { createSayer } from '../http/sayer.ts';
import { CROWDED_BODY, MALFORMED_BODY, OVERSIZED_BODY } from '../http/tolerant-json.ts';
import { provenanceOf } from './provenance.ts';
import type { Room } from './room.ts';
import { type SubmissionDeps, submit } from './submission.ts';
import { SubmitAnswer, SubmitBody, SubmitQuery } from './wire.ts';

/** A body as sent, and inflated: a day's file of the most eager stumbler. */
export const SUBMIT_LIMITS = { sentBytes: 1024 * 1024, inflatedBytes: 8 * 1024 * 1024 } as const;
/** Long enough for the fold to make room. */
const FULL_RETRY_S = 60;

/** What these routes need beside what all routes have. */
export type SubmissionPorts = Omit<SubmissionDeps, 'now'> & { readonly room: Room };

type SubmitDeps = SubmissionPorts & {
  readonly findKey: (presented: string) => Caller | null;
  readonly quotas: Quotas;
  readonly counters: CounterStripe;
  readonly log: BugLog;
  readonly now: () => number;
  readonly overloaded: () => boolean;
  /** What the user of the phone behind a token left on (bits of SOURCE); null while nobody can say. Absent: no phone says who it is. */
  readonly sourcesOf?: (deviceToken: string) => Promise<number | null>;
};

const NO_KEY = { slot: -1, perMinute: null, dailyQuota: null } as const;
const REFUSALS = {
  malformed: { kind: 'malformed' },
  tooLarge: { kind: 'tooLarge' },
  unauthorised: { kind: 'unauthorisedSource' },
  full: { kind: 'unavailable', retryAfterS: FULL_RETRY_S },
  failed: UNAVAILABLE,
} as const satisfies Record<string, Refusal>;
const OUTCOME_OF = {
  malformed: 'malformed',
  tooLarge: 'tooLarge',
  unauthorised: 'malformed',
  full: 'unavailable',
  failed: 'unavailable',
} as const;

/** A path below the scope's prefix, and the status that says "stored" there. */
type SubmitPath = { readonly url: string; readonly stored: 200 | 204 };
export const V1_PATHS: readonly SubmitPath[] = [
  { url: '/geosubmit', stored: 200 },
  { url: '/submit', stored: 204 },
];
export const V2_PATHS: readonly SubmitPath[] = [{ url: '/geosubmit', stored: 200 }];

/**
 * Registers submit routes. `scope` is one of their own (its bodies may be bigger, its keys are optional) inside one of the
 * MLS family, which brings CORS and the error envelope.
 */
export function addSubmitRoutes(scope: FastifyInstance, deps: SubmitDeps, paths: readonly SubmitPath[]): void {
  const { findKey, quotas, counters, room, log, now, overloaded, sourcesOf } = deps;
  const sayNotStored = createSayer(log, 'reports not stored');
  readAnyBody(scope, SUBMIT_LIMITS);

  scope.addHook('onRequest', (request, reply, done) => {
    receiveMls(request, reply);
    const presented = (request.query as { key?: unknown }).key;
    request.caller = typeof presented === 'string' ? findKey(presented) : null;
    const verdict = quotas.take(request.caller ?? NO_KEY, addressToLimit(request), now());
    if (verdict.limit > 0) announceLimit(reply, verdict);
    if (verdict.refused !== '') {
      const per = verdict.refused === 'day' ? 'day' : 'minute';
      end('quota', request);
      refuseMls(reply, { kind: 'quota', per, retryAfterS: verdict.resetS });
    } else if (request.caller?.class === 'partner' && tokenOf(request) !== null) refuse('unauthorised', request, reply);
    else if (overloaded() || !room.hasRoom()) refuse('full', request, reply);
    else done();
  });

  async function take(request: FastifyRequest, reply: FastifyReply, storedStatus: 200 | 204): Promise<FastifyReply> {
    const { body } = request;
    if (body === OVERSIZED_BODY) return refuse('tooLarge', request, reply);
    if (body === MALFORMED_BODY) return refuse('malformed', request, reply);
    if (body === CROWDED_BODY) return refuse('full', request, reply);
    const { ip: address, caller } = request;
    const deviceToken = tokenOf(request);
    const sources = deviceToken === null || sourcesOf === undefined ? ALL_SOURCES : await sourcesOf(deviceToken);
    if (sources === null) return refuse('failed', request, reply);
    const sender = { address, trusted: caller?.trusted === true, provenance: provenanceOf(caller), sources };
    const outcome = await submit(body, sender, deps).catch((error: unknown) => {
      sayNotStored(error);
      return 'failed' as const;
    });
    if (outcome !== 'stored') return refuse(outcome, request, reply);
    end('stored', request);
    return storedStatus === 204 ? reply.code(204).send() : reply.send({});
  }

  function refuse(why: keyof typeof REFUSALS, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    end(OUTCOME_OF[why], request);
    return refuseMls(reply, REFUSALS[why]);
  }

  function end(outcome: Outcome, request: FastifyRequest): void {
    counters.answered(ROUTE.submit, outcome, 0, performance.now() - request.startedMs);
  }

  for (const { url, stored } of paths) {
    scope.post(url, { schema: describe(stored) }, (request, reply) => take(request, reply, stored));
    // As Ichnaea answers: a submission without a body is a batch that can't be read.
    scope.get(url, { schema: { hide: true } }, (request, reply) => refuse('malformed', request, reply));
    scope.route({
      method: ['PUT', 'PATCH', 'DELETE', 'TRACE'],
      url,
      schema: { hide: true },
      handler: (_request, reply) => refuseMls(reply.header('allow', ALLOWED_METHODS), { kind: 'wrongMethod' }),
    });
  }
}

/** What a phone set up by its maker adds to every request: by it, what its user switched off is left out. */
function tokenOf({ query, raw }: FastifyRequest): string | null {
  return deviceNamed((query as { device?: unknown }).device, raw.headers.authorization);
}

function describe(storedStatus: 200 | 204): object {
  return {
    tags: ['submit'],
    summary: 'What was heard at a known position. All three shapes of the body are read on every path.',
    querystring: SubmitQuery,
    body: SubmitBody,
    response: {
      [storedStatus]: storedStatus === 200 ? SubmitAnswer : { type: 'null', description: 'Stored durably.' },
      400: MlsError,
      413: MlsError,
      // A partner that names the device it reports about.
      422: MlsError,
      429: MlsError,
      500: MlsError,
      503: MlsError,
    },
  };
}

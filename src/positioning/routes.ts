// The look-up routes of the MLS family: GET, HEAD and POST /v1/geolocate and /v1/country; OPTIONS is answered by CORS.
// Promises: an answer leaves only with a finite position and a finite accuracy above 0; a partner key gets the same 404 as an
// unlocated device, after the same work, because nobody can have consented yet. Nothing of a request outlives it.
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Caller } from '../http/caller.ts';
import { type CounterStripe, type Outcome, ROUTE, SOURCES } from '../http/counters.ts';
import { MlsError, refuseMls } from '../http/errors/mls.ts';
import { receiveMls } from '../http/mls-request.ts';
import type { Refusal } from '../http/refusal.ts';
import { MALFORMED_BODY, OVERSIZED_BODY } from '../http/tolerant-json.ts';
import type { Locator } from './locator.ts';
import { readGeolocate } from './read-geolocate.ts';
import { createReadings } from './readings.ts';
import { CountryAnswer, LocateAnswer, LocateBody, LocateQuery } from './wire.ts';

export type LocateDeps = {
  readonly locator: Locator;
  readonly counters: CounterStripe;
  readonly admit: (route: number, classes: readonly Caller['class'][]) => onRequestHookHandler;
  readonly now: () => number;
};

const NOT_LOCATED: Refusal = { kind: 'notLocated' };
const MALFORMED: Refusal = { kind: 'malformed' };
const OVERSIZED: Refusal = { kind: 'tooLarge' };
const WRONG_METHOD: Refusal = { kind: 'wrongMethod' };
const SOURCE_INDEX: Readonly<Record<string, number>> = Object.fromEntries(SOURCES.map((name, i) => [name, i]));
const LOOKUP_CLASSES = ['device', 'partner'] as const;

export function addLocateRoutes(scope: FastifyInstance, deps: LocateDeps): void {
  const { locator, counters, admit, now } = deps;
  const readings = createReadings();

  function geolocate(request: FastifyRequest, reply: FastifyReply): void {
    if (!read(ROUTE.geolocate, request, reply)) return;
    const found = locator.locate(readings, now());
    if (
      found === null ||
      request.caller?.class !== 'device' ||
      !(found.accuracyM > 0) ||
      !Number.isFinite(found.lat + found.lon + found.accuracyM)
    ) {
      end(ROUTE.geolocate, 'notLocated', 0, request);
      refuseMls(reply, NOT_LOCATED);
      return;
    }
    const location = { lat: roundDeg(found.lat), lng: roundDeg(found.lon) };
    const accuracy = Math.ceil(found.accuracyM);
    end(ROUTE.geolocate, 'located', SOURCE_INDEX[found.source] ?? 0, request);
    reply.send(found.fallback === '' ? { location, accuracy } : { location, accuracy, fallback: found.fallback });
  }

  function country(request: FastifyRequest, reply: FastifyReply): void {
    if (!read(ROUTE.country, request, reply)) return;
    const found = locator.country(readings, now());
    if (found === null || request.caller?.class !== 'device') {
      end(ROUTE.country, 'notLocated', 0, request);
      refuseMls(reply, NOT_LOCATED);
      return;
    }
    end(ROUTE.country, 'located', SOURCE_INDEX.country, request);
    const answer = { country_code: found.code, country_name: found.name };
    reply.send(found.fallback === '' ? answer : { ...answer, fallback: found.fallback });
  }

  /** Fills `readings` from the request; false if it was refused. */
  function read(route: number, request: FastifyRequest, reply: FastifyReply): boolean {
    const body = request.body;
    if (body === OVERSIZED_BODY) {
      end(route, 'tooLarge', 0, request);
      refuseMls(reply, OVERSIZED);
      return false;
    }
    if (body === MALFORMED_BODY || !readGeolocate(body, request.ip, readings)) {
      end(route, 'malformed', 0, request);
      refuseMls(reply, MALFORMED);
      return false;
    }
    return true;
  }

  function end(route: number, outcome: Outcome, source: number, request: FastifyRequest): void {
    counters.answered(route, outcome, source, performance.now() - request.startedMs);
  }

  addRoute(
    scope,
    '/geolocate',
    geolocate,
    admit(ROUTE.geolocate, LOOKUP_CLASSES),
    'Where is this device?',
    LocateAnswer,
  );
  addRoute(
    scope,
    '/country',
    country,
    admit(ROUTE.country, LOOKUP_CLASSES),
    'In which country is this device?',
    CountryAnswer,
  );
}

/** Degrees to six decimals: 11 cm, and shorter on a slow line than a double. */
function roundDeg(deg: number): number {
  return Math.round(deg * 1e6) / 1e6;
}

function addRoute(
  scope: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest, reply: FastifyReply) => void,
  onRequest: onRequestHookHandler,
  summary: string,
  answer: typeof LocateAnswer | typeof CountryAnswer,
): void {
  const response = {
    200: answer,
    400: MlsError,
    404: MlsError,
    413: MlsError,
    429: MlsError,
    500: MlsError,
    503: MlsError,
  };
  const shared = { tags: ['locate'], security: [{ key: [] }], querystring: LocateQuery, response };
  scope.get(url, { onRequest, schema: { ...shared, summary: `${summary} By the IP address alone.` } }, handler);
  scope.post(url, { onRequest, schema: { ...shared, summary, body: LocateBody } }, handler);
  scope.route({
    method: ['PUT', 'PATCH', 'DELETE'],
    url,
    schema: { hide: true, response: { 405: MlsError } },
    onRequest: (request, reply, _done) => {
      receiveMls(request, reply);
      refuseMls(reply.header('allow', 'GET, HEAD, POST, OPTIONS'), WRONG_METHOD);
    },
    handler: () => {},
  });
}

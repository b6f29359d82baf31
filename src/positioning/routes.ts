// The look-up routes of the MLS family: GET, HEAD and POST /v1/geolocate and /v1/country; OPTIONS is answered by CORS.
// Promises: an answer leaves only with a finite position and a finite accuracy above 0; where no audience is there to decide,
// a partner key gets the same 404 as an unlocated device, after the same work. Nothing of a request outlives it.
// Requests are answered from their first hook on, past the framework's parser and serialiser: they cost as much as all of ours.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ALL_SOURCES, SOURCE } from '../devices/device-contract.ts';
import { LANGUAGES, type Language } from '../devices/source-words-contract.ts';
import { deviceNamed } from '../devices/token.ts';
import { type BugLog, describeError } from '../http/bug-log.ts';
import type { Admit, Caller } from '../http/caller.ts';
import { ALLOWED_METHODS } from '../http/cors.ts';
import { type CounterStripe, type Outcome, outcomeOf, ROUTE, SOURCES } from '../http/counters.ts';
import { MlsError, refuseMls } from '../http/errors/mls.ts';
import { refuseMlsAtOnce, sendMls } from '../http/mls-answer.ts';
import { receiveMls } from '../http/mls-request.ts';
import { type Refusal, UNAVAILABLE } from '../http/refusal.ts';
import type { StrayBudget } from '../http/stray-budget.ts';
import { takeBody } from '../http/take-body.ts';
import {
  BODY_LIMIT_BYTES,
  CROWDED_BODY,
  decodeJsonBody,
  MALFORMED_BODY,
  OVERSIZED_BODY,
} from '../http/tolerant-json.ts';
import type { Audience, Decision } from './audience.ts';
import { keepSources } from './keep-sources.ts';
import type { CountryAnswer as CountryFound, Estimate, Locator } from './locator.ts';
import { readGeolocate } from './read-geolocate.ts';
import { createReadings, type Readings } from './readings.ts';
import { scanGeolocate } from './scan-geolocate.ts';
import {
  CountryAnswer,
  CountryQuery,
  explainedText,
  LocateAnswer,
  LocateBody,
  LocateQuery,
  locateText,
} from './wire.ts';

export type LocateDeps = {
  readonly locator: Locator;
  readonly counters: CounterStripe;
  readonly admit: Admit;
  readonly log: BugLog;
  readonly now: () => number;
  /** Decides for partner keys and for requests with a device token; absent, nobody has consented to anything. */
  readonly audience?: Audience;
  /** What askers may ask about stations that don't stand together; absent, as much as they like. */
  readonly strayBudget?: StrayBudget<FastifyRequest>;
};

const NOT_LOCATED: Refusal = { kind: 'notLocated' };
const MALFORMED: Refusal = { kind: 'malformed' };
const OVERSIZED: Refusal = { kind: 'tooLarge' };
/** What became of a body that was not taken. */
const UNTAKEN = {
  [OVERSIZED_BODY]: OVERSIZED,
  [CROWDED_BODY]: UNAVAILABLE,
} as const satisfies Record<symbol, Refusal>;
const WRONG_METHOD: Refusal = { kind: 'wrongMethod' };
const BUG: Refusal = { kind: 'bug' };
const SOURCE_INDEX: Readonly<Record<string, number>> = Object.fromEntries(SOURCES.map((name, i) => [name, i]));
/** What is left to who has used up its strays. */
const WITHOUT_MACS = ALL_SOURCES & ~(SOURCE.wifi | SOURCE.bluetooth);
const LOOKUP_CLASSES = ['device', 'partner'] as const;

type Answer = (bytes: Buffer, request: FastifyRequest, reply: FastifyReply) => void;

export function addLocateRoutes(scope: FastifyInstance, deps: LocateDeps): void {
  const { locator, counters, admit, log, now, audience, strayBudget } = deps;
  const readings = createReadings();
  /** Counts what was done to `readings`, so that a request sees whether they are still its own. */
  let turn = 0;

  function geolocate(bytes: Buffer, request: FastifyRequest, reply: FastifyReply): void {
    const caller = request.caller as Caller;
    const deviceToken = deviceTokenOf(request);
    if (caller.class === 'device' && deviceToken === null)
      showEstimate(find(locator.locate, caller, null, request, now()), request, reply);
    else ask(bytes, caller, deviceToken, request, reply);
  }

  /** What the locator says of `readings`; by access points and beacons only while whoever asks has strays left today. */
  function find<T>(
    question: (about: Readings, nowMs: number) => T,
    caller: Caller,
    deviceToken: string | null,
    request: FastifyRequest,
    nowMs: number,
  ): T {
    if (strayBudget === undefined || locator.strays === undefined) return question(readings, nowMs);
    if (strayBudget.isSpent(caller, deviceToken, request, nowMs)) keepSources(readings, WITHOUT_MACS);
    const found = question(readings, nowMs);
    strayBudget.note(caller, deviceToken, request, locator.strays, nowMs);
    return found;
  }

  /** Puts a look-up to the audience, which locates when it knows by what it may. */
  function ask(
    bytes: Buffer,
    caller: Caller,
    deviceToken: string | null,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const nowMs = now();
    const own = turn;
    function locate(sources: number): Estimate | null {
      keepOwn(own, bytes, request, sources);
      const found = find(locator.locate, caller, deviceToken, request, nowMs);
      // The audience may answer later, when the locator's one answer is somebody else's place.
      return found === null ? null : { ...found };
    }
    if (audience === undefined) {
      // The same work as for whoever may know.
      const estimate = locate(ALL_SOURCES);
      showEstimate(caller.class === 'device' ? estimate : null, request, reply);
      return;
    }
    const query = request.query as Readonly<Record<string, unknown>>;
    const language = caller.class === 'device' ? (LANGUAGES.find((one) => one === query.explain) ?? null) : null;
    const decision = audience({ caller, deviceToken, query, nowMs, locate });
    if (!(decision instanceof Promise)) show(decision, language, request, reply);
    else
      decision
        .then((settled) => show(settled, language, request, reply))
        .catch((error: unknown) => fail(ROUTE.geolocate, error, request, reply));
  }

  /** `language`: what its owner wants to be told in how it was found; null = not at all. */
  function show(what: Decision, language: Language | null, request: FastifyRequest, reply: FastifyReply): void {
    if (what === null) refuse(ROUTE.geolocate, NOT_LOCATED, request, reply);
    else if ('kind' in what) refuse(ROUTE.geolocate, what, request, reply);
    else if ('text' in what) {
      end(ROUTE.geolocate, 'located', SOURCE_INDEX[what.source] ?? 0, request);
      sendMls(request, reply, 200, what.text);
    } else showEstimate(what, request, reply, language);
  }

  function showEstimate(
    found: Readonly<Estimate> | null,
    request: FastifyRequest,
    reply: FastifyReply,
    language: Language | null = null,
  ): void {
    if (found === null || !(found.accuracyM > 0) || !Number.isFinite(found.lat + found.lon + found.accuracyM)) {
      refuse(ROUTE.geolocate, NOT_LOCATED, request, reply);
      return;
    }
    end(ROUTE.geolocate, 'located', SOURCE_INDEX[found.source] ?? 0, request);
    sendMls(request, reply, 200, language === null ? locateText(found) : explainedText(found, language));
  }

  function country(bytes: Buffer, request: FastifyRequest, reply: FastifyReply): void {
    const caller = request.caller as Caller;
    const deviceToken = deviceTokenOf(request);
    if (caller.class !== 'device') {
      // The same work as for a phone.
      find(locator.country, caller, deviceToken, request, now());
      refuse(ROUTE.country, NOT_LOCATED, request, reply);
    } else if (deviceToken === null || audience === undefined) {
      showCountry(find(locator.country, caller, deviceToken, request, now()), request, reply);
    } else askForCountry(bytes, audience, caller, deviceToken, request, reply);
  }

  /** By the sources that the phone that says who it is has on. */
  function askForCountry(
    bytes: Buffer,
    whatMayBeUsed: Audience,
    caller: Caller,
    deviceToken: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const nowMs = now();
    const own = turn;
    let found: CountryFound | null = null;
    function locate(sources: number): null {
      keepOwn(own, bytes, request, sources);
      found = find(locator.country, caller, deviceToken, request, nowMs);
      return null;
    }
    const answer = (decision: Decision) => {
      if (decision !== null && 'kind' in decision) refuse(ROUTE.country, decision, request, reply);
      else showCountry(found, request, reply);
    };
    const decision = whatMayBeUsed({ caller, deviceToken, query: {}, nowMs, locate });
    if (!(decision instanceof Promise)) answer(decision);
    else decision.then(answer).catch((error: unknown) => fail(ROUTE.country, error, request, reply));
  }

  function showCountry(found: CountryFound | null, request: FastifyRequest, reply: FastifyReply): void {
    if (found === null) {
      refuse(ROUTE.country, NOT_LOCATED, request, reply);
      return;
    }
    end(ROUTE.country, 'located', SOURCE_INDEX.country, request);
    const answer: CountryAnswer = { country_code: found.code, country_name: found.name };
    if (found.fallback !== '') answer.fallback = found.fallback;
    sendMls(request, reply, 200, Buffer.from(JSON.stringify(answer)));
  }

  /** The one hook of a look-up: who calls, the body, then `answer` with `readings` filled. */
  function lookUp(route: number, answer: Answer): (request: FastifyRequest, reply: FastifyReply) => void {
    return (request, reply) => {
      if (!admit(route, LOOKUP_CLASSES, request, reply)) return;
      takeBody(request.raw, BODY_LIMIT_BYTES, (bytes) => {
        try {
          const refusal = typeof bytes === 'symbol' ? UNTAKEN[bytes] : read(bytes, request);
          if (refusal !== null) refuse(route, refusal, request, reply);
          else answer(bytes as Buffer, request, reply);
        } catch (error) {
          fail(route, error, request, reply);
        }
      });
    };
  }

  /** `readings` are those of the request that read them at turn `own`, by these sources; read again if another's came between. */
  function keepOwn(own: number, bytes: Buffer, request: FastifyRequest, sources: number): void {
    if (turn !== own) read(bytes, request);
    turn++;
    keepSources(readings, sources);
  }

  /** Fills `readings` from a body: the short way if it can, else the long one. */
  function read(bytes: Buffer, request: FastifyRequest): Refusal | null {
    turn++;
    const { headers } = request.raw;
    const encoding = headers['content-encoding'];
    if (encoding === undefined && scanGeolocate(bytes, request.ip, readings)) return null;
    const body = decodeJsonBody(bytes, encoding, headers['content-type']);
    if (body === OVERSIZED_BODY) return OVERSIZED;
    return body === MALFORMED_BODY || !readGeolocate(body, request.ip, readings) ? MALFORMED : null;
  }

  function refuse(route: number, refusal: Refusal, request: FastifyRequest, reply: FastifyReply): void {
    end(route, outcomeOf(refusal), 0, request);
    refuseMlsAtOnce(request, reply, refusal);
  }

  function fail(route: number, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    log.error(describeError(error), 'request failed');
    if (!reply.raw.headersSent) refuse(route, BUG, request, reply);
  }

  function end(route: number, outcome: Outcome, source: number, request: FastifyRequest): void {
    counters.answered(route, outcome, source, performance.now() - request.startedMs);
  }

  const [where, which] = ['Where is this device?', 'In which country is this device?'];
  addRoute(scope, '/geolocate', lookUp(ROUTE.geolocate, geolocate), where, LocateAnswer);
  addRoute(scope, '/country', lookUp(ROUTE.country, country), which, CountryAnswer);
}

/** What a phone set up by its maker says it is, unverified. */
function deviceTokenOf({ query, raw }: FastifyRequest): string | null {
  const { device } = query as { device?: unknown };
  const { authorization } = raw.headers;
  return device === undefined && authorization === undefined ? null : deviceNamed(device, authorization);
}

/** The framework wants a handler also where the first hook answers. */
function unreached(): void {}

function addRoute(
  scope: FastifyInstance,
  url: string,
  onRequest: (request: FastifyRequest, reply: FastifyReply) => void,
  summary: string,
  answer: typeof LocateAnswer | typeof CountryAnswer,
): void {
  const response = {
    200: answer,
    400: MlsError,
    // A purpose that the partner's application has not registered.
    ...(answer === LocateAnswer ? { 403: MlsError } : {}),
    404: MlsError,
    413: MlsError,
    429: MlsError,
    500: MlsError,
    503: MlsError,
  };
  const querystring = answer === LocateAnswer ? LocateQuery : CountryQuery;
  const shared = { tags: ['locate'], security: [{ key: [] }], querystring, response };
  scope.get(url, { onRequest, schema: { ...shared, summary: `${summary} By the IP address alone.` } }, unreached);
  scope.post(url, { onRequest, schema: { ...shared, summary, body: LocateBody } }, unreached);
  scope.route({
    method: ['PUT', 'PATCH', 'DELETE', 'TRACE'],
    url,
    schema: { hide: true, response: { 405: MlsError } },
    onRequest: (request, reply, _done) => {
      receiveMls(request, reply);
      refuseMls(reply.header('allow', ALLOWED_METHODS), WRONG_METHOD);
    },
    handler: unreached,
  });
}

// One row per refusal: what each family makes of it, byte for byte where clients read bytes.
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { refuseMls } from '../../src/http/errors/mls.ts';
import { refuseProblem } from '../../src/http/errors/problem.ts';
import { REFUSAL_KINDS, type Refusal, refusalError, refusalOf } from '../../src/http/refusal.ts';

type Row = [Refusal, mls: [number, string, string, string], problem: [number, string], retryAfter?: string];
const KEY_INVALID = [400, 'usageLimits', 'keyInvalid', 'Missing or invalid API key.'] as [
  number,
  string,
  string,
  string,
];
const NOT_FOUND = [404, 'geolocation', 'notFound', 'Not found'] as [number, string, string, string];
const ROWS: Row[] = [
  [{ kind: 'malformed' }, [400, 'global', 'parseError', 'Parse Error'], [400, 'malformed']],
  [{ kind: 'unauthenticated' }, KEY_INVALID, [401, 'unauthenticated']],
  [{ kind: 'notPermitted' }, KEY_INVALID, [403, 'not-permitted']],
  [
    { kind: 'wrongPurpose' },
    [403, 'usageLimits', 'purposeNotRegistered', 'Not a purpose of this application.'],
    [403, 'wrong-purpose'],
  ],
  [
    { kind: 'unauthorisedSource' },
    [422, 'usageLimits', 'authorisationNeeded', 'Observations of a named device need its authorisation.'],
    [422, 'unauthorised-source'],
  ],
  [{ kind: 'notLocated' }, NOT_FOUND, [404, 'not-found']],
  [{ kind: 'unknownDevice' }, NOT_FOUND, [404, 'not-found']],
  [{ kind: 'noRoute' }, [404, 'global', 'notFound', 'Not found'], [404, 'not-found']],
  [{ kind: 'wrongMethod' }, [405, 'global', 'methodNotAllowed', 'Method Not Allowed'], [405, 'wrong-method']],
  [{ kind: 'tooLarge' }, [413, 'global', 'payloadTooLarge', 'Payload Too Large'], [413, 'too-large']],
  [
    { kind: 'quota', per: 'day', retryAfterS: 7 },
    [429, 'usageLimits', 'dailyLimitExceeded', 'You have exceeded your daily limit.'],
    [429, 'quota'],
    '7',
  ],
  [
    { kind: 'quota', per: 'minute', retryAfterS: 9 },
    [429, 'usageLimits', 'rateLimitExceeded', 'You have exceeded your rate limit.'],
    [429, 'quota'],
    '9',
  ],
  [
    { kind: 'unavailable', retryAfterS: 10 },
    [503, 'global', 'serviceUnavailable', 'Service Unavailable'],
    [503, 'unavailable'],
    '10',
  ],
  [{ kind: 'bug' }, [500, 'global', 'internalError', 'Internal Server Error'], [500, 'bug']],
];

test('every kind of refusal has a row', () => {
  expect(new Set(ROWS.map(([refusal]) => refusal.kind))).toEqual(new Set(REFUSAL_KINDS));
});

describe.each(ROWS)('%j', (refusal, [status, domain, reason, message], [problemStatus, word], retryAfter) => {
  const app = Fastify();
  app.get('/mls', (_request, reply) => refuseMls(reply, refusal));
  app.get('/problem', (_request, reply) => refuseProblem(reply, refusal));

  test('in the MLS envelope', async () => {
    const answer = await app.inject('/mls');
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual({ error: { errors: [{ domain, reason, message }], code: status, message } });
    expect(answer.headers['retry-after']).toBe(retryAfter);
  });

  test('as a problem document', async () => {
    const answer = await app.inject('/problem');
    expect(answer.statusCode).toBe(problemStatus);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json()).toEqual({ type: `/problems/${word}`, title: expect.any(String), status: problemStatus });
    expect(answer.headers['retry-after']).toBe(retryAfter);
  });
});

test.each<[unknown, Refusal['kind']]>([
  [Object.assign(new Error('x'), { statusCode: 413 }), 'tooLarge'],
  [Object.assign(new Error('x'), { statusCode: 415 }), 'malformed'],
  [Object.assign(new Error('x'), { statusCode: 429 }), 'quota'],
  [Object.assign(new Error('x'), { statusCode: 503 }), 'unavailable'],
  [Object.assign(new Error('x'), { statusCode: 502 }), 'bug'],
  [refusalError({ kind: 'notPermitted' }), 'notPermitted'],
  [new Error('x'), 'bug'],
  ['thrown text', 'bug'],
  [null, 'bug'],
  [undefined, 'bug'],
])('an exception %s reads as %s', (error, kind) => {
  expect(refusalOf(error).kind).toBe(kind);
});

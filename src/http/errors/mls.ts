// How the Mozilla/Google family of routes says no: the envelope and reasons of Ichnaea's api/exceptions.py, which
// microG and Sailfish read from the body. 429 with Retry-After replaces its 403 for quotas. `notPermitted` reads exactly
// like a bad key, `unknownDevice` exactly like "not found": neither tells refused from unknown.
import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Refusal, RefusalKind } from '../refusal.ts';
import { mustCloseOn } from '../take-body.ts';

export const MlsErrorSchema = Type.Object(
  {
    error: Type.Object({
      errors: Type.Array(Type.Object({ domain: Type.String(), reason: Type.String(), message: Type.String() })),
      code: Type.Integer(),
      message: Type.String(),
    }),
  },
  { $id: 'MlsError', description: 'Error envelope of the Google and Mozilla geolocation services.' },
);

/** What routes name as the schema of a refusal: a reference, so that the API description says it once. */
export const MlsError = Type.Unsafe<Static<typeof MlsErrorSchema>>({
  $ref: 'MlsError#',
  description: 'Refused: `reason` says why.',
});

type Rendered = { readonly status: number; readonly body: Static<typeof MlsErrorSchema>; readonly text: string };

function render(status: number, domain: string, reason: string, message: string): Rendered {
  const body = { error: { errors: [{ domain, reason, message }], code: status, message } };
  return { status, body, text: JSON.stringify(body) };
}

/** The envelope's text for what no route refused. */
export function mlsErrorText(status: number, reason: string, message: string): string {
  return render(status, 'global', reason, message).text;
}

const KEY_INVALID = render(400, 'usageLimits', 'keyInvalid', 'Missing or invalid API key.');
const NOT_FOUND = render(404, 'geolocation', 'notFound', 'Not found');
const DAY_OVER = render(429, 'usageLimits', 'dailyLimitExceeded', 'You have exceeded your daily limit.');
const RATE_OVER = render(429, 'usageLimits', 'rateLimitExceeded', 'You have exceeded your rate limit.');

const MLS_ERRORS: Readonly<Record<RefusalKind, Rendered>> = {
  malformed: render(400, 'global', 'parseError', 'Parse Error'),
  unauthenticated: KEY_INVALID,
  notPermitted: KEY_INVALID,
  wrongPurpose: render(403, 'usageLimits', 'purposeNotRegistered', 'Not a purpose of this application.'),
  unauthorisedSource: render(
    422,
    'usageLimits',
    'authorisationNeeded',
    'Observations of a named device need its authorisation.',
  ),
  notLocated: NOT_FOUND,
  unknownDevice: NOT_FOUND,
  noRoute: render(404, 'global', 'notFound', 'Not found'),
  wrongMethod: render(405, 'global', 'methodNotAllowed', 'Method Not Allowed'),
  tooLarge: render(413, 'global', 'payloadTooLarge', 'Payload Too Large'),
  quota: DAY_OVER,
  unavailable: render(503, 'global', 'serviceUnavailable', 'Service Unavailable'),
  bug: render(500, 'global', 'internalError', 'Internal Server Error'),
};

/** Status and body of a refusal; the text is ASCII. */
export function refusalText(refusal: Refusal): Rendered {
  return refusal.kind === 'quota' && refusal.per === 'minute' ? RATE_OVER : MLS_ERRORS[refusal.kind];
}

/** Sends a refusal in the MLS envelope. */
export function refuseMls(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, body } = refusalText(refusal);
  if (refusal.retryAfterS !== undefined) reply.header('retry-after', refusal.retryAfterS);
  if (refusal.kind === 'tooLarge' && mustCloseOn(reply.request.raw)) reply.header('connection', 'close');
  return reply.code(status).send(body);
}

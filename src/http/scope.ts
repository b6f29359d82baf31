// Ties a family of routes to its way of saying no: whatever goes wrong in a scope, also a path that is not there, comes
// out in that family's form. Unexpected errors are logged as type, code and stack; their message is not, because
// messages of parsers and databases quote what they were given.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MethodsAt } from './allowed-methods.ts';
import { type CounterStripe, type Outcome, ROUTE } from './counters.ts';
import { fixedHeadersFor } from './fixed-headers.ts';
import { type Refusal, type RefusalKind, refusalOf } from './refusal.ts';
import { mustCloseOn } from './take-body.ts';

/** The part of a pino logger that scopes use. */
export type BugLog = { error(facts: object, message: string): void };

/**
 * `count` is told of every exception that became a refusal; handlers count the refusals they send themselves. `methodsAt`: what
 * paths have, for methods that they have not; absent, such a path is not there.
 */
export function refuseErrors(
  scope: FastifyInstance,
  refuse: (reply: FastifyReply, refusal: Refusal) => FastifyReply,
  log: BugLog,
  count: (request: FastifyRequest, refusal: Refusal) => void = () => {},
  methodsAt: MethodsAt = () => '',
): void {
  scope.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.kind === 'bug') log.error(describeError(error), 'request failed');
    count(request, refusal);
    if (refusal.kind === 'tooLarge' && !mustCloseOn(request.raw)) reply.removeHeader('connection');
    // What was refused before any hook has none yet.
    return refuse(reply.headers(fixedHeadersFor(request)), refusal);
  });
  // Whoever looks for routes that are not there is counted: `rateLimit` comes with the plugin that limiter.ts registered.
  scope.setNotFoundHandler({ preHandler: scope.rateLimit() }, (request, reply) => {
    const methods = methodsAt(request.url, request.method);
    if (methods !== '') reply.header('allow', methods);
    return refuse(reply.headers(fixedHeadersFor(request)), { kind: methods === '' ? 'noRoute' : 'wrongMethod' });
  });
}

const OUTCOME_OF: Readonly<Record<RefusalKind, Outcome>> = {
  malformed: 'malformed',
  unauthenticated: 'keyInvalid',
  notPermitted: 'keyInvalid',
  wrongPurpose: 'keyInvalid',
  unauthorisedSource: 'malformed',
  notLocated: 'notLocated',
  unknownDevice: 'notLocated',
  noRoute: 'malformed',
  wrongMethod: 'malformed',
  tooLarge: 'tooLarge',
  quota: 'quota',
  unavailable: 'unavailable',
  bug: 'bug',
};

/** What a refusal is counted as. */
export function outcomeOf({ kind }: Refusal): Outcome {
  return OUTCOME_OF[kind];
}

/** Counts what a scope's error handler refused: bugs, and bodies that the framework turned away before any handler. */
export function countRefusals(counters: CounterStripe): (request: FastifyRequest, refusal: Refusal) => void {
  return (request, { kind }) => {
    const path = request.routeOptions.url ?? '';
    let route: number = ROUTE.other;
    if (path.endsWith('/geolocate')) route = ROUTE.geolocate;
    else if (path.endsWith('/country')) route = ROUTE.country;
    else if (path.endsWith('submit')) route = ROUTE.submit;
    counters.answered(route, OUTCOME_OF[kind], 0, request.startedMs > 0 ? performance.now() - request.startedMs : 0);
  };
}

/** What may be logged of an error: never its message. */
export function describeError(error: unknown): { type: string; code?: string; stack?: string[] } {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  return { type: error.name, code: typeof code === 'string' ? code : undefined, stack: framesOf(error) };
}

/** Where it happened. A message may hold lines that look like frames; it stands before them, and goes. */
function framesOf({ stack, message }: Error): string[] | undefined {
  const at = stack?.indexOf(message) ?? -1;
  if (stack === undefined || at < 0) return undefined;
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => line.startsWith('    at '));
}

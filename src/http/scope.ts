// Ties a family of routes to its way of saying no: whatever goes wrong in a scope, also a path that is not there, comes
// out in that family's form, and unexpected errors in the log.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MethodsAt } from './allowed-methods.ts';
import { type BugLog, describeError } from './bug-log.ts';
import { type CounterStripe, outcomeOf, ROUTE } from './counters.ts';
import { fixedHeadersFor } from './fixed-headers.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { mustCloseOn } from './take-body.ts';

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

/** Counts what a scope's error handler refused: bugs, and bodies that the framework turned away before any handler. */
export function countRefusals(counters: CounterStripe): (request: FastifyRequest, refusal: Refusal) => void {
  return (request, refusal) => {
    const path = request.routeOptions.url ?? '';
    let route: number = ROUTE.other;
    if (path.endsWith('/geolocate')) route = ROUTE.geolocate;
    else if (path.endsWith('/country')) route = ROUTE.country;
    else if (path.endsWith('submit')) route = ROUTE.submit;
    counters.answered(route, outcomeOf(refusal), 0, request.startedMs > 0 ? performance.now() - request.startedMs : 0);
  };
}

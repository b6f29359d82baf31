// Ties a family of routes to its way of saying no: whatever goes wrong in a scope, also a path that is not there, comes
// out in that family's form. Unexpected errors are logged as type, code and stack; their message is not, because
// messages of parsers and databases quote what they were given.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { FIXED_HEADERS } from './fixed-headers.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/** The part of a pino logger that scopes use. */
export type BugLog = { error(facts: object, message: string): void };

export function refuseErrors(
  scope: FastifyInstance,
  refuse: (reply: FastifyReply, refusal: Refusal) => FastifyReply,
  log: BugLog,
): void {
  scope.setErrorHandler((error, _request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.kind === 'bug') log.error(describeError(error), 'request failed');
    return refuse(reply, refusal);
  });
  // Whoever looks for routes that are not there is counted: `rateLimit` comes with the plugin that limiter.ts registered.
  scope.setNotFoundHandler({ preHandler: scope.rateLimit() }, (_request, reply) =>
    refuse(reply.headers(FIXED_HEADERS), { kind: 'noRoute' }),
  );
}

/** What may be logged of an error: never its message. */
export function describeError(error: unknown): { type: string; code?: string; stack?: string[] } {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  const stack = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { type: error.name, code: typeof code === 'string' ? code : undefined, stack };
}

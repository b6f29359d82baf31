// Bodies of native routes: JSON, and none at all, also where the content type promises one, as HTTP libraries do for calls
// without a body: JSON, or a form, as curl's -d '' and Android do. A route that takes no body has no use for one of another type
// either, and does not say no to a withdrawal for its sake. What else is no JSON is refused.
import type { FastifyInstance } from 'fastify';
import { refusalError } from './refusal.ts';

export function readJsonBody(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body as string, done);
  });
  scope.removeContentTypeParser('text/plain');
  scope.addContentTypeParser('*', { parseAs: 'string' }, ({ routeOptions: { schema } }, body, done) => {
    if (body === '' || schema?.body === undefined) done(null, undefined);
    else done(refusalError({ kind: 'malformed' }));
  });
}

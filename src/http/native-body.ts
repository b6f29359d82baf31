// Bodies of native routes: JSON, and none at all, also where the content type promises one, as HTTP libraries do for calls
// without a body. What is no JSON is refused by the framework.
import type { FastifyInstance } from 'fastify';

export function readJsonBody(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body as string, done);
  });
}

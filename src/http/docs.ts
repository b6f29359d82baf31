// The API description: one OpenAPI 3.0 document made from the schemas that also serialise the answers, and a page to read
// it. 3.0 because the generators that partners use still stumble over 3.1. Helmet guards this scope only: it is the only
// one that serves HTML.
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { MlsErrorSchema } from './errors/mls.ts';
import { Problem, ProblemSchema } from './errors/problem.ts';

/** Registered before any route, so that it sees them all. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  app.addSchema(MlsErrorSchema);
  app.addSchema(ProblemSchema);
  await app.register(swagger, {
    transform: ({ schema, url, route }) => ({ schema: withRefusalsOf(schema, url, [route.method].flat()), url }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      letBodiesBeAbsent(document.openapiObject.paths);
      nameHeaders(document.openapiObject.paths);
      return document.openapiObject;
    },
    refResolver: { buildLocalReference: (schema, _base, _fragment, i) => String(schema.$id ?? `schema${i}`) },
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Honeyguide',
        version,
        description:
          'A privacy-aware location gateway for feature phones, compatible with the Mozilla and Google geolocation services. ' +
          'IP positions come from DB-IP (https://db-ip.com), regions from GeoNames (https://www.geonames.org), both CC BY 4.0.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'locate', description: 'Where is this device?' },
        { name: 'submit', description: 'What was heard where?' },
        { name: 'people', description: 'What people say about their own phone and who may see where it is' },
        { name: 'partners', description: 'What applications may read' },
        { name: 'privacy', description: 'What people may ask for' },
        { name: 'ops', description: 'Is the gateway well?' },
      ],
      components: {
        headers: HEADERS,
        securitySchemes: {
          key: { type: 'apiKey', in: 'query', name: 'key' },
          token: { type: 'http', scheme: 'bearer', description: "A phone's token" },
          keyAsBearer: { type: 'http', scheme: 'bearer', description: "A partner's or a phone maker's key" },
        },
      },
    },
  });
}

/** The framework reads, and so measures, what comes with a DELETE as well. */
const READS_BODY = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** What the framework may say before a route does: no path of ours (a broken %-sequence), a body beyond its limit. */
function withRefusalsOf(schema: FastifySchema | undefined, url: string, methods: readonly string[]): FastifySchema {
  const response = schema?.response as Record<string, unknown> | undefined;
  if (schema === undefined || response === undefined) return schema ?? {};
  const hasParams = url.includes('/:');
  const readsBody = methods.some((method) => READS_BODY.includes(method));
  const refusals = { ...(hasParams && { 400: Problem }), ...(readsBody && { 413: Problem }) };
  return { ...schema, response: { ...refusals, ...response } };
}

/** Look-ups take no body for an empty one, as browsers' first requests are; the framework's description says no body is optional. */
function letBodiesBeAbsent(paths: Readonly<Record<string, object | undefined>> = {}): void {
  for (const path of Object.values(paths))
    for (const { tags, requestBody } of Object.values(path ?? {}) as Operation[])
      if (requestBody !== undefined && tags?.includes('locate')) requestBody.required = false;
}

/** The schemas of routes say what is in an answer; which of these are on it goes by its status alone. */
const HEADERS = {
  'Retry-After': {
    description: 'Seconds after which trying again makes sense',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
  RateLimit: {
    description:
      'Where a limit holds: `"minute";r=1;t=41`, what is left of it and in how many seconds it starts anew (draft-ietf-httpapi-ratelimit-headers-11)',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'With `RateLimit`: `"minute";q=2;w=60`, how many requests in how many seconds',
    schema: { type: 'string' },
  },
  'WWW-Authenticate': { description: '`Bearer`', required: true, schema: { type: 'string' } },
} as const;

/** What is refused was counted, too. */
function headersOn(path: string, status: string): readonly (keyof typeof HEADERS)[] {
  const limits = ['RateLimit', 'RateLimit-Policy'] as const;
  if (status === '401') return ['WWW-Authenticate', ...limits];
  // Whoever looks after a gateway asks whether it is ready at a pace of its own.
  const passes = status === '429' || (status === '503' && path !== '/readyz');
  return passes ? ['Retry-After', ...limits] : limits;
}

/** Whoever asks too often has to know from the description alone when to come back. */
function nameHeaders(paths: Readonly<Record<string, object | undefined>> = {}): void {
  for (const [path, operations] of Object.entries(paths))
    for (const { responses } of Object.values(operations ?? {}) as Operation[])
      for (const [status, response] of Object.entries(responses)) {
        const referred = headersOn(path, status).map((name) => [name, { $ref: `#/components/headers/${name}` }]);
        response.headers = { ...response.headers, ...Object.fromEntries(referred) };
      }
}

type Operation = {
  readonly tags?: readonly string[];
  readonly requestBody?: { required?: boolean };
  readonly responses: Readonly<Record<string, { headers?: object }>>;
};

export async function addDocsRoutes(scope: FastifyInstance): Promise<void> {
  await scope.register(helmet, {
    // The page's own scripts and styles; its inline style is Swagger UI's.
    contentSecurityPolicy: {
      directives: {
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'upgrade-insecure-requests': null,
      },
    },
    // fixed-headers.ts says when.
    strictTransportSecurity: false,
  });
  // The same bytes for everybody: a hundred kilobytes anew for each of those that ask and never read would be the gateway's memory.
  let description: Buffer | undefined;
  scope.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    description ??= Buffer.from(JSON.stringify(scope.swagger()));
    return reply.type('application/json; charset=utf-8').send(description);
  });
  await scope.register(swaggerUi, { routePrefix: '/docs', staticCSP: false });
}

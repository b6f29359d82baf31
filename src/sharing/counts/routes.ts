// GET /v1/partner/regions: how many devices were in which region, in six hours of a day ago or more. Promises: the same draw for
// every partner and role, however often it is asked; nothing but the allow-list of wire.ts; a read is counted for its
// application before the answer leaves; a suspended partner gets nothing from the acknowledgement on.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem, refuseProblem } from '../../http/errors/problem.ts';
import { KEY_EITHER_WAY, type NativeAuthDeps, requireKey } from '../../http/native-auth.ts';
import { EPSILON_MILLI, releaseThreshold, WINDOW_MS } from '../../privacy/count-rule.ts';
import { cellOfKey, type RegionKey } from '../../privacy/region-key.ts';
import { cutAtAntimeridian, outlineOf } from '../../privacy/region-outline.ts';
import { formOf, GEOJSON, JSON_FORM, NDJSON } from './form.ts';
import { cursorOf, type RegionsQuery, readQuestion } from './question.ts';
import type { Question, RegionCount } from './read-store.ts';
import { RegionsAnswer, RegionsGeoJson, RegionsQuerySchema } from './wire.ts';

export type CountsPorts = {
  /** Whether the application of this key may read, asked of the store; counts the read for it if so. */
  admit(keyId: string, nowMs: number): Promise<boolean>;
  latest(nowMs: number): Promise<number | null>;
  read(question: Question, nowMs: number): Promise<RegionCount[]>;
};

/** Pages a minute behind one address are limited by the scope; a page is a few kilobytes. */
const REFUSALS = { 400: Problem, 401: Problem, 403: Problem, 429: Problem, 500: Problem, 503: Problem };

/** The scope's prefix is /v1/partner. */
export function addRegionRoutes(scope: FastifyInstance, ports: CountsPorts, auth: NativeAuthDeps): void {
  scope.decorateRequest('caller', null);
  scope.get<{ Querystring: RegionsQuery }>(
    '/regions',
    {
      onRequest: requireKey(auth, ['partner']),
      schema: {
        tags: ['partners'],
        summary: 'How many devices were where: noisy counts by region and six hours, a day late.',
        security: KEY_EITHER_WAY,
        querystring: RegionsQuerySchema,
        response: {
          200: {
            description: 'One page; `Accept` chooses the form.',
            headers: { Link: { type: 'string', description: 'The next page, `rel="next"`; absent on the last' } },
            content: {
              [JSON_FORM]: { schema: RegionsAnswer },
              [NDJSON]: { schema: { type: 'string', description: 'One RegionCount a line' } },
              [GEOJSON]: { schema: RegionsGeoJson },
            },
          },
          ...REFUSALS,
        },
      },
    },
    async (request, reply) => {
      const nowMs = auth.now();
      const latest = await ports.latest(nowMs);
      const question = readQuestion(request.query, latest ?? -1);
      if (question === null) return refuseProblem(reply, { kind: 'malformed' });
      if (!(await ports.admit(request.caller!.id, nowMs))) return refuseProblem(reply, { kind: 'notPermitted' });
      // One more than was asked for tells whether there is another page.
      const found = await ports.read({ ...question, limit: question.limit + 1 }, nowMs);
      const page = found.slice(0, question.limit);
      const next = found.length > page.length ? cursorOf(page[page.length - 1]) : null;
      if (next !== null) reply.header('link', `<${linkTo(request.query, next)}>; rel="next"`);
      return render(reply.header('vary', 'accept'), request.headers.accept ?? '', { page, next, latest });
    },
  );
}

function geometryOf(region: RegionKey): object {
  const pieces = cutAtAntimeridian(outlineOf(region));
  return pieces.length === 1
    ? { type: 'Polygon', coordinates: pieces }
    : { type: 'MultiPolygon', coordinates: pieces.map((piece) => [piece]) };
}

type Rendered = { readonly page: readonly RegionCount[]; readonly next: string | null; readonly latest: number | null };

function render(reply: FastifyReply, accept: string, { page, next, latest }: Rendered): FastifyReply {
  const form = formOf(accept);
  if (form === NDJSON) {
    const lines = page.map((one) => `${JSON.stringify(shown(one))}\n`);
    return reply.type(NDJSON).send(lines.join(''));
  }
  if (form === GEOJSON) {
    const features = page.map((one) => ({
      type: 'Feature',
      id: cursorOf(one),
      geometry: geometryOf(one.region),
      properties: shown(one),
    }));
    return reply.type(GEOJSON).send(JSON.stringify({ type: 'FeatureCollection', features, next }));
  }
  const regions = page.map(shown);
  const rule = { epsilon: EPSILON_MILLI / 1_000, threshold: releaseThreshold() };
  return reply.type(JSON_FORM).send({ regions, next, latest: latest === null ? null : startOf(latest), ...rule });
}

/** The allow-list. */
function shown({ region, window, count, mapVersion }: RegionCount) {
  return { region: cellOfKey(region), window: startOf(window), count, mapVersion };
}

function startOf(window: number): string {
  return new Date(window * WINDOW_MS).toISOString();
}

/** The same question from there on; a key in the URL is not repeated. */
function linkTo({ from, until, parent, limit }: RegionsQuery, cursor: string): string {
  const query = Object.entries({ from, until, parent, limit, cursor }).filter(
    (one): one is [string, string] => !!one[1],
  );
  return `/v1/partner/regions?${new URLSearchParams(query)}`;
}

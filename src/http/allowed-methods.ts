// Which methods a path has, for the answer to one that it has not: 405 with `Allow` (RFC 9110, 15.5.6). Whoever writes a client
// reads 404 as "nobody knows this consent" and looks in the wrong place. Promises: the routes that were registered are all it
// knows, so it tells nobody more than the API's description; asked on the way to a refusal only.
import type { FastifyInstance } from 'fastify';

/** The methods at the path of a URL, as `Allow` lists them; '' if there is no such path, or `method`, which found nothing, is one of them. */
export type MethodsAt = (url: string, method: string) => string;

type Path = { readonly pattern: RegExp; readonly methods: Set<string> };
const PREFLIGHT = 'OPTIONS';
const ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', PREFLIGHT];

/** Notes every route that is registered from now on. */
export function watchRoutes(app: FastifyInstance): MethodsAt {
  const paths = new Map<string, Path>();
  app.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    paths.set(url, path);
    for (const one of [method].flat()) path.methods.add(one);
  });
  return (url, method) => {
    const path = plain(url.split('?', 1)[0]);
    const methods = new Set<string>();
    for (const { pattern, methods: own } of paths.values())
      if (pattern.test(path)) for (const one of own) methods.add(one);
    // Preflights are answered for whole scopes, whether a path is there or not.
    const isThere = methods.size > (methods.has(PREFLIGHT) ? 1 : 0);
    return isThere && !methods.has(method) ? ORDER.filter((one) => methods.has(one)).join(', ') : '';
  };
}

/** As the router compares: one slash where there are several, none at the end. */
function plain(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
}

/** Of a route's path: `:name` is one part, `*` the rest. */
function patternOf(url: string): RegExp {
  const source = plain(url)
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}

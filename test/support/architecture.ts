// What a source file may import and use (docs/architecture.md), as a pure function of its path and text.
// It reads import lines with regular expressions: enough for code that biome formats, and no compiler to wait for.

import { posix } from 'node:path';

/** Subjects a privacy officer could name. */
const ROOMS = [
  ...['observations', 'stations', 'positioning', 'devices', 'consent', 'partners'],
  ...['sharing', 'rights', 'policy', 'disclosures'],
];
/** Arithmetic: knows nothing else of ours. */
const PURE_LAYERS = ['geo', 'radio', 'privacy', 'time'];
/** Know no domain. */
const PLUMBING = ['http', 'storage', 'config'];
/** Put everything together; nobody else imports them. */
const TOP = ['jobs', 'cli', 'process', 'app', 'main'];

/** What makes a file impure, whatever layer it is in. */
const OUTSIDE =
  /^(fastify|@fastify\/|drizzle-orm|pg$|pg-|@electric-sql\/|iovalkey|node:(fs|net|http|worker_threads|child_process|dgram|tls))/;
const MAX_LINES = 300;
const RANDOM = 'makes randomness: it is an argument of pure code';

/** Files that have to do with the outside though their layer is pure, and why. */
export const IMPURE: Readonly<Record<string, string>> = {
  'positioning/ip-database.ts': 'reads the IP database into shared memory',
  'stations/areas.ts': 'derives areas in the store, batch by batch',
  'stations/index-reader.ts': 'hears of growth through a message port',
  'stations/index-writer.ts': 'tells of growth through a message port',
  'stations/snapshot.ts': 'reads and writes the snapshot file',
  'stations/snapshot-format.ts': 'a file of its own needs a nonce of its own',
};

type Import = { from: string; names: string; typeOnly: boolean };

/** The imports and re-exports of a module, dynamic ones too. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  const code = withoutComments(source);
  for (const [, keyword, what, from] of code.matchAll(/^(import|export)\s+([^;'"`]*?)\s*from\s+['"]([^'"]+)['"]/gm)) {
    const names = /^\{([\s\S]*)\}$/.exec(what)?.[1];
    const eachIsType = names?.split(',').every((name) => name.trim() === '' || /^type\s/.test(name.trim())) ?? false;
    found.push({ from, names: what, typeOnly: /^type\s/.test(what) || (keyword === 'import' && eachIsType) });
  }
  for (const [, from] of code.matchAll(/^import\s+['"]([^'"]+)['"]/gm))
    found.push({ from, names: '*', typeOnly: false });
  for (const [, from] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g))
    found.push({ from, names: '*', typeOnly: false });
  return found;
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Layer or room of a path below src: `geo/circle.ts` -> geo, `main.ts` -> main. */
const areaOf = (path: string): string => path.split('/')[0].replace(/\.ts$/, '');
const isStore = (path: string): boolean => /(^|[/-])store\.ts$/.test(path);
const isRoutes = (path: string): boolean => /[/-]routes\.ts$/.test(path);

/** What a file below src does against the rules, each as a sentence. `path` is relative to src. */
export function violationsOf(path: string, source: string): string[] {
  const code = withoutComments(source);
  const broken: string[] = [];
  if (source.split('\n').length - 1 > MAX_LINES) broken.push(`has more than ${MAX_LINES} lines: split it`);
  if (!/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/.test(path))
    broken.push('is not named in kebab-case');
  if (posix.basename(path) === 'index.ts') broken.push('is a barrel: import from the file that has it');
  if (path !== 'main.ts' && /\bprocess\.(exit|abort)\s*\(/.test(code))
    broken.push('ends the process: only main.ts may');
  if (path !== 'config/env.ts' && /\bprocess\.env\b/.test(code))
    broken.push('reads process.env: only config/env.ts may');
  for (const one of importsOf(source)) {
    const why = one.from.startsWith('.')
      ? ownImport(path, posix.join(posix.dirname(path), one.from), one.typeOnly)
      : libraryImport(path, one);
    if (why) broken.push(`imports ${one.from}: ${why}`);
  }
  if (isPure(path)) {
    if (/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/.test(code))
      broken.push('reads the clock: time is an argument of pure code');
    if (/\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/.test(code)) broken.push(RANDOM);
  }
  return broken;
}

function isPure(path: string): boolean {
  const area = areaOf(path);
  if (PURE_LAYERS.includes(area)) return !(path in IMPURE);
  return ROOMS.includes(area) && !isStore(path) && !isRoutes(path) && !(path in IMPURE);
}

function libraryImport(path: string, { from, names, typeOnly }: Import): string | null {
  const area = areaOf(path);
  // isIP, BlockList and their kind only look at text.
  const looksAtText = from === 'node:net' && /^\{(\s*(isIP(v4|v6)?|BlockList)\s*,?)+\}$/.test(names);
  if (isPure(path) && OUTSIDE.test(from) && !typeOnly && !looksAtText)
    return 'pure code has nothing to do with the outside';
  if (isPure(path) && from === 'node:crypto' && /\b(random|generateKey)/.test(names)) return RANDOM;
  if (isStore(path) && ROOMS.includes(area) && /^@?fastify/.test(from)) return 'a store knows no HTTP';
  if (isRoutes(path) && /^(pg$|drizzle-orm)/.test(from))
    return 'routes reach the store through the store of their room';
  return null;
}

function ownImport(path: string, target: string, typeOnly: boolean): string | null {
  const [area, theirs] = [areaOf(path), areaOf(target)];
  // The made-up world of a first start lies in fixtures.
  if (target.startsWith('../'))
    return TOP.includes(area) && target.startsWith('../fixtures/') ? null : 'that is outside src';
  if (area === theirs || TOP.includes(area)) return null;
  if (TOP.includes(theirs)) return `${theirs} puts things together, nobody imports it`;
  if (PURE_LAYERS.includes(area)) return PURE_LAYERS.includes(theirs) ? null : `${area} knows nothing else of ours`;
  if (PLUMBING.includes(area)) return ROOMS.includes(theirs) ? `${area} knows no domain` : null;
  if (!ROOMS.includes(theirs)) {
    if (PURE_LAYERS.includes(theirs) || typeOnly || !isPure(path)) return null;
    return `pure code of a room takes nothing but types from ${theirs}`;
  }
  if (isStore(target)) return typeOnly && !isRoutes(path) ? null : "that is another room's store";
  if (isRoutes(path) && (isRoutes(target) || /\bwire\.ts$/.test(target)))
    return `that is another room's ${posix.basename(target)}`;
  // A contract is vocabulary: constants and types that two rooms agree on.
  return typeOnly || !isPure(path) || target.endsWith('-contract.ts')
    ? null
    : 'of other rooms, pure code takes only types';
}

/** Titles of the tests in a test file that are no sentences. */
export function badTitlesOf(source: string): string[] {
  const titles = [
    ...source.matchAll(/^\s*(?:test|it)(?:\.\w+(?:\([\s\S]*?\))?)*\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm),
  ].map((m) => m[2]);
  return titles.filter(
    (title) => title.trim().split(/\s+/).length < 3 || /^(should|test|it|works?)\b/i.test(title) || title.endsWith('.'),
  );
}

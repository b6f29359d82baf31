import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { badTitlesOf, IMPURE, importsOf, violationsOf } from './support/architecture.ts';
import { ROOT } from './support/root.ts';

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

describe('the source', () => {
  test('keeps to the rooms: who may import what, read the clock, end the process', () => {
    const broken = filesBelow('src').flatMap((file) =>
      violationsOf(file, readFileSync(join(ROOT, 'src', file), 'utf8')).map((rule) => `src/${file} ${rule}`),
    );
    expect(broken).toEqual([]);
  });

  test('excuses no file from purity that is not there any more', () => {
    const files = new Set(filesBelow('src'));
    expect(Object.keys(IMPURE).filter((file) => !files.has(file))).toEqual([]);
  });

  test('says of every library why it is there, in the README', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const named = new Set(/\| dependency \| why \|\n([\s\S]*?)\n\n/.exec(readme)?.[1].match(/@?[a-z0-9][a-z0-9/-]*/g));
    const libraries = Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !name.startsWith('@types/'),
    );
    expect(libraries.filter((name) => !named.has(name.replace('@biomejs/', '')))).toEqual([]);
  });

  test('has tests whose titles are sentences', () => {
    const bad = filesBelow('test')
      .filter((file) => file.endsWith('.test.ts'))
      .flatMap((file) =>
        badTitlesOf(readFileSync(join(ROOT, 'test', file), 'utf8')).map((title) => `${file}: ${title}`),
      );
    expect(bad).toEqual([]);
  });
});

describe('the scan of the source', () => {
  test.each([
    ['geo/circle.ts', `import { x } from '../stations/fold.ts';`, 'geo knows nothing else of ours'],
    ['geo/circle.ts', `import type { X } from '../stations/fold.ts';`, 'geo knows nothing else of ours'],
    ['privacy/coarsen.ts', `import { readFileSync } from 'node:fs';`, 'nothing to do with the outside'],
    ['privacy/coarsen.ts', `import { readFile } from 'node:fs/promises';`, 'nothing to do with the outside'],
    ['positioning/solve.ts', `import Fastify from 'fastify';`, 'nothing to do with the outside'],
    ['positioning/solve.ts', `import { sql } from 'drizzle-orm';`, 'nothing to do with the outside'],
    ['positioning/solve.ts', `const t = Date.now();`, 'reads the clock'],
    ['positioning/solve.ts', `const t = new Date();`, 'reads the clock'],
    ['positioning/solve.ts', `const t = Math.random();`, 'makes randomness'],
    ['positioning/solve.ts', `import { x } from '../consent/decide.ts';`, 'only types'],
    ['positioning/solve.ts', `import { type A, b } from '../consent/decide.ts';`, 'only types'],
    ['positioning/solve.ts', `import { query } from '../storage/open.ts';`, 'nothing but types from storage'],
    ['positioning/solve.ts', `import {\n  a,\n  b,\n} from '../app.ts';`, 'nobody imports it'],
    ['positioning/solve.ts', `const x = await import('../cli/keys.ts');`, 'nobody imports it'],
    ['positioning/solve.ts', `export { x } from '../jobs/fold.ts';`, 'nobody imports it'],
    ['positioning/solve.ts', `import '../main.ts';`, 'nobody imports it'],
    ['partners/store.ts', `import { x } from '../consent/store.ts';`, "another room's store"],
    ['partners/store.ts', `import { FastifyInstance } from 'fastify';`, 'knows no HTTP'],
    ['devices/routes.ts', `import { x } from '../consent/wire.ts';`, "another room's wire.ts"],
    ['devices/routes.ts', `import type { X } from '../consent/routes.ts';`, "another room's routes.ts"],
    ['devices/routes.ts', `import type { X } from '../consent/store.ts';`, "another room's store"],
    ['devices/routes.ts', `import pg from 'pg';`, 'through the store'],
    ['http/auth.ts', `import type { X } from '../partners/keys.ts';`, 'http knows no domain'],
    ['storage/open.ts', `import { x } from '../stations/fold.ts';`, 'storage knows no domain'],
    ['config/env.ts', `import { x } from '../consent/decide.ts';`, 'config knows no domain'],
    ['jobs/fold.ts', `if (x) process.exit(1);`, 'only main.ts may'],
    ['jobs/fold.ts', `const x = process.env.HOME;`, 'only config/env.ts may'],
    ['jobs/fold.ts', `import { x } from '../../bench/world.ts';`, 'outside src'],
    ['positioning/solve.ts', `import { x } from '../../fixtures/world.ts';`, 'outside src'],
    ['positioning/ip.ts', `import { isIP, connect } from 'node:net';`, 'nothing to do with the outside'],
    ['privacy/noise.ts', `import { createHmac, randomInt } from 'node:crypto';`, 'makes randomness'],
    ['jobs/fold.ts', '\n'.repeat(301), 'more than 300 lines'],
    ['jobs/foldJob.ts', ``, 'kebab-case'],
    ['geo/index.ts', ``, 'barrel'],
  ])('finds what is wrong in %s: %s', (path, source, rule) => {
    expect(violationsOf(path, source)).toEqual([expect.stringContaining(rule)]);
  });

  test.each([
    ['geo/circle.ts', `import { cellToParent } from 'h3-js';\nimport { x } from '../radio/mac.ts';`],
    [
      'positioning/solve.ts',
      `import type { X } from '../stations/fold.ts';\nimport { type Y } from '../consent/decide.ts';`,
    ],
    ['positioning/solve.ts', `// Date.now() and process.exit() are named here only\nconst at = new Date(nowMs);`],
    ['partners/store.ts', `import { eq } from 'drizzle-orm';\nimport { apiKeys } from '../storage/tables.ts';`],
    ['devices/routes.ts', `import { x } from '../http/scope.ts';\nimport type { F } from 'fastify';`],
    ['positioning/ip.ts', `import { isIP, isIPv4 } from 'node:net';\nimport { createHmac } from 'node:crypto';`],
    ['positioning/solve.ts', `import { MAC_KIND } from '../stations/index-contract.ts';`],
    ['process/demo.ts', `import { world } from '../../fixtures/world.ts';`],
    ['main.ts', `import { x } from './app.ts';\nprocess.exit(1);`],
    ['config/env.ts', `const env = process.env;`],
    ['jobs/fold.ts', '\n'.repeat(300)],
  ])('leaves alone what is right in %s: %s', (path, source) => {
    expect(violationsOf(path, source)).toEqual([]);
  });

  test('reads imports however they are written', () => {
    const source = `import a, { b } from 'one';\nimport type { C } from "two";\nimport {\n  type D,\n  e,\n} from 'three';
import * as f from 'four';\nimport 'five';\nconst g = await import('six');\nexport type { H } from 'seven';
/* import x from 'no'; */\n// import y from 'no';\nconst text = 'a from';`;
    const found = importsOf(source);
    expect(found.filter((one) => !one.typeOnly).map((one) => one.from)).toEqual([
      'one',
      'three',
      'four',
      'five',
      'six',
    ]);
    expect(found.filter((one) => one.typeOnly).map((one) => one.from)).toEqual(['two', 'seven']);
  });

  test('knows a sentence from a label', () => {
    const titles = ['should work well here', 'parses', 'parse mac', 'Works on all of them', 'ends with a full stop.'];
    expect(badTitlesOf(titles.map((title) => `  test('${title}', () => {});`).join('\n'))).toEqual(titles);
    expect(
      badTitlesOf(`test.each([1, 2])('takes %s for a number', () => {});\ntest.runIf(X)('is a sentence', f);`),
    ).toEqual([]);
    expect(badTitlesOf(`test.each([\n  ['a', 'b'],\n])(\n  'label',\n  f);`)).toEqual(['label']);
  });
});

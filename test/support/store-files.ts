// Which test files can tell one store from the other: those whose imports, or the threads and programs that they start, lead
// to something that asks which store is meant. All others do the same on either, so one run of them says all.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** How a file asks which store is meant. */
const ASKS = /\benv\.DB\b|\bTEST_DATABASE_URL\b/;
/** Whatever may name a module: an import, the URL of a thread, an argument of a program. */
const NAMED = /['"`]([^'"`\n]+\.ts)['"`]/g;

type Module = { readonly asks: boolean; readonly named: readonly string[] };

/** Their paths, from the root of this checkout. */
export function testFilesWithStore(): string[] {
  const modules = new Map<string, Module>();
  return globSync('test/**/*.test.ts', { cwd: ROOT }).filter((path) => leadsToStore(join(ROOT, path), modules));
}

function leadsToStore(testFile: string, modules: Map<string, Module>): boolean {
  const seen = new Set([testFile]);
  for (const path of seen) {
    const module = modules.get(path) ?? readModule(path);
    modules.set(path, module);
    if (module.asks) return true;
    for (const next of module.named) seen.add(next);
  }
  return false;
}

function readModule(path: string): Module {
  const text = readFileSync(path, 'utf8');
  const names = [...text.matchAll(NAMED)].map(([, name]) => name);
  const places = names.flatMap((name) => [join(dirname(path), name), join(ROOT, name)]);
  return { asks: ASKS.test(text), named: places.filter((place) => existsSync(place)) };
}

// Writes what is made from the code and committed: schema/openapi.json from the routes' schemas, schema/config.json from the
// settings, as docs/settings.md, docs/record-of-processing.md from the registry of what is kept. `--check` writes nothing and fails if one of them is
// not what the code says, which is how CI notices; it also builds the anonymity maps that come along anew, which takes long and
// is written by `honeyguide anonymity-map build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildApp } from '../app.ts';
import { configSchema } from '../config/env.ts';
import { settingsPage } from '../config/settings-page.ts';
import { createCounterMemory, openStripe } from '../http/counters.ts';
import { createQuotaMemory, openQuotas } from '../http/quotas.ts';
import { recordOfProcessing } from '../rights/processing.ts';
import { staleMaps } from './shipped-maps.ts';

const ROOT = new URL('../../', import.meta.url);
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Stands for what a route needs only when it is called, which nobody does here. */
const UNUSED = new Proxy({}, { get: () => () => UNUSED }) as never;

/** The API description of the app with every route there is. */
export async function openApi(): Promise<object> {
  const app = await buildApp({
    version,
    findKey: () => null,
    locator: UNUSED,
    submission: UNUSED,
    removals: UNUSED,
    people: UNUSED,
    counts: UNUSED,
    rights: UNUSED,
    quotas: openQuotas(createQuotaMemory(1), { a: 0, b: 0 }),
    counters: openStripe(createCounterMemory(1), 0),
    readiness: () => ({ store: false, index: false, jobs: false }),
    overloaded: () => false,
    log: { error: () => {} },
    now: () => 0,
    trustProxy: [],
    addressKey: new Uint8Array(32),
  });
  await app.ready();
  const description = app.swagger();
  await app.close();
  return description;
}

const asText = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const files = {
    'schema/openapi.json': asText(await openApi()),
    'schema/config.json': asText(configSchema()),
    'docs/settings.md': settingsPage(),
    'docs/record-of-processing.md': recordOfProcessing(),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = new URL(name, ROOT);
    if (!values.check) writeFileSync(path, text);
    else if (readOrNothing(path) !== text) {
      process.stderr.write(`${name} is not what the code says: npm run gen\n`);
      process.exitCode = 1;
    }
  }
  for (const path of values.check ? await staleMaps() : []) {
    process.stderr.write(`${path} is not what the code builds: honeyguide anonymity-map build --out ${path}\n`);
    process.exitCode = 1;
  }
}

function readOrNothing(path: URL): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

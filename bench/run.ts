// `npm run bench [suites]`: measures and prints; `--write` also keeps the numbers in results.json, the table in README.md
// and the plot, so that what the documents say was measured by the code as it stands. Suites: micro http
// partner index import submit start mls.
// Quiet machine, please: other load makes every number worse, ratios least.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchPartner } from './http/partner-suite.ts';
import { benchHttp } from './http/suite.ts';
import { benchIndex } from './index-suite.ts';
import { ALLOCATION_FLAGS, runIsolated } from './isolated.ts';
import { LOCATE_CORE, type MicroResult } from './micro.ts';
import { benchMls } from './mls-suite.ts';
import { plotLatency } from './plot.ts';
import {
  checkRow,
  describeMachine,
  type Results,
  type Row,
  renderResults,
  type SuiteResult,
  withResults,
} from './results.ts';
import { benchStart } from './start-suite.ts';
import { benchImport, benchSubmit } from './store-suites.ts';

/** A suite measures, or says why it can't. */
type Suite = () => Promise<readonly Row[] | { skipped: string }>;

const RESULTS = new URL('./results.json', import.meta.url);
const README = new URL('./README.md', import.meta.url);
const PLOT = new URL('./plots/latency-over-load.svg', import.meta.url);

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});

const SUITES: { readonly [name: string]: Suite } = {
  micro: async () => {
    const { rows, core } = await runIsolated<MicroResult>(new URL('./micro.ts', import.meta.url), [], ALLOCATION_FLAGS);
    return [
      { what: 'from the bytes of a body to the estimate', value: core.us, unit: 'us' },
      { what: 'the same in units of the yardstick', value: core.units, unit: '' },
      { what: 'the same, bytes allocated', value: core.bytes, unit: 'B a call' },
      {
        what: 'the same, growth of the heap',
        value: core.growthBytes,
        unit: 'B',
        atMost: 65_536,
        note: `${core.growthCalls} calls`,
      },
      ...rows.flatMap(({ part, ns, bytes }): Row[] => [
        { what: part, value: ns / 1000, unit: 'us', ...(part === LOCATE_CORE ? { atMost: 5 } : {}) },
        { what: `${part}, bytes allocated`, value: bytes, unit: 'B a call' },
      ]),
    ];
  },
  http: async () => {
    const { rows, lines } = await benchHttp();
    if (values.write) {
      mkdirSync(new URL('.', PLOT), { recursive: true });
      writeFileSync(PLOT, plotLatency('Latency of /v1/geolocate over load, one server thread', lines));
    }
    return rows;
  },
  partner: async () => {
    const url = process.env.TEST_DATABASE_URL;
    return url === undefined ? { skipped: 'TEST_DATABASE_URL names no PostgreSQL server' } : await benchPartner(url);
  },
  index: benchIndex,
  import: benchImport,
  submit: benchSubmit,
  start: benchStart,
  mls: benchMls,
};

const names = positionals.length > 0 ? positionals : Object.keys(SUITES);
for (const name of names)
  if (!(name in SUITES)) throw new Error(`no suite called ${name}; there are ${Object.keys(SUITES).join(' ')}`);

let suites: Results['suites'] = readKept();
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const takenOn = new Date().toISOString().slice(0, 10);
const fresh: { [suite: string]: SuiteResult } = {};
for (const name of names) {
  console.error(`${name} ...`);
  const found = await SUITES[name]();
  fresh[name] =
    'skipped' in found
      ? { takenOn, commit, rows: [], skipped: found.skipped }
      : { takenOn, commit, rows: found.map(checkRow) };
}
suites = Object.fromEntries(
  Object.keys(SUITES).flatMap((name) => ((fresh[name] ?? suites[name]) ? [[name, fresh[name] ?? suites[name]]] : [])),
);
const versions = `Node ${process.versions.node}, V8 ${process.versions.v8}`;
console.log(renderResults({ machine: describeMachine(), versions, suites: fresh }));
if (values.write) {
  const results: Results = { machine: describeMachine(), versions, suites };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(README, withResults(readFileSync(README, 'utf8'), results));
}

function readKept(): Results['suites'] {
  try {
    return (JSON.parse(readFileSync(RESULTS, 'utf8')) as Results).suites;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

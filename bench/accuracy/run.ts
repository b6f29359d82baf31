// `node bench/accuracy/run.ts [--simulated|--all] [--http] [--json] [--plots DIR] [--docs]`: how far off each method is on each
// data set, in process: pure fold, plain Maps, pure locator; with --http a real gateway too (on its embedded store, or a database
// of its own on the server that TEST_DATABASE_URL names). Real traces by default; said plainly when they are not there.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withOwnDatabase } from '../own-database.ts';
import { answerableShare } from './answerable.ts';
import { createBeaconDb } from './baseline-beacondb.ts';
import { createCentroid } from './baseline-centroid.ts';
import { createIchnaea } from './baseline-ichnaea.ts';
import { honestFactors, honestHalves, leastErrorM, truthsApartM, waysOf } from './bounds.ts';
import { openSimulations, openTraces } from './data-sets.ts';
import { openDrawnWorlds, printDrawn } from './drawn-worlds.ts';
import type { DataSet, Method } from './method.ts';
import { type Metrics, measure } from './metrics.ts';
import { createNearestReports } from './oracle-nearest.ts';
import { openOtherWorlds, printOthers } from './other-worlds.ts';
import { createHoneyguide } from './ours.ts';
import { askOverHttp } from './over-http.ts';
import { drawBeside, drawErrors } from './plot.ts';

export type Row = { set: string; method: string; metrics: Metrics };

/** A fresh method of each kind, ours last: with circles as the factors make them, and as the map's own answers correct them. */
const methodsOf = (): Method[] => [
  createCentroid(),
  createIchnaea(),
  createBeaconDb(),
  createNearestReports(),
  createHoneyguide(false),
  createHoneyguide(),
];

/** What the plain centroid is taught: the data's README drops bad fixes for it, since it can't weigh them. */
function lessons(method: Method, set: DataSet) {
  if (method.name !== 'centroid') return set.learn;
  return set.learn.filter((scan) => Math.abs(scan.ageMs) <= 15_000 && !(scan.accuracyM > 40));
}

/** Questions to the oracle: it goes through all reports for each. */
const MOST_ASKED = 500;

/** At most `most` of a list, evenly. */
function evenly<T>(all: readonly T[], most: number): T[] {
  return all.filter((_, i) => all.length <= most || i % Math.ceil(all.length / most) === 0);
}

/** Worlds of each kind that are drawn by lot. */
const DRAWN = 10;

/** Those that are told of worlds drawn by lot. */
const withoutOracle = () => methodsOf().filter(({ name }) => !name.startsWith('oracle'));

/** Teaches and asks every method; sets that share their lessons share the taught methods. Adds what limits each set to `notes`. */
function compare(sets: readonly DataSet[], notes: string[], freshMethods = methodsOf): Row[] {
  const taught = new Map<readonly unknown[], Method[]>();
  const rows: Row[] = [];
  for (const set of sets) {
    let methods = taught.get(set.learn);
    if (methods === undefined) {
      methods = freshMethods();
      for (const method of methods) method.learn(lessons(method, set));
      taught.set(set.learn, methods);
    }
    for (const method of methods) {
      const asked = method.name.startsWith('oracle') ? { ...set, test: evenly(set.test, MOST_ASKED) } : set;
      rows.push({ set: set.name, method: method.name, metrics: measure(method, asked) });
    }
    notes.push(`${set.name}: ${limitsOf(set, methods[methods.length - 1]).join('; ')}`);
  }
  return rows;
}

/** Phones that went together are compared if they were told within this time. */
const TOGETHER_MS = 2_000;

/** What rules, questions and truths of a set allow, whatever the method, and how much wider or narrower our circles should be. */
function limitsOf(set: DataSet, ours: Method): string[] {
  const limits: string[] = [];
  if (set.kind === 'wifi') limits.push(`our rules allow ${(100 * answerableShare(set)).toFixed(1)} % to be answered`);
  // Without fine strengths and many transmitters, and where a modem repeats itself, many places ask the same.
  const leastM = set.kind === 'cell' ? leastErrorM(set.test, 0.95) : 0;
  if (leastM > 1) limits.push(`one answer for each distinct question is ${leastM.toFixed(0)} m off at p95 at least`);
  const [medianM, p95M] = [0.5, 0.95].map((share) => truthsApartM(set.test, TOGETHER_MS, share));
  if (medianM !== null && p95M !== null && set.test[0].line !== '') {
    const each = (apartM: number) => (apartM / Math.SQRT2).toFixed(1);
    limits.push(
      `truths of two phones that went together are ${medianM.toFixed(1)} m apart at the median, ${p95M.toFixed(1)} m at p95: ${each(medianM)} and ${each(p95M)} m off each`,
    );
  }
  const [least, most] = honestFactors(ours, set);
  limits.push(`circles ${least.toFixed(2)}-${most.toFixed(2)} times as wide would hold 93-97 %`);
  const halves = honestHalves(ours, set);
  if (halves !== null)
    limits.push(
      `made to hold 95 % of half of its ${waysOf(set.test).length} ways, they hold 93-97 % of the other half in ${(100 * halves).toFixed(0)} of 100 partings`,
    );
  return limits;
}

/** The plot in docs/learning.md: one set of access points, one of cells. */
const DOCS_PLOT = new URL('../../docs/plots/accuracy.svg', import.meta.url);
const README = new URL('./README.md', import.meta.url);
const DOCS_SETS = ['Lisbon, same weeks', 'Dortmund, suburban'];

const HEADER = ['data set', 'method', 'answered', 'median m', 'p67', 'p95', 'max', 'in circle', 'median circle m'];

/** A Markdown table. */
function printTable(rows: readonly Row[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const metres = (m: number) => (m < 20 ? m.toFixed(1) : m.toFixed(0));
  const lines = rows.map(({ set, method, metrics: m }) => [
    set,
    method,
    percent(m.answered),
    metres(m.medianM),
    metres(m.p67M),
    metres(m.p95M),
    metres(m.maxM),
    Number.isFinite(m.medianAccuracyM) ? percent(m.inside) : '',
    Number.isFinite(m.medianAccuracyM) ? metres(m.medianAccuracyM) : '',
  ]);
  return [HEADER, HEADER.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page beside this file. */
function describeRun(table: string, notes: readonly string[], others: string): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `# Accuracy

Written by \`npm run bench:accuracy -- --all --docs\`, with \`--http\` if rows say so, not by hand: ${new Date().toISOString().slice(0, 10)}, ${commit}. The data is not part of the
project; the data's own licences allow to say what came out. What is "over HTTP" went through a real gateway: \`/v2/geosubmit\` on the days of the
scans (its clock is set), \`honeyguide fold\`, \`/v1/geolocate\`; the others are computed in process. "In circle" is the share of truths
inside the answer's own accuracy. "Oracle" keeps every raw report and no rule: what the lessons hold, not what may be built. Explained in
[docs/learning.md](../../docs/learning.md).

${table}

What limits each set:

${notes.map((note) => `- ${note}`).join('\n')}

Other simulated worlds, in process (\`other-worlds.ts\`), and some that nothing was fitted on (\`drawn-worlds.ts\`):

${others}
`;
}

/** The same sets asked of a real gateway, a fresh one for each set of lessons. */
async function askGateway(sets: readonly DataSet[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const together of Map.groupBy(sets, ({ learn }) => learn).values()) {
    const url = process.env.TEST_DATABASE_URL;
    const found =
      url === undefined
        ? await askOverHttp(together, {})
        : await withOwnDatabase(url, (own) => askOverHttp(together, { DATABASE_URL: own }));
    rows.push(...found);
    console.error(`${together.map(({ name }) => name).join(', ')}: asked over HTTP`);
  }
  return rows;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      simulated: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      http: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      plots: { type: 'string' },
      docs: { type: 'boolean', default: false },
    },
  });
  const traces = values.simulated ? [] : openTraces();
  if (!values.simulated && traces.length === 0) console.error('skipped: no traces at ../shared/data');
  const sets = [...traces, ...(values.simulated || values.all ? openSimulations() : [])];
  const notes: string[] = [];
  const inProcess = compare(sets, notes);
  const overHttp = values.http ? await askGateway(sets) : [];
  const rows = sets.flatMap(({ name }) => [...inProcess, ...overHttp].filter(({ set }) => set === name));
  const table = printTable(rows);
  const others = values.all
    ? [
        printOthers(compare(openOtherWorlds(), [])),
        printDrawn(compare(openDrawnWorlds(DRAWN), [], withoutOracle)),
      ].join('\n\n')
    : '';
  if (values.json) {
    console.log(
      JSON.stringify(rows.map(({ metrics: { errorsM: _, ...metrics }, ...row }) => ({ ...row, ...metrics }))),
    );
  } else {
    console.log(table);
    console.log(notes.join('\n'));
    console.log(others);
  }
  const draw = (set: string) =>
    drawErrors(
      set,
      inProcess
        .filter((row) => row.set === set && !/uncorrected|oracle/.test(row.method))
        .map(({ method, metrics }) => ({ name: method, metrics })),
    );
  if (values.docs && values.all && traces.length > 0) {
    writeFileSync(DOCS_PLOT, drawBeside(DOCS_SETS.map(draw)));
    writeFileSync(README, describeRun(table, notes, others));
  }
  if (values.plots === undefined) return;
  mkdirSync(values.plots, { recursive: true });
  for (const { name } of sets) {
    writeFileSync(join(values.plots, `accuracy-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`), draw(name));
  }
}

if (import.meta.main) await main();

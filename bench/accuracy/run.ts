// `node bench/accuracy/run.ts [--simulated|--all] [--http] [--json] [--plots DIR]`: how far off each method is on each data
// set, in process: pure fold, plain Maps, pure locator; with --http a real gateway too (on its embedded store, or a database
// of its own on the server that TEST_DATABASE_URL names). Real traces by default; said plainly when they are not there.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withOwnDatabase } from '../own-database.ts';
import { answerableShare } from './answerable.ts';
import { createBeaconDb } from './baseline-beacondb.ts';
import { createCentroid } from './baseline-centroid.ts';
import { createIchnaea } from './baseline-ichnaea.ts';
import { openSimulations, openTraces } from './data-sets.ts';
import type { DataSet, Method } from './method.ts';
import { type Metrics, measure } from './metrics.ts';
import { createHoneyguide } from './ours.ts';
import { askOverHttp } from './over-http.ts';
import { drawErrors } from './plot.ts';

export type Row = { set: string; method: string; metrics: Metrics };

/** A fresh method of each kind, ours last. */
const methodsOf = (): Method[] => [createCentroid(), createIchnaea(), createBeaconDb(), createHoneyguide()];

/** What the plain centroid is taught: the data's README drops bad fixes for it, since it can't weigh them. */
function lessons(method: Method, set: DataSet) {
  if (method.name !== 'centroid') return set.learn;
  return set.learn.filter((scan) => Math.abs(scan.ageMs) <= 15_000 && !(scan.accuracyM > 40));
}

/** Teaches and asks every method; sets that share their lessons share the taught methods. */
export function compare(sets: readonly DataSet[]): Row[] {
  const taught = new Map<readonly unknown[], Method[]>();
  const rows: Row[] = [];
  for (const set of sets) {
    let methods = taught.get(set.learn);
    if (methods === undefined) {
      methods = methodsOf();
      for (const method of methods) method.learn(lessons(method, set));
      taught.set(set.learn, methods);
    }
    for (const method of methods) rows.push({ set: set.name, method: method.name, metrics: measure(method, set) });
  }
  return rows;
}

const HEADER = ['data set', 'method', 'answered', 'median m', 'p67', 'p95', 'max', 'in circle', 'median circle m'];

/** A Markdown table. */
export function printTable(rows: readonly Row[]): string {
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
    percent(m.inside),
    metres(m.medianAccuracyM),
  ]);
  return [HEADER, HEADER.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
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
    },
  });
  const traces = values.simulated ? [] : openTraces();
  if (!values.simulated && traces.length === 0) console.error('skipped: no traces at ../shared/data');
  const sets = [...traces, ...(values.simulated || values.all ? openSimulations() : [])];
  const inProcess = compare(sets);
  const overHttp = values.http ? await askGateway(sets) : [];
  const rows = sets.flatMap(({ name }) => [...inProcess, ...overHttp].filter(({ set }) => set === name));
  if (values.json) {
    console.log(
      JSON.stringify(rows.map(({ metrics: { errorsM: _, ...metrics }, ...row }) => ({ ...row, ...metrics }))),
    );
  } else {
    console.log(printTable(rows));
    for (const set of sets.filter(({ kind }) => kind === 'wifi')) {
      console.log(`${set.name}: our rules allow ${(100 * answerableShare(set)).toFixed(1)} % to be answered`);
    }
  }
  if (values.plots === undefined) return;
  mkdirSync(values.plots, { recursive: true });
  for (const set of sets) {
    const methods = rows
      .filter((row) => row.set === set.name)
      .map(({ method, metrics }) => ({ name: method, metrics }));
    const file = `accuracy-${set.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
    writeFileSync(join(values.plots, file), drawErrors(set.name, methods));
  }
}

if (import.meta.main) await main();

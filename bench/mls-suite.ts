// The mls suite: Mozilla's file of two million cells imported by the command line beside a running gateway, as an operator
// would, while a client asks the demo's look-up: how long its answers take before and meanwhile, that all of them are 200, what
// the import costs in time and memory; then a sample of the file's cells is asked over HTTP. On the embedded store, or,
// with DATABASE_URL, on a database of its own on that server. Skipped where the file is not.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { demoRequests } from '../fixtures/demo-requests.ts';
import { createWorld } from '../fixtures/world.ts';
import { askSteadily, type Watched } from './http/asker.ts';
import { type RunningGateway, startGateway } from './http/gateway.ts';
import { askCell, askSample, type SampleAnswers, type SampledCell, sampleCells } from './mls-sample.ts';
import { withOwnDatabase } from './own-database.ts';
import type { Row } from './results.ts';
import { quantile } from './statistics.ts';

const FILE = fileURLToPath(new URL('../../shared/data/celldb/mls_2024-03-15_45mcc.csv.gz', import.meta.url));
const SAMPLE = 1_000;
const SEED = 2024;
const CALLS_PER_S = 50;
const WARM_MS = 3_000;
const QUIET_MS = 20_000;
const RSS_EVERY_MS = 250;
/** Imports of one row whose way into an answer is timed. */
const SINGLES = 5;
const SEEN_MS = 10_000;

export async function benchMls(): Promise<Row[] | { skipped: string }> {
  if (!existsSync(FILE)) return { skipped: `Mozilla's file is not in ../shared/data` };
  const server = process.env.DATABASE_URL;
  const plain = { NODE_OPTIONS: '', LOG_LEVEL: 'info' };
  if (!server) return await withGateway(plain);
  return await withOwnDatabase(server, (own) => withGateway({ ...plain, DATABASE_URL: own }));
}

async function withGateway(env: Readonly<Record<string, string>>): Promise<Row[]> {
  const gateway = await startGateway(env, ['--demo']);
  try {
    return await measure(gateway, env.DATABASE_URL === undefined ? 'embedded store' : 'PostgreSQL');
  } finally {
    await gateway.stop();
  }
}

async function measure(gateway: RunningGateway, store: string): Promise<Row[]> {
  const { device } = JSON.parse(readFileSync(join(gateway.dataDir, 'demo-keys.json'), 'utf8')) as { device: string };
  const url = `http://127.0.0.1:${gateway.port}/v1/geolocate?key=${device}`;
  const body = JSON.stringify(demoRequests(createWorld()).wifi.body);
  const { cells, rows } = await sampleCells(FILE, SAMPLE, SEED);
  const ask = () => askSteadily(url, body, 200, CALLS_PER_S);
  const askFor = async (ms: number): Promise<Watched> => {
    const asking = ask();
    await sleep(ms);
    return await asking.stop();
  };

  await askFor(WARM_MS);
  const quiet = await askFor(QUIET_MS);
  const rssBefore = await gateway.metric('process_resident_memory_bytes');

  const memory = watchMemory(gateway);
  const meanwhile = ask();
  const startMs = performance.now();
  const summary = (await gateway.run('import', FILE)) as Summary;
  const importS = (performance.now() - startMs) / 1000;
  const busy = await meanwhile.stop();
  const rssMost = await memory.stop();
  if (summary.rows !== rows) throw new Error(`the file has ${rows} rows, the import read ${summary.rows}`);

  const seenMs = await timeSingles(gateway, url);
  const sample = await askSample(url, cells, FILE);
  return [
    ...importRows(summary, importS, store),
    ...latencyRows('before the import', quiet),
    ...latencyRows('during the import', busy),
    { what: 'resident memory of the gateway before', value: rssBefore / 1e6, unit: 'MB' },
    { what: 'resident memory of the gateway during, at most', value: rssMost / 1e6, unit: 'MB' },
    ...answerRows(seenMs, sample),
  ];
}

type Summary = { readonly rows: number; readonly upserted: number; readonly rejected: object };

function importRows({ rows, upserted, rejected }: Summary, importS: number, store: string): Row[] {
  const what = `rows of Mozilla's file imported beside a running gateway`;
  const rejects = Object.entries(rejected).map(([reason, count]) => `${reason} ${count}`);
  return [
    { what, value: rows, unit: 'rows', note: store },
    { what: 'of these stored', value: upserted, unit: 'rows', note: rejects.join(', ') || 'none rejected' },
    { what: 'wall time of the import', value: importS, unit: 's' },
  ];
}

function answerRows(seenMs: readonly number[], { asked, atPosition, others }: SampleAnswers): Row[] {
  const why = Object.entries(others).map(([reason, count]) => `${count}: ${reason}`);
  return [
    {
      what: 'one row imported by another process: from its end to the first answer, at most',
      value: quantile(seenMs, 1) / 1000,
      unit: 's',
      atMost: 1,
      note: `${SINGLES} imports`,
    },
    {
      what: `of ${asked} sampled cells answered within 1 m of their row`,
      value: atPosition,
      unit: 'cells',
      note: why.join('; ') || 'no exceptions',
    },
  ];
}

function latencyRows(when: string, { calls, p50Ms, p99Ms, maxMs, lateMs }: Watched): Row[] {
  return [
    {
      what: `look-ups answered 200 ${when}`,
      value: calls,
      unit: 'calls',
      note: `${CALLS_PER_S} a second, all of them`,
    },
    { what: `their p50 ${when}`, value: p50Ms, unit: 'ms' },
    { what: `their p99 ${when}`, value: p99Ms, unit: 'ms' },
    {
      what: `their longest ${when}`,
      value: maxMs,
      unit: 'ms',
      note: `client up to ${Math.round(lateMs)} ms late itself`,
    },
  ];
}

/** The most memory that the gateway said it had, asked all the while. */
function watchMemory(gateway: RunningGateway): { stop(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await gateway.metric('process_resident_memory_bytes'));
      await sleep(RSS_EVERY_MS);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      return most;
    },
  };
}

/** Milliseconds from the end of an import of one cell until it is answered, several times. */
async function timeSingles(gateway: RunningGateway, url: string): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-bench-'));
  const tookMs: number[] = [];
  try {
    for (let i = 0; i < SINGLES; i++) {
      // 001-01 is the test network: nobody's cells are overwritten.
      const cell: SampledCell = { key: `LTE,1,1,${i + 1},${1000 + i}`, lat: 10 + i, lon: 20 + i };
      const file = join(folder, `${i}.csv`);
      writeFileSync(file, `${cell.key},,${cell.lon},${cell.lat},1000,5,1,,,\n`);
      await gateway.run('import', file);
      const endMs = performance.now();
      while ((await askCell(url, cell)) !== null) {
        if (performance.now() - endMs > SEEN_MS) throw new Error('an imported cell is not answered');
        await sleep(5);
      }
      tookMs.push(performance.now() - endMs);
    }
    return tookMs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) console.log(await benchMls());

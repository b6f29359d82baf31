// `node bench/fold-serving.ts [SHARE] [REPORTS_A_SECOND] [ROUNDS]`: what a fold does to look-ups beside it. A real gateway
// (src/main.ts, one server thread) on PostgreSQL, with as many reports waiting as a steady stream leaves (60 seconds of it,
// src/jobs/pace.ts), asked at a share (half) of what it can answer, in short windows: fold halted, at work, at work, halted.
// The process that folds is halted and let go on by signals, so that windows with and without it lie beside each other and differ
// in nothing else. p99 is taken of each window; a pair's ratio is with over without, a round's two windows without are held
// against each other, which is the machine's own noise. Medians over rounds. Needs TEST_DATABASE_URL and Linux. The fold, the
// index that follows it, PostgreSQL, the server and the load share the cores.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../fixtures/random.ts';
import { loadSecrets } from '../src/config/secrets.ts';
import { createPayloadSeal, type PayloadSeal } from '../src/observations/sealed-payload.ts';
import { insertRows, measureInbox } from '../src/observations/store.ts';
import { formatMac } from '../src/radio/mac.ts';
import { openStore, type Store } from '../src/storage/open.ts';
import { macOf, STATIONS, walk } from './fold.ts';
import { startGateway } from './http/gateway.ts';
import { atRate, type LoadResult, saturate, type Target } from './http/load.ts';
import { withOwnDatabase } from './own-database.ts';
import { median, quantile } from './statistics.ts';

/** Milliseconds; ratios of p99 are medians over rounds. `noise` = the later window without a fold over the earlier one. */
export type FoldServing = {
  rate: number;
  p50Ms: { without: number; with: number };
  p99Ms: { without: number; with: number };
  ratio: number;
  ratios: number[];
  noise: number[];
  observationsPerS: number;
};

/** The store, and what encrypts reports on their way into it. */
type Reporting = { readonly store: Store; readonly payloads: PayloadSeal };

const DAY_MS = 86_400_000;
const HEARD = 15;
const CONNECTIONS = 64;
/** Short, so that one collection or one stall of the host is not in each of them, and with a batch or two. */
const WINDOW_MS = 1_000;
/** The load leaves its core to the fold between arrivals. */
const REST_MS = 0.25;
/** What the fold's pace spreads what waits over. */
const OVER_S = 60;
/** Longer than the index takes to follow (250 ms). */
const SETTLE_MS = 400;
/** On each of two days, before anything is asked: so many that the gateway's fold hurries, and is warm when it is measured. */
const TAUGHT_REPORTS = 60_000;
const WARM_REPORTS = 40_000;
/** An address may ask 6,000 times a minute. */
const ADDRESSES = 4_000;
const JOB_WAIT_MS = 60_000;

/** Questions of phones in the town of the walks. */
function questions(random: () => number, count: number): string[] {
  const side = Math.ceil(Math.sqrt(STATIONS));
  return Array.from({ length: count }, () => {
    // Away from the edges, whose access points the walks also hear on the other side of the town.
    const [x, y] = [10 + random() * (side - 24), 10 + random() * (side - 24)];
    const wifiAccessPoints = Array.from({ length: 10 }, (_, i) => {
      const n = Math.floor(x) + (i % 4) + (Math.floor(y) + Math.floor(i / 4)) * side;
      return { macAddress: formatMac(macOf(n)), signalStrength: -50 - Math.floor(random() * 40) };
    });
    return JSON.stringify({ wifiAccessPoints, considerIp: false });
  });
}

async function addReports(
  { store, payloads }: Reporting,
  reports: number,
  random: () => number,
  receivedAtMs: number,
): Promise<void> {
  const day = Math.floor(receivedAtMs / DAY_MS);
  await store.pool.query('insert into contributor_keys (day, key) values ($1, $2) on conflict do nothing', [
    day,
    randomBytes(32),
  ]);
  const rows = walk(reports, random, receivedAtMs, payloads);
  for (let at = 0; at < rows.length; at += 2_000) await insertRows(store.pool, rows.slice(at, at + 2_000));
}

async function countFolded(store: Store): Promise<number> {
  const { rows } = await store.pool.query('select count(*)::int4 as n from inbox where folded_at is not null');
  return rows[0].n;
}

/** The gateway's fold process, halted and let go on: between two windows a fold cannot be begun or ended at will. */
type FoldProcess = { halt(): void; goOn(): void };

/** The child of `parent` that folds, once there is one. From the process table, which Linux keeps in /proc. */
async function findFold(parent: number): Promise<FoldProcess> {
  const endMs = performance.now() + JOB_WAIT_MS;
  while (performance.now() < endMs) {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').map(Number);
    const fold = children.find((pid) => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('fold-entry'));
    if (fold !== undefined)
      return { halt: () => process.kill(fold, 'SIGSTOP'), goOn: () => process.kill(fold, 'SIGCONT') };
    await sleep(50);
  }
  throw new Error('the fold job did not start');
}

type Folding = { readonly store: Store; readonly fold: FoldProcess; refill(): Promise<void> };

/** The load's latencies while the fold stands still. What it left behind (garbage, dirty pages) has time to be worked off. */
async function askCalm({ fold, refill }: Folding, load: () => Promise<LoadResult>): Promise<LoadResult> {
  fold.halt();
  await refill();
  await sleep(SETTLE_MS);
  return await load();
}

/** The same while it folds: from a batch on, and another one within. Tried again if a slice of the job ended before. */
async function askBusy(
  { store, fold, refill }: Folding,
  load: () => Promise<LoadResult>,
): Promise<{ result: LoadResult; folded: number }> {
  const endMs = performance.now() + JOB_WAIT_MS;
  while (performance.now() < endMs) {
    fold.halt();
    await refill();
    const before = await countFolded(store);
    fold.goOn();
    while ((await countFolded(store)) === before && performance.now() < endMs) await sleep(50);
    const begun = await countFolded(store);
    const result = await load();
    const folded = (await countFolded(store)) - begun;
    if (folded > 0) return { result, folded };
  }
  throw new Error('the fold did not work for as long as a window');
}

async function benchFoldServing(url: string, share = 0.5, reportsPerS = 100, rounds = 12): Promise<FoldServing> {
  return await withOwnDatabase(url, async (own) => {
    const gateway = await startGateway({ DATABASE_URL: own, THREADS: '1' });
    const store = await openStore({ databaseUrl: own, dataDir: '' });
    const { stationKey } = loadSecrets({ dataDir: gateway.dataDir }, randomBytes);
    const reporting = { store, payloads: createPayloadSeal(stationKey) };
    try {
      const random = createRandom(9).next;
      for (const ago of [1, 0]) await addReports(reporting, TAUGHT_REPORTS, random, Date.now() - ago * DAY_MS);
      while ((await countFolded(store)) < WARM_REPORTS) await sleep(500);
      await gateway.run('fold');
      const { key } = await gateway.run('keys', 'add', '--class', 'device', '--name', 'bench');
      await gateway.indexIsQuiet();
      const target: Target = {
        port: gateway.port,
        path: `/v1/geolocate?key=${key}`,
        bodies: [],
        expectStatus: 200,
        headerOf: (i) => `X-Forwarded-For: 100.64.${(i % ADDRESSES) >> 8}.${i & 255}`,
      };
      const bodies = await answered(target, questions(random, 4_000));
      await store.pool.query('truncate inbox');
      const refill = async () => {
        const { pendingRows } = await measureInbox(store.pool);
        await addReports(reporting, Math.max(0, reportsPerS * OVER_S - pendingRows), random, Date.now());
      };
      await refill();
      const fold = await findFold(gateway.pid);
      return await contest({ store, fold, refill }, { ...target, bodies }, share, rounds);
    } finally {
      await store.close();
      await gateway.stop();
    }
  });
}

/** Those of the questions that the map as learnt can answer. */
async function answered({ port, path, headerOf }: Target, bodies: readonly string[]): Promise<string[]> {
  const good: string[] = [];
  for (const [i, body] of bodies.entries()) {
    const [name, value] = headerOf!(i).split(': ');
    const headers = { 'content-type': 'application/json', [name]: value };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
    await answer.arrayBuffer();
    if (answer.status === 200) good.push(body);
  }
  if (good.length < bodies.length / 2)
    throw new Error(`only ${good.length} of ${bodies.length} questions are answered`);
  return good;
}

async function contest(folding: Folding, target: Target, share: number, rounds: number): Promise<FoldServing> {
  folding.fold.halt();
  await saturate(target, 32, 2_000);
  const rate = Math.round((await saturate(target, 32, 3_000)).perSecond * share);
  const load = () => atRate(target, CONNECTIONS, WINDOW_MS, rate, REST_MS);
  const ms = ({ latenciesMs }: LoadResult, q: number) => quantile([...latenciesMs], q);
  const calm: LoadResult[] = [];
  const busy: LoadResult[] = [];
  const ratios: number[] = [];
  const noise: number[] = [];
  let folded = 0;
  await load();
  for (let round = 0; round < rounds; round++) {
    const before = await askCalm(folding, load);
    const during = [await askBusy(folding, load), await askBusy(folding, load)];
    const after = await askCalm(folding, load);
    calm.push(before, after);
    for (const [i, { result, folded: rows }] of during.entries()) {
      busy.push(result);
      folded += rows;
      ratios.push(ms(result, 0.99) / ms([before, after][i], 0.99));
    }
    noise.push(ms(after, 0.99) / ms(before, 0.99));
  }
  const both = (q: number) => ({
    without: median(calm.map((result) => ms(result, q))),
    with: median(busy.map((result) => ms(result, q))),
  });
  return {
    rate,
    p50Ms: both(0.5),
    p99Ms: both(0.99),
    ratio: median(ratios),
    ratios,
    noise,
    observationsPerS: Math.round((folded * HEARD) / (busy.length * (WINDOW_MS / 1_000))),
  };
}

if (import.meta.main) {
  const [share, reportsPerS, rounds] = process.argv.slice(2).map(Number);
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL must name a PostgreSQL server');
  process.stdout.write(`${JSON.stringify(await benchFoldServing(url, share, reportsPerS, rounds))}\n`);
}

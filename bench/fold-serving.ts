// `node bench/fold-serving.ts [SHARE] [REPORTS_A_SECOND] [SLOTS]`: what a fold does to look-ups beside it. A real gateway
// (src/main.ts, one server thread) on PostgreSQL, with as many reports waiting as a steady stream leaves (60 seconds of it,
// src/jobs/pace.ts), asked all the time at a share (half) of what it can answer. The process that folds is halted and let go on by
// signals, every two seconds as a coin says (of each four slots two are with a fold, in random order), so that nothing but the
// fold tells the one half of the time from the other: what a bench does around its windows (opening connections, filling up,
// letting things settle) made the first window of a round slower than the last. What is told is p99 of all requests that were
// due while it folded over p99 of all others, with the 95 % of what it would have been with other slots (a bootstrap).
// Needs TEST_DATABASE_URL and Linux. The fold, the index that follows it, PostgreSQL, the server and the load share the cores.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../fixtures/random.ts';
import { loadSecrets } from '../src/config/secrets.ts';
import { createPayloadSeal, type PayloadSeal } from '../src/observations/sealed-payload.ts';
import { insertRows } from '../src/observations/store.ts';
import { formatMac } from '../src/radio/mac.ts';
import { openStore, type Store } from '../src/storage/open.ts';
import { DAY_MS } from '../src/time/spans.ts';
import { macOf, STATIONS, walk } from './fold.ts';
import { startGateway } from './http/gateway.ts';
import { atRate, saturate, type Target } from './http/load.ts';
import { withOwnDatabase } from './own-database.ts';
import { median, quantile } from './statistics.ts';

/** Milliseconds, of all requests; `slotsP99Ms` = the median of the slots' own p99; `interval` = 95 % of the ratio of p99. */
type FoldServing = {
  rate: number;
  requests: { without: number; with: number };
  p50Ms: { without: number; with: number };
  p99Ms: { without: number; with: number };
  slotsP99Ms: { without: number; with: number };
  ratio: number;
  interval: [number, number];
  observationsPerS: number;
};

/** The store, and what encrypts reports on their way into it. */
type Reporting = { readonly store: Store; readonly payloads: PayloadSeal };

const HEARD = 15;
const CONNECTIONS = 64;
const SLOT_MS = 2_000;
/** Of a slot, not counted: what it begins with is what the last one left (garbage, rows that the index follows), and the new reports. */
const SETTLE_MS = 500;
/** The load leaves its core to the fold between arrivals. */
const REST_MS = 0.25;
/** What the fold's pace spreads what waits over. */
const OVER_S = 60;
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

/** The contest's surroundings: `report` brings the reports of so many seconds in. */
type Folding = { readonly store: Store; readonly fold: FoldProcess; report(seconds: number): Promise<void> };

async function benchFoldServing(url: string, share = 0.5, reportsPerS = 100, slots = 160): Promise<FoldServing> {
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
      await addReports(reporting, reportsPerS * OVER_S * 1.5, random, Date.now());
      const fold = await findFold(gateway.pid);
      const report = (seconds: number) => addReports(reporting, reportsPerS * seconds, random, Date.now());
      return await contest({ store, fold, report }, { ...target, bodies }, share, slots);
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

/** For each slot whether the fold goes on in it: of each four two, in random order. */
function drawSlots(slots: number, random: () => number): boolean[] {
  return Array.from({ length: Math.ceil(slots / 4) }, () => {
    const four = [true, true, false, false];
    for (let i = 3; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [four[i], four[j]] = [four[j], four[i]];
    }
    return four;
  }).flat();
}

async function contest(
  { store, fold, report }: Folding,
  target: Target,
  share: number,
  slots: number,
): Promise<FoldServing> {
  fold.halt();
  await saturate(target, 32, 2_000);
  const rate = Math.round((await saturate(target, 32, 3_000)).perSecond * share);
  const plan = drawSlots(slots, createRandom(10).next);
  const before = await countFolded(store);
  const load = atRate(target, CONNECTIONS, (plan.length + 1) * SLOT_MS, rate, REST_MS);
  const begunMs: number[] = [];
  for (const [i, isBusy] of plan.entries()) {
    if (isBusy) fold.goOn();
    else fold.halt();
    begunMs.push(performance.now());
    // Half the time it stands still, so half of what it folds while it doesn't.
    await report(SLOT_MS / 2_000);
    await sleep(begunMs[0] + (i + 1) * SLOT_MS - performance.now());
  }
  fold.halt();
  const folded = (await countFolded(store)) - before;
  const { latenciesMs, duesMs } = await load;
  const heard = plan.map(() => [] as number[]);
  duesMs.forEach((dueMs, i) => {
    const slot = begunMs.findLastIndex((ms) => dueMs >= ms);
    if (slot >= 0 && dueMs >= begunMs[slot] + SETTLE_MS && dueMs < begunMs[slot] + SLOT_MS)
      heard[slot].push(latenciesMs[i]);
  });
  const of = (isBusy: boolean) => heard.filter((_, i) => plan[i] === isBusy);
  const busySeconds = (of(true).length * SLOT_MS) / 1_000;
  return { rate, ...compare(of(false), of(true)), observationsPerS: Math.round((folded * HEARD) / busySeconds) };
}

function compare(without: number[][], busy: number[][]): Omit<FoldServing, 'rate' | 'observationsPerS'> {
  const p = (slots: number[][], q: number) => quantile(slots.flat(), q);
  const both = <T>(of: (slots: number[][]) => T) => ({ without: of(without), with: of(busy) });
  const p99Ms = both((slots) => p(slots, 0.99));
  return {
    requests: both((slots) => slots.flat().length),
    p50Ms: both((slots) => p(slots, 0.5)),
    p99Ms,
    slotsP99Ms: both((slots) => median(slots.map((slot) => quantile(slot, 0.99)))),
    ratio: p99Ms.with / p99Ms.without,
    interval: bootstrap(without, busy, createRandom(11).next),
  };
}

/** 95 % of the ratios of p99 when slots are drawn with replacement. */
function bootstrap(without: number[][], busy: number[][], random: () => number): [number, number] {
  const tails = [without, busy].map((slots) => slots.map(sorted));
  const ratios = Array.from({ length: 400 }, () => {
    const [a, b] = tails.map((slots) => pooledP99(slots.map(() => slots[Math.floor(random() * slots.length)])));
    return b / a;
  });
  return [quantile(ratios, 0.025), quantile(ratios, 0.975)];
}

function sorted(values: number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** p99 of sorted slots together: halving, because sorting a million values for each draw would take longer than the contest. */
function pooledP99(slots: readonly Float64Array[]): number {
  const all = slots.reduce((sum, slot) => sum + slot.length, 0);
  let [low, high] = [0, Math.max(...slots.map((slot) => slot.at(-1) ?? 0))];
  while (high - low > 0.001) {
    const middle = (low + high) / 2;
    const under = slots.reduce((sum, slot) => sum + countUnder(slot, middle), 0);
    if (under < 0.99 * all) low = middle;
    else high = middle;
  }
  return high;
}

function countUnder(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

if (import.meta.main) {
  const [share, reportsPerS, slots] = process.argv.slice(2).map(Number);
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL must name a PostgreSQL server');
  process.stdout.write(`${JSON.stringify(await benchFoldServing(url, share, reportsPerS, slots))}\n`);
}

// `node bench/fold-serving.ts [SHARE]`: what a fold does to look-ups beside it. A real gateway (src/main.ts, one server thread) on
// PostgreSQL, asked at a share (half) of what it can answer, in windows without, with, and without its fold at work; reports
// wait in all of them, put there the same way. Each window with a fold is held against its two neighbours, and those against
// each other, which is the machine's own noise. Needs TEST_DATABASE_URL. The fold, the index that follows it, PostgreSQL, the
// server and the load share the machine's cores.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../fixtures/random.ts';
import { loadSecrets } from '../src/config/secrets.ts';
import { createPayloadSeal, type PayloadSeal } from '../src/observations/sealed-payload.ts';
import { insertRows } from '../src/observations/store.ts';
import { formatMac } from '../src/radio/mac.ts';
import { LEARNING_LOCK } from '../src/storage/locks.ts';
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
/** Shorter than a slice of the fold job (7.5 s), so that it works all the while. */
const WINDOW_MS = 3_500;
/** The load leaves its core to the fold between arrivals. */
const REST_MS = 1;
/** More than it folds in a window. */
const BACKLOG_REPORTS = 30_000;
/** On each of two days, before anything is asked. */
const TAUGHT_REPORTS = 30_000;
/** An address may ask 6,000 times a minute. */
const ADDRESSES = 4_000;
const JOB_WAIT_MS = 30_000;
/** Between reports and a window without a fold; as long as the job takes on average to notice that it may. */
const CALM_MS = 5_000;

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

async function count(store: Store, where: string): Promise<number> {
  const { rows } = await store.pool.query(`select count(*)::int4 as n from inbox where ${where}`);
  return rows[0].n;
}

/**
 * The load's latencies with reports waiting that the fold job works in, or that it is kept from, and how many it folded
 * meanwhile. What is done before is the same, so that what that leaves behind (garbage here, dirty pages there) is in both.
 */
async function ask(
  reporting: Reporting,
  random: () => number,
  load: () => Promise<LoadResult>,
  folding: boolean,
): Promise<{ result: LoadResult; folded: number }> {
  const { store } = reporting;
  const client = await store.pool.connect();
  const holdBack = (lock: 'lock' | 'unlock') => client.query(`select pg_advisory_${lock}(${LEARNING_LOCK})`);
  const folded = () => count(store, 'folded_at is not null');
  try {
    await holdBack('lock');
    await store.pool.query('truncate inbox');
    await addReports(reporting, BACKLOG_REPORTS, random, Date.now());
    if (folding) {
      await holdBack('unlock');
      const endMs = performance.now() + JOB_WAIT_MS;
      while ((await folded()) === 0) {
        if (performance.now() > endMs) throw new Error('the fold job did not start');
        await sleep(50);
      }
    } else await sleep(CALM_MS);
    const before = await folded();
    const result = await load();
    const after = await folded();
    if (folding === (after === before)) throw new Error(folding ? 'nothing was folded' : 'something was folded');
    if (after === BACKLOG_REPORTS) throw new Error('the fold was over before the window was');
    await store.pool.query('truncate inbox');
    if (!folding) await holdBack('unlock');
    return { result, folded: after - before };
  } finally {
    client.release();
  }
}

async function benchFoldServing(url: string, share = 0.5, rounds = 5): Promise<FoldServing> {
  return await withOwnDatabase(url, async (own) => {
    const gateway = await startGateway({ DATABASE_URL: own, THREADS: '1' });
    const store = await openStore({ databaseUrl: own, dataDir: '' });
    const { stationKey } = loadSecrets({ dataDir: gateway.dataDir }, randomBytes);
    const reporting = { store, payloads: createPayloadSeal(stationKey) };
    try {
      const random = createRandom(9).next;
      for (const ago of [1, 0]) await addReports(reporting, TAUGHT_REPORTS, random, Date.now() - ago * DAY_MS);
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
      return await contest(
        reporting,
        { ...target, bodies: await answered(target, questions(random, 4_000)) },
        random,
        share,
        rounds,
      );
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

async function contest(
  reporting: Reporting,
  target: Target,
  random: () => number,
  share: number,
  rounds: number,
): Promise<FoldServing> {
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
    const before = await ask(reporting, random, load, false);
    const during = await ask(reporting, random, load, true);
    const after = await ask(reporting, random, load, false);
    calm.push(before.result, after.result);
    busy.push(during.result);
    folded += during.folded;
    ratios.push((2 * ms(during.result, 0.99)) / (ms(before.result, 0.99) + ms(after.result, 0.99)));
    noise.push(ms(after.result, 0.99) / ms(before.result, 0.99));
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
    observationsPerS: Math.round((folded * HEARD) / (rounds * (WINDOW_MS / 1_000))),
  };
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL must name a PostgreSQL server');
  process.stdout.write(`${JSON.stringify(await benchFoldServing(url, Number(process.argv[2] ?? 0.5)))}\n`);
}

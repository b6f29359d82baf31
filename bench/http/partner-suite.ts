// The partner suite: what `/v1/geolocate` costs a partner beside the bare route: a region that the thread remembers, and a
// precise place under a grant, read and written into the ledger in the store before it leaves. On real PostgreSQL, whose
// own CPU time is not in ours but takes from the same cores. `npx node bench/http/partner-suite.ts [stations] [rounds] [phones]`, with
// TEST_DATABASE_URL.

import { openStore } from '../../src/storage/open.ts';
import { withOwnDatabase } from '../own-database.ts';
import type { Row } from '../results.ts';
import { median, pairedRatio } from '../statistics.ts';
import { benchRequests, createBenchWorld } from '../world.ts';
import { type Contest, contestLatency, contestThroughput, cpuRatio, throughputRatio } from './contest.ts';
import { atRate, saturate, type Target } from './load.ts';
import { writePartnerWorld } from './partner-world.ts';
import { type Server, startServer } from './server.ts';

const WINDOW_MS = 500;
/** The load leaves its core to PostgreSQL between arrivals, where PostgreSQL is asked. */
const REST_MS = { region: 0, precise: 1 } as const;
/** Asked at half load before anything is counted there: for 20 s it got quicker, p99 from 36 to 8 ms. */
const WARM_REQUESTS = 100_000;
/**
 * Phones that ask at once. Whoever waits for the store is answered in batches: at saturation there are many, and 32 of them, as
 * for what is answered at once, would measure how long a commit takes. The same number asks the bare route.
 */
const CONNECTIONS = { region: 32, precise: 256 } as const;

export async function benchPartner(
  databaseUrl: string,
  stations = 1_000_000,
  rounds = 16,
  phones = 2_048,
): Promise<Row[]> {
  const requests = benchRequests(createBenchWorld(stations), phones);
  const bodies = requests.map(({ body }) => body);
  return await withOwnDatabase(databaseUrl, async (url) => {
    const store = await openStore({ databaseUrl: url, dataDir: '' });
    const world = await writePartnerWorld(store, requests);
    await store.close();
    const headerOf = (i: number) => `Authorization: Bearer ${world.tokens[i]}`;
    const rows: Row[] = [];
    for (const [who, key, precision, atLeast] of [
      ['partner, coarse from memory', world.coarseKey, 'region', 0.65],
      ['partner, precise with its ledger row', world.preciseKey, 'precise', 0.35],
    ] as const) {
      const servers: Server[] = [];
      try {
        const ours = await startServer({ kind: 'partner', stations, bodies: phones, databaseUrl: url });
        servers.push(ours);
        const path = `/v1/geolocate?key=${key}`;
        const answers = await answersOf(ours.port, path, bodies, headerOf, precision);
        const bare = await startServer({ kind: 'bare', answers, status: 200 });
        servers.push(bare);
        const target = (server: Server): Target => ({ port: server.port, path, bodies, expectStatus: 200, headerOf });
        const contest = { ours: { server: ours, target: target(ours) }, bare: { server: bare, target: target(bare) } };
        for (let i = 0; i < 2; i++)
          for (const contender of [contest.ours, contest.bare])
            await saturate(contender.target, CONNECTIONS[precision], 1_500);
        await measure(
          contest,
          `${who}, ${CONNECTIONS[precision]} connections`,
          { atLeast, rounds, connections: CONNECTIONS[precision], restMs: REST_MS[precision] },
          rows,
        );
      } finally {
        for (const server of servers) server.stop();
        // The database is dropped next, and they still talk to it.
        await Promise.all(servers.map((server) => server.ended));
      }
    }
    return rows;
  });
}

/** Every request once; throws unless each is told at that precision. */
async function answersOf(
  port: number,
  path: string,
  bodies: readonly string[],
  headerOf: (i: number) => string,
  precision: string,
): Promise<object[]> {
  const answers: object[] = [];
  for (let from = 0; from < bodies.length; from += 64) {
    const batch = bodies.slice(from, from + 64).map(async (body, i) => {
      const authorization = headerOf(from + i).slice('Authorization: '.length);
      const headers = { 'content-type': 'application/json', authorization };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
      const said = (await answer.json()) as { precision?: string };
      if (said.precision !== precision) throw new Error(`before timing: ${answer.status} ${said.precision}`);
      return said;
    });
    answers.push(...(await Promise.all(batch)));
  }
  return answers;
}

type Measure = { atLeast: number; rounds: number; connections: number; restMs: number };

async function measure(
  contest: Contest,
  who: string,
  { atLeast, rounds, connections, restMs }: Measure,
  rows: Row[],
): Promise<void> {
  const seen = await contestThroughput(contest, rounds, WINDOW_MS, connections, restMs > 0);
  const busy = `one server thread, ${Math.round(100 * median(seen.oursBusy))} % and ${Math.round(100 * median(seen.bareBusy))} % busy`;
  const [ours, bare] = [median(seen.oursPerSecond), median(seen.barePerSecond)];
  rows.push(
    { what: `${who}: throughput, ours over bare`, value: throughputRatio(seen), unit: '', atLeast, note: busy },
    { what: `${who}: CPU time a request, bare over ours`, value: cpuRatio(seen), unit: '', atLeast },
    { what: `${who}: CPU time a request, ours`, value: median(seen.oursCpuUs), unit: 'us' },
    { what: `${who}: throughput, ours`, value: ours, unit: 'requests/s' },
    { what: `${who}: throughput, bare`, value: bare, unit: 'requests/s' },
  );
  const rate = Math.min(ours, bare) / 2;
  // What runs at half load is not what ran at saturation: small batches, other paths through the runtime.
  for (const { target } of [contest.ours, contest.bare])
    await atRate(target, 4 * CONNECTIONS.region, (1_000 * WARM_REQUESTS) / rate, rate, restMs);
  const latency = await contestLatency(contest, rounds, 2 * WINDOW_MS, rate, restMs);
  const p99 = (all: { p99Ms: number }[]) => all.map((one) => one.p99Ms);
  rows.push(
    {
      what: `${who}: p99 at half load, ours over bare`,
      value: pairedRatio(p99(latency.ours), p99(latency.bare)),
      unit: '',
      atMost: 3,
      note: `${Math.round(rate)} requests/s`,
    },
    { what: `${who}: half load p50, ours`, value: median(latency.ours.map((l) => l.p50Ms)), unit: 'ms' },
    { what: `${who}: half load p50, bare`, value: median(latency.bare.map((l) => l.p50Ms)), unit: 'ms' },
    { what: `${who}: half load p99, ours`, value: median(p99(latency.ours)), unit: 'ms' },
    { what: `${who}: half load p99, bare`, value: median(p99(latency.bare)), unit: 'ms' },
  );
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL names a PostgreSQL server');
  const [stations = 100_000, rounds = 8, phones = 1_024] = process.argv.slice(2).map(Number);
  const rows = await benchPartner(url, stations, rounds, phones);
  for (const { what, value, unit, atLeast, atMost, note } of rows)
    console.log(
      `${what}: ${value.toPrecision(3)} ${unit}${atLeast ? ` (>= ${atLeast})` : ''}${atMost ? ` (<= ${atMost})` : ''} ${note ?? ''}`,
    );
}

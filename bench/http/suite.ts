// The http suite: what `/v1/geolocate` costs beside the bare route, for a device key and for a partner key: CPU time a request,
// throughput at saturation, latency at half load, latency over load (the plot), and autocannon's word on the same servers.

import autocannon from 'autocannon';
import type { Line, Point } from '../plot.ts';
import type { Row } from '../results.ts';
import { median, pairedRatio } from '../statistics.ts';
import {
  type Contender,
  type Contest,
  contestLatency,
  contestThroughput,
  cpuRatio,
  type Latency,
  latencyOf,
  throughputRatio,
} from './contest.ts';
import { atRate } from './load.ts';
import { withPair } from './pair.ts';

const STATIONS = 1_000_000;
const ROUNDS = 24;
const WINDOW_MS = 500;
/** Loads of the curve, as shares of the bare route's saturation. */
const LOADS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export async function benchHttp(): Promise<{ rows: Row[]; lines: Line[] }> {
  const rows: Row[] = [];
  let lines: Line[] = [];
  await withPair({ stations: STATIONS, bodies: 4_096, key: 'device', warmRequests: 100_000 }, async (contest) => {
    const saturation = await benchSaturation(contest, 'device key', 0.8, rows);
    await benchHalfLoad(contest, saturation, rows);
    rows.push(...(await crossCheck(contest)));
    lines = await curve(contest, saturation.bare);
  });
  await withPair({ stations: STATIONS, bodies: 4_096, key: 'partner', warmRequests: 100_000 }, async (contest) => {
    await benchSaturation(contest, 'partner key', 0.65, rows);
  });
  const proxied = { stations: STATIONS, bodies: 4_096, key: 'device', warmRequests: 100_000, isProxied: true } as const;
  await withPair(proxied, async (contest) => {
    await benchSaturation(contest, 'device key behind a proxy', undefined, rows);
  });
  return { rows, lines };
}

async function benchSaturation(contest: Contest, who: string, atLeast: number | undefined, rows: Row[]) {
  const seen = await contestThroughput(contest, ROUNDS, WINDOW_MS);
  const busy = `one server thread, ${Math.round(100 * median(seen.oursBusy))} % and ${Math.round(100 * median(seen.bareBusy))} % busy`;
  const ours = median(seen.oursPerSecond);
  const bare = median(seen.barePerSecond);
  rows.push(
    { what: `${who}: throughput, ours over bare`, value: throughputRatio(seen), unit: '', atLeast, note: busy },
    { what: `${who}: CPU time a request, bare over ours`, value: cpuRatio(seen), unit: '', atLeast },
    { what: `${who}: CPU time a request, ours`, value: median(seen.oursCpuUs), unit: 'us' },
    { what: `${who}: CPU time a request, bare`, value: median(seen.bareCpuUs), unit: 'us' },
    { what: `${who}: throughput, ours`, value: ours, unit: 'requests/s' },
    { what: `${who}: throughput, bare`, value: bare, unit: 'requests/s' },
  );
  return { ours, bare };
}

async function benchHalfLoad(contest: Contest, saturation: { ours: number; bare: number }, rows: Row[]): Promise<void> {
  const rate = Math.min(saturation.ours, saturation.bare) / 2;
  const { ours, bare } = await contestLatency(contest, ROUNDS, 2 * WINDOW_MS, rate);
  const p99 = (all: Latency[]): number[] => all.map((l) => l.p99Ms);
  rows.push({
    what: 'device key: p99 at half load, ours over bare',
    value: pairedRatio(p99(ours), p99(bare)),
    unit: '',
    atMost: 1.5,
    note: `${Math.round(rate)} requests/s`,
  });
  for (const [who, all] of [
    ['ours', ours],
    ['bare', bare],
  ] as const)
    rows.push(
      { what: `half load p50, ${who}`, value: median(all.map((l) => l.p50Ms)), unit: 'ms' },
      { what: `half load p99, ${who}`, value: median(p99(all)), unit: 'ms' },
      { what: `half load p99.9, ${who}`, value: median(all.map((l) => l.p999Ms)), unit: 'ms' },
    );
}

/** autocannon on the same servers, closed loop, in this process: whole milliseconds, so only its throughput is kept. */
async function crossCheck({ ours, bare }: Contest): Promise<Row[]> {
  const shoot = async ({ target }: Contender): Promise<number> => {
    const requests = target.bodies.slice(0, 64).map((body) => ({
      method: 'POST' as const,
      path: target.path,
      body,
      headers: { 'content-type': 'application/json' },
    }));
    const result = await autocannon({ url: `http://127.0.0.1:${target.port}`, connections: 32, duration: 3, requests });
    if (result.non2xx + result.errors + result.timeouts > 0 || !(result.requests.average > 0))
      throw new Error('autocannon met a wrong answer');
    return result.requests.average;
  };
  const first = await shoot(ours);
  const others = [await shoot(bare), await shoot(bare)];
  const last = await shoot(ours);
  return [
    {
      what: 'device key: throughput by autocannon, ours over bare',
      value: pairedRatio([first, last], others),
      unit: '',
      note: 'its own cost is in it',
    },
  ];
}

async function curve({ ours, bare }: Contest, bareSaturation: number): Promise<Line[]> {
  const points = { ours50: [] as Point[], ours99: [] as Point[], bare50: [] as Point[], bare99: [] as Point[] };
  for (const share of LOADS) {
    const perSecond = share * bareSaturation;
    for (const [contender, p50, p99] of [
      [ours, points.ours50, points.ours99],
      [bare, points.bare50, points.bare99],
    ] as const) {
      const latency = latencyOf(await atRate(contender.target, 128, 2_000, perSecond));
      p50.push({ perSecond, ms: latency.p50Ms });
      p99.push({ perSecond, ms: latency.p99Ms });
    }
  }
  return [
    { label: 'ours, p50', colour: '#2f7ed8', isDashed: false, points: points.ours50 },
    { label: 'ours, p99', colour: '#2f7ed8', isDashed: true, points: points.ours99 },
    { label: 'bare, p50', colour: '#d8872f', isDashed: false, points: points.bare50 },
    { label: 'bare, p99', colour: '#d8872f', isDashed: true, points: points.bare99 },
  ];
}

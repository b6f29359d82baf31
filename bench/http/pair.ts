// Sets up a contest: a bench world, requests, both servers, checked answers, warm compilers.

import { benchRequests, createBenchWorld } from '../world.ts';
import type { Contest } from './contest.ts';
import { saturate, type Target } from './load.ts';
import { BENCH_KEYS } from './ours.ts';
import { checkedAnswers, type Server, startServer } from './server.ts';

/** `isProxied`: every request says, as a proxy that ends TLS does, for which of thousands of phones it is passed on. */
type PairOptions = {
  stations: number;
  bodies: number;
  key: keyof typeof BENCH_KEYS;
  warmRequests: number;
  isProxied?: boolean;
};

/** Status that a key class gets for a request that can be located. Partners see nothing until somebody consented. */
const STATUS = { device: 200, partner: 404 } as const;

/** Beside a busy neighbour a warm-up takes as long as it must, but not for ever. */
const WARM_WINDOW_MS = 500;
const WARM_WINDOWS = 40;

/** V8 goes on optimising for tens of thousands of requests: a warm-up by the clock would time half-compiled code on a slow day. */
async function warm(target: Target, requests: number): Promise<void> {
  let served = 0;
  for (let i = 0; i < WARM_WINDOWS && served < requests; i++)
    served += (await saturate(target, 32, WARM_WINDOW_MS)).requests;
}

/** An address of a carrier's network (RFC 6598). */
const forwardedFor = (i: number): string => `X-Forwarded-For: 100.64.${i >> 8}.${i & 255}\r\nX-Forwarded-Proto: https`;

/** Starts both, checks that ours answers right, warms both up, runs the work, and stops both whatever happens. */
export async function withPair<T>(options: PairOptions, run: (contest: Contest) => Promise<T>): Promise<T> {
  const requests = benchRequests(createBenchWorld(options.stations), options.bodies);
  const path = `/v1/geolocate?key=${BENCH_KEYS[options.key]}`;
  const expectStatus = STATUS[options.key];
  const bodies = requests.map(({ body }) => body);
  const servers: Server[] = [];
  try {
    const proxies = options.isProxied ? ['127.0.0.1'] : [];
    const ours = await startServer({ kind: 'ours', stations: options.stations, proxies });
    servers.push(ours);
    const answers = await checkedAnswers(ours.port, path, requests, expectStatus);
    const bare = await startServer({ kind: 'bare', answers, status: expectStatus });
    servers.push(bare);
    const headerOf = options.isProxied ? forwardedFor : undefined;
    const target = (server: Server): Target => ({ port: server.port, path, bodies, expectStatus, headerOf });
    const contest = { ours: { server: ours, target: target(ours) }, bare: { server: bare, target: target(bare) } };
    for (const { target } of [contest.ours, contest.bare]) await warm(target, options.warmRequests);
    return await run(contest);
  } finally {
    for (const server of servers) server.stop();
  }
}

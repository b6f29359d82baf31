// Sets up a contest: a bench world, requests, both servers, checked answers, warm compilers.

import { benchRequests, createBenchWorld } from '../world.ts';
import type { Contest } from './contest.ts';
import { saturate, type Target } from './load.ts';
import { BENCH_KEYS } from './ours.ts';
import { checkedAnswers, type Server, startServer } from './server.ts';

export type PairOptions = { stations: number; bodies: number; key: keyof typeof BENCH_KEYS; warmMs: number };

/** Status that a key class gets for a request that can be located. Partners see nothing until somebody consented. */
const STATUS = { device: 200, partner: 404 } as const;

/** Starts both, checks that ours answers right, warms both up, runs the work, and stops both whatever happens. */
export async function withPair<T>(options: PairOptions, run: (contest: Contest) => Promise<T>): Promise<T> {
  const requests = benchRequests(createBenchWorld(options.stations), options.bodies);
  const path = `/v1/geolocate?key=${BENCH_KEYS[options.key]}`;
  const expectStatus = STATUS[options.key];
  const bodies = requests.map(({ body }) => body);
  const servers: Server[] = [];
  try {
    const ours = await startServer({ kind: 'ours', stations: options.stations });
    servers.push(ours);
    const answers = await checkedAnswers(ours.port, path, requests, expectStatus);
    const bare = await startServer({ kind: 'bare', answers, status: expectStatus });
    servers.push(bare);
    const target = (server: Server): Target => ({ port: server.port, path, bodies, expectStatus });
    const contest = { ours: { server: ours, target: target(ours) }, bare: { server: bare, target: target(bare) } };
    for (let i = 0; i < 2; i++)
      for (const contender of [contest.ours, contest.bare]) await saturate(contender.target, 32, options.warmMs / 2);
    return await run(contest);
  } finally {
    for (const server of servers) server.stop();
  }
}

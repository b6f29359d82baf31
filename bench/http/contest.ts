// Ours against the bare yardstick: both servers up at once, load alternating A B B A in short windows, so that whatever the
// machine does meanwhile meets both. The ratio of CPU time per request is the steady number (waiting does not count in
// it); throughput and latency are what users see. One server process each, one thread each; the load comes from this process.

import { abba, pairedRatio, quantile } from '../statistics.ts';
import { atRate, type LoadResult, saturate, type Target } from './load.ts';
import type { Server } from './server.ts';

export type Contender = { readonly server: Server; readonly target: Target };
export type Contest = { readonly ours: Contender; readonly bare: Contender };

type Throughput = {
  oursPerSecond: number[];
  barePerSecond: number[];
  oursCpuUs: number[];
  bareCpuUs: number[];
  /** Share of one core that the server process used; the bench measured the server only if this is near 1. */
  oursBusy: number[];
  bareBusy: number[];
};

/** Enough to keep a server busy that answers at once. */
const CONNECTIONS = 32;

/** Runs `rounds` windows of each at saturation, over so many connections; `isRestful` as for saturate. */
export async function contestThroughput(
  contest: Contest,
  rounds: number,
  windowMs: number,
  connections = CONNECTIONS,
  isRestful = false,
): Promise<Throughput> {
  const seen: Throughput = {
    oursPerSecond: [],
    barePerSecond: [],
    oursCpuUs: [],
    bareCpuUs: [],
    oursBusy: [],
    bareBusy: [],
  };
  for (const turn of abba(rounds)) {
    const isOurs = turn === 'a';
    const { server, target } = isOurs ? contest.ours : contest.bare;
    const before = await server.usage();
    const load = await saturate(target, connections, windowMs, isRestful);
    const cpuUs = (await server.usage()).cpuUs - before.cpuUs;
    (isOurs ? seen.oursPerSecond : seen.barePerSecond).push(load.perSecond);
    (isOurs ? seen.oursCpuUs : seen.bareCpuUs).push(cpuUs / load.requests);
    (isOurs ? seen.oursBusy : seen.bareBusy).push(cpuUs / 1e6 / load.seconds);
  }
  return seen;
}

/** Bare CPU time per request over ours: 0.8 means that a request of ours costs 1.25 bare ones. */
export function cpuRatio(seen: Throughput): number {
  return pairedRatio(seen.bareCpuUs, seen.oursCpuUs);
}

export function throughputRatio(seen: Throughput): number {
  return pairedRatio(seen.oursPerSecond, seen.barePerSecond);
}

export type Latency = { p50Ms: number; p99Ms: number; p999Ms: number };

export function latencyOf(load: LoadResult): Latency {
  const all = Array.from(load.latenciesMs);
  return { p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99), p999Ms: quantile(all, 0.999) };
}

/**
 * Runs `rounds` windows of each at the same rate (requests a second), arrivals as phones come: at random. `restMs` as for
 * atRate: above 0 where a store needs the core that the load would spin on.
 */
export async function contestLatency(
  contest: Contest,
  rounds: number,
  windowMs: number,
  perSecond: number,
  restMs = 0,
) {
  const ours: Latency[] = [];
  const bare: Latency[] = [];
  for (const turn of abba(rounds)) {
    const { target } = turn === 'a' ? contest.ours : contest.bare;
    (turn === 'a' ? ours : bare).push(latencyOf(await atRate(target, 4 * CONNECTIONS, windowMs, perSecond, restMs)));
  }
  return { ours, bare };
}

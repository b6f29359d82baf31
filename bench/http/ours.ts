// The gateway as the http bench runs it: the real app with the real resident index of a bench world, the real key ring, quotas
// and counters. What differs from production is said here: no store behind it, no address limit (all load comes from one
// address), a clock that stands still so that evidence does not age between runs, and no IP database (requests never need it).

import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/app.ts';
import { addressToLimit } from '../../src/http/address.ts';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createStrayMemory, openStrayBudget } from '../../src/http/stray-budget.ts';
import { createKeyRing, type KeyRingEntry, MAX_KEYS } from '../../src/partners/key-ring.ts';
import { hashKey } from '../../src/partners/keys.ts';
import { openIpReader } from '../../src/positioning/ip.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { BENCH_NOW_MS, indexOfWorld } from '../stations.ts';
import { createBenchWorld } from '../world.ts';

/** Keys that the bench's callers present; they open nothing outside it. */
export const BENCH_KEYS = { device: 'hgd_bench-device-key', partner: 'hgp_bench-partner-key' } as const;
const NO_ADDRESS_LIMIT = 2 ** 31;
/** As many as production allows by default; the requests of the bench world hold none. */
export const STRAYS = { device: 100, address: 5_000, partnerKey: 1_000 };

/** The keys as a server thread gets them. Without quotas of their own, like a phone maker's. */
function benchKeys(): KeyRingEntry[] {
  return (['device', 'partner'] as const).map((keyClass, slot) => ({
    id: `bench-${keyClass}`,
    class: keyClass,
    name: 'bench',
    slot,
    dailyQuota: null,
    perMinute: null,
    hashHex: hashKey(BENCH_KEYS[keyClass]).toString('hex'),
  }));
}

/** `proxies`: whose X-Forwarded-For it believes. */
export async function buildOurs(stations: number, proxies: readonly string[] = []): Promise<FastifyInstance> {
  const index = indexOfWorld(createBenchWorld(stations));
  const reader = openStationReader(index.handle());
  const keys = createKeyRing(() => BENCH_NOW_MS);
  keys.replace(benchKeys());
  return await buildApp({
    version: 'bench',
    addressKey: new Uint8Array(32),
    findKey: keys.find,
    locator: createLocator({ stations: reader, ip: openIpReader({ files: [] }) }),
    quotas: openQuotas(createQuotaMemory(MAX_KEYS), { a: 1, b: 2 }, NO_ADDRESS_LIMIT),
    counters: openStripe(createCounterMemory(1), 0),
    strayBudget: openStrayBudget(createStrayMemory(MAX_KEYS), { a: 1, b: 2 }, STRAYS, addressToLimit),
    overloaded: () => false,
    readiness: () => ({ store: true, index: true, jobs: true }),
    log: { error: (facts, message) => console.error(message, facts) },
    now: () => BENCH_NOW_MS,
    trustProxy: proxies,
  });
}

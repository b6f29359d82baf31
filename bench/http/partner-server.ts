// The gateway as the bench of the partner path runs it: the app, index and keys of the other http benches, and behind it the
// real ledger, consent and lease in a real store. The same differences from production as in ours.ts.

import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/app.ts';
import { addressToLimit } from '../../src/http/address.ts';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import { createStrayMemory, openStrayBudget } from '../../src/http/stray-budget.ts';
import { createKeyRing, MAX_KEYS } from '../../src/partners/key-ring.ts';
import { followKeys } from '../../src/partners/store.ts';
import { openIpReader } from '../../src/positioning/ip.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { layOutAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { CLOCKS, openThreadSharing } from '../../src/process/sharing.ts';
import { createLeaseMemory, openLeaseReader, openLeaseWriter } from '../../src/sharing/lease-memory.ts';
import { joinReplicas } from '../../src/sharing/replica-store.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { openStore } from '../../src/storage/open.ts';
import { BENCH_NOW_MS, indexOfWorld } from '../stations.ts';
import { benchRequests, createBenchWorld } from '../world.ts';
import { STRAYS } from './ours.ts';
import { COARSE_KEY, LEDGER_KEY, MASTERS, regionNames } from './partner-world.ts';

const NO_ADDRESS_LIMIT = 2 ** 31;

export async function buildPartnerServer(
  stations: number,
  bodies: number,
  databaseUrl: string,
): Promise<FastifyInstance> {
  const world = createBenchWorld(stations);
  const index = indexOfWorld(world);
  const store = await openStore({ databaseUrl, dataDir: '' });
  const { pool } = store;
  const fail = (error: unknown) => console.error(error);
  const log = { error: (facts: object, message: string) => console.error(message, facts) };
  const ring = createKeyRing(() => BENCH_NOW_MS);
  await followKeys(store, ring.replace, fail);
  const memory = createLeaseMemory(CLOCKS);
  const lease = openLeaseWriter(memory);
  await joinReplicas({ pool, id: randomUUID(), lease, clocks: CLOCKS, onError: fail });
  const now = () => BENCH_NOW_MS;
  const names = regionNames(benchRequests(world, bodies));
  const sharing = openThreadSharing(
    store.address,
    {
      ...{ ledgerKey: LEDGER_KEY, masters: MASTERS, coarseKey: COARSE_KEY, now },
      map: { shared: layOutAnonymityMap(names), version: 'bench', k: 1 },
      lease: openLeaseReader(memory, CLOCKS),
    },
    log,
  );
  return await buildApp({
    version: 'bench',
    addressKey: new Uint8Array(32),
    findKey: ring.find,
    locator: createLocator({ stations: openStationReader(index.handle()), ip: openIpReader({ files: [] }) }),
    audience: sharing.audience,
    quotas: openQuotas(createQuotaMemory(MAX_KEYS), { a: 1, b: 2 }, NO_ADDRESS_LIMIT),
    counters: openStripe(createCounterMemory(1), 0),
    strayBudget: openStrayBudget(createStrayMemory(MAX_KEYS), { a: 1, b: 2 }, STRAYS, addressToLimit),
    overloaded: () => false,
    readiness: () => ({ store: true, index: true, jobs: true }),
    log,
    now,
    trustProxy: [],
  });
}

// What a gateway does by the clock, on a store of a test's, with surroundings in which nothing happens unless the test says what does.
import { createCounterMemory, sumCounters } from '../../src/http/counters.ts';
import { createQuotaMemory, openQuotas } from '../../src/http/quotas.ts';
import type { Job } from '../../src/jobs/scheduler.ts';
import { gatewayJobs, type JobDeps } from '../../src/process/gateway-jobs.ts';
import { createLog } from '../../src/process/log.ts';
import type { Store } from '../../src/storage/open.ts';
import { AT_REST } from './at-rest.ts';

export function jobsOf(store: Store, said: Partial<JobDeps>): readonly Job[] {
  const counters = createCounterMemory(1);
  return gatewayJobs({
    ...{ store, atRest: AT_REST, barredKey: new Uint8Array(32), forgetAfterDays: 365 },
    fold: async () => null,
    readStoreMs: async () => Date.now(),
    disk: { freeBytes: async () => Number.POSITIVE_INFINITY },
    counts: { mapVersion: '', epsilonCap: 30 },
    map: { isComplete: () => true, writeSnapshot: () => {} } as never,
    quotas: openQuotas(createQuotaMemory(1), { a: 1, b: 2 }),
    keys: () => [],
    readCounters: () => sumCounters(counters),
    setStatus: () => {},
    stopping: new AbortController().signal,
    log: createLog('silent', 'test'),
    ...said,
  }).jobs;
}

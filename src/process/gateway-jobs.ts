// Which jobs the main thread runs, and how often. The list is here; what each does is in jobs/ and in the rooms.
import { randomInt, randomUUID } from 'node:crypto';
import type { Valkey } from 'iovalkey';
import type { Logger } from 'pino';
import { describeError } from '../http/bug-log.ts';
import type { CounterSums } from '../http/counters.ts';
import type { Quotas } from '../http/quotas.ts';
import { expireConsents } from '../jobs/expire-consents.ts';
import type { FoldSummary } from '../jobs/fold.ts';
import { eraseIdle, type RightsJobDeps, sweepStore } from '../jobs/rights.ts';
import type { Job } from '../jobs/scheduler.ts';
import { createQuotaSharing, type SharedKey } from '../jobs/share-quotas.ts';
import { createSummary } from '../jobs/summary.ts';
import { sweepMap } from '../jobs/sweep-map.ts';
import { deleteOldKeys } from '../observations/day-keys-store.ts';
import { expireInbox } from '../observations/store.ts';
import type { Corrections } from '../positioning/calibration.ts';
import { loadCorrections } from '../positioning/error-store.ts';
import { eraseChildren } from '../rights/children-store.ts';
import { advanceErasures } from '../rights/erase-store.ts';
import { settleRemovals } from '../rights/store.ts';
import { releaseDueWindows } from '../sharing/counts/release-store.ts';
import type { Store } from '../storage/open.ts';
import { timedQuery } from '../storage/pool.ts';
import { reclaimRoom } from '../storage/reclaim.ts';
import { HOUR_MS, MINUTE_MS } from '../time/spans.ts';
import type { AtRest } from './at-rest.ts';
import { foldJob } from './fold-job.ts';
import type { MapIndex } from './map-index.ts';
import { createRightClock } from './right-clock.ts';

export type JobDeps = {
  readonly store: Store;
  readonly atRest: AtRest;
  readonly barredKey: Uint8Array;
  /** What server threads correct circles by; absent = no threads here. */
  readonly corrections?: Corrections;
  /** What erasing and sweeping take; absent where nobody registers. */
  readonly erasing?: RightsJobDeps;
  /** Folds a slice; null = nothing to do. */
  readonly fold: () => Promise<FoldSummary | null>;
  readonly forgetAfterDays: number;
  /** Of which map the counts are that are published, and what they may spend. */
  readonly counts: { readonly mapVersion: string; readonly epsilonCap: number };
  readonly map: MapIndex;
  /** Epoch ms by the store's clock. */
  readonly readStoreMs: () => Promise<number>;
  /** Free bytes where the store writes (store-disk.ts). */
  readonly disk: { freeBytes(): Promise<number> };
  readonly quotas: Quotas;
  readonly keys: () => readonly SharedKey[];
  readonly readCounters: () => CounterSums;
  readonly valkey?: Valkey;
  readonly setStatus: (flag: 'store' | 'index' | 'jobs', up: boolean) => void;
  /** Aborts when the process begins to stop: a job that can pause does. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
};

/** Changes since the last snapshot are read from the store at the next start: seconds, for an hour of a busy import. */
const SNAPSHOT_MS = 15 * MINUTE_MS;
/** An erasure that began goes on within seconds. */
const ERASE_MS = 15_000;
/** Erasures that time makes due, begun in one run: some 15 s of the ledger's lock, held for each alone; the job is back in a minute. */
const ERASED_AT_ONCE = 1_000;
/** A store that needs longer for `select 1` is not there. */
const STORE_MS = 3_000;
/** SQLSTATE of a server, or a role, whose connections are all taken. */
const TOO_MANY_CONNECTIONS = '53300';
/** Some six seconds of it. */
const CROWDED_TURNS = 3;
/** Two files of PostgreSQL's log: with less it takes what fits into files that are there, and soon nothing. */
const FULL_BYTES = 32 * 1024 ** 2;

type JobPlan = {
  readonly jobs: readonly Job[];
  /** Lets the watch job see how the others do; called once, when they run. */
  watch(healthy: () => boolean): void;
};

export function gatewayJobs(deps: JobDeps): JobPlan {
  const { store, map, quotas, setStatus, log } = deps;
  let healthy = () => true;
  const hasRoom = watchRoom(deps);
  const isThere = watchStore(store);
  const isClockRight = createRightClock(deps.readStoreMs, log);
  /** What can't be undone: not by a clock that is far off. */
  const byRightClock = (job: Job): Job => ({
    ...job,
    async run(nowMs) {
      if (await isClockRight(nowMs)) await job.run(nowMs);
    },
  });
  const jobs: Job[] = [
    ...mapJobs(deps),
    ...[...mapEnds(deps), releaseCounts(deps)].map(byRightClock),
    { name: 'sweep quotas', everyMs: MINUTE_MS, run: (nowMs) => quotas.sweep(nowMs) },
    {
      name: 'summary',
      everyMs: MINUTE_MS,
      run: createSummary(deps.readCounters, (counts) => log.info({ counts }, 'answered')),
    },
    {
      name: 'watch',
      everyMs: 2_000,
      async run() {
        setStatus('store', (await isThere()) && (await hasRoom()));
        setStatus('index', map.isComplete() && !deps.stopping.aborted);
        setStatus('jobs', healthy());
      },
    },
  ];
  if (deps.erasing !== undefined) {
    jobs.push(...peopleJobs(deps.erasing, deps).map(byRightClock), eraseAsked(deps.erasing, deps));
  }
  if (deps.corrections !== undefined) jobs.push(followCorrections(store, deps.corrections));
  if (deps.valkey !== undefined) jobs.push(shareQuotas(deps.valkey, deps));
  return {
    jobs,
    watch(check) {
      healthy = check;
    },
  };
}

/** The map: what it learns, and where it starts from next time. */
function mapJobs({ store, map, fold, stopping, log }: JobDeps): Job[] {
  return [
    { name: 'snapshot', everyMs: SNAPSHOT_MS, run: () => map.writeSnapshot() },
    foldJob({ store, fold, log }),
    { name: 'reclaim room', everyMs: HOUR_MS, run: async () => void (await reclaimRoom(store, stopping)) },
  ];
}

/** What the map forgets. */
function mapEnds({ store, atRest, barredKey, forgetAfterDays, stopping, log }: JobDeps): Job[] {
  const removalKeys = { macs: atRest.macs, barredKey };
  return [
    {
      name: 'removals',
      everyMs: 10_000,
      async run(nowMs) {
        const removed = await settleRemovals(store.pool, removalKeys, nowMs);
        if (removed > 0) log.info({ removed }, 'access points removed');
      },
    },
    {
      name: 'expire reports',
      everyMs: HOUR_MS,
      async run(nowMs) {
        await expireInbox(store.pool, nowMs, stopping);
        await deleteOldKeys(store.pool, nowMs);
      },
    },
    {
      name: 'forget stations',
      everyMs: 6 * HOUR_MS,
      async run(nowMs) {
        await sweepMap(store.pool, nowMs, forgetAfterDays, stopping);
      },
    },
  ];
}

function releaseCounts({ store, counts, log }: JobDeps): Job {
  const how = { pool: store.pool, randomBelow: (n: number) => randomInt(n), ...counts };
  return {
    name: 'release counts',
    everyMs: 10 * MINUTE_MS,
    async run(nowMs) {
      const released = await releaseDueWindows(how, nowMs);
      if (released.windows + released.keptBack > 0) log.info({ released }, 'counts published');
    },
  };
}

/** People: what they agreed to ends, and what is kept of them goes, by the clock. */
function peopleJobs(erasing: RightsJobDeps, { stopping, log }: JobDeps): Job[] {
  return [
    {
      name: 'expire consents',
      everyMs: MINUTE_MS,
      run: async (nowMs) => void (await expireConsents(erasing, nowMs, stopping)),
    },
    {
      name: 'children',
      everyMs: MINUTE_MS,
      run: async () => void (await eraseChildren(erasing, erasing.random, { most: ERASED_AT_ONCE, signal: stopping })),
    },
    {
      name: 'unused phones',
      everyMs: MINUTE_MS,
      run: async () => void (await eraseIdle(erasing, { most: ERASED_AT_ONCE, signal: stopping })),
    },
    {
      name: 'sweep',
      everyMs: HOUR_MS,
      async run() {
        const gone = await sweepStore(erasing, stopping, ERASED_AT_ONCE);
        if (Object.keys(gone).length > 0) log.info({ gone }, 'swept what was over');
      },
    },
  ];
}

/** What somebody asked for waits for no clock. */
function eraseAsked(erasing: RightsJobDeps, { stopping }: JobDeps): Job {
  return { name: 'erase', everyMs: ERASE_MS, run: async () => void (await advanceErasures(erasing, stopping)) };
}

/** Circles follow what any process folded within a minute. */
function followCorrections(store: Store, corrections: Corrections): Job {
  return { name: 'calibration', everyMs: MINUTE_MS, run: () => loadCorrections(store.pool, corrections) };
}

/** Whether the store can write. It goes on reading on a full disk, but takes no consent, no report and no row of the ledger. */
function watchRoom({ disk, log }: JobDeps): () => Promise<boolean> {
  let isFull = false;
  return async () => {
    const wasFull = isFull;
    const freeBytes = await disk.freeBytes();
    isFull = freeBytes < FULL_BYTES;
    if (isFull && !wasFull) log.error({ freeBytes }, 'the disk of the store is full');
    if (wasFull && !isFull) log.info({ freeBytes }, 'the disk of the store has room again');
    return !isFull;
  };
}

/**
 * Whether the store is there and can write. One that just now has no connection left for us serves those who hold one, this gateway
 * too, and has one again in a moment: only some such turns in a row say no (out of rotation and back with each, it would be
 * what its neighbours lack). Anything else says so at once.
 */
function watchStore(store: Store): () => Promise<boolean> {
  let crowded = CROWDED_TURNS;
  return async () => {
    const state = await stateOf(store);
    crowded = state === 'crowded' ? crowded + 1 : state === 'there' ? 0 : CROWDED_TURNS;
    return crowded < CROWDED_TURNS;
  };
}

async function stateOf(store: Store): Promise<'there' | 'crowded' | 'away'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'away'>((resolve) => {
    timer = setTimeout(() => resolve('away'), STORE_MS);
  });
  const state = await Promise.race([
    // A standby answers, and takes no report, no consent and no row of the ledger.
    store.pool.query(timedQuery(`select current_setting('transaction_read_only') = 'off' as writable`, STORE_MS)).then(
      ({ rows }) => (rows[0].writable === true ? 'there' : 'away'),
      ({ code }) => (code === TOO_MANY_CONNECTIONS ? 'crowded' : 'away'),
    ),
    late,
  ]);
  clearTimeout(timer);
  return state;
}

/** A Valkey that is away is no failure of ours: said when it goes and when it comes back, and readiness is not touched. */
function shareQuotas(valkey: Valkey, { quotas, keys, log }: JobDeps): Job {
  const share = createQuotaSharing(valkey, randomUUID(), quotas, keys);
  let away = false;
  return {
    name: 'share quotas',
    everyMs: 1_000,
    async run(nowMs) {
      try {
        await share(nowMs);
        if (away) log.info('Valkey answers again; limits hold across replicas');
        away = false;
      } catch (error) {
        if (!away) log.warn(describeError(error), 'Valkey does not answer; limits hold for this replica alone');
        away = true;
      }
    },
  };
}

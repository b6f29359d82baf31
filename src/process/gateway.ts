// Everything a running gateway consists of, opened in the one order that works and closed in the reverse one. Promises: an
// open that fails closes what it had opened; `close` never rejects and leaves a snapshot behind, so that the next start is
// fast; a process that is killed instead loses only that. Signals and exit codes are main.ts's.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/env.ts';
import { loadSecrets, type Secrets, secretsPath } from '../config/secrets.ts';
import { isLoopbackHost } from '../config/settings.ts';
import { keepReceiptKey } from '../consent/receipt-keys-store.ts';
import { createReceiptSigner } from '../consent/receipt-signer.ts';
import { createLedgerCheck } from '../disclosures/check.ts';
import { addAuditRoute } from '../disclosures/routes.ts';
import { ledgerReader } from '../disclosures/store.ts';
import { verifyLedger } from '../disclosures/verify.ts';
import { describeError } from '../http/bug-log.ts';
import { sumCounters } from '../http/counters.ts';
import { openQuotas } from '../http/quotas.ts';
import { type Scheduler, startJobs } from '../jobs/scheduler.ts';
import { sumSubmissionCounts } from '../observations/submission-counts.ts';
import type { KeyRingEntry } from '../partners/key-ring.ts';
import { followKeys } from '../partners/store.ts';
import { insertPolicy } from '../policy/store.ts';
import { type Corrections, openCorrections } from '../positioning/calibration.ts';
import { loadCorrections } from '../positioning/error-store.ts';
import { loadIpDatabase } from '../positioning/ip-database.ts';
import { repairFeed } from '../stations/feed-repair-store.ts';
import { openStore, type Store } from '../storage/open.ts';
import { type AnonymityMapHandle, loadAnonymityMap } from './anonymity-map.ts';
import { type AtRest, openAtRest } from './at-rest.ts';
import { type DemoKeys, demoText, prepareDemo } from './demo.ts';
import { FIRST_POLICY } from './first-policy.ts';
import { openFoldBeside } from './fold-beside.ts';
import { followMasterKeys } from './follow-master-keys.ts';
import { gatewayJobs } from './gateway-jobs.ts';
import { keysAtHand, requireOwnKeys } from './key-check.ts';
import { type MapIndex, openMapIndex } from './map-index.ts';
import { createMetrics } from './metrics.ts';
import { openMetricsServer } from './metrics-server.ts';
import { beginOpening, type Opening } from './opening.ts';
import { OPS_SETTINGS, requireFreePort } from './port.ts';
import { storeClock } from './right-clock.ts';
import { openErasing } from './rights.ts';
import { type ServerThreads, spawnServerThreads } from './server-threads.ts';
import { openLease } from './sharing.ts';
import { readStatus, setStatus } from './status.ts';
import type { Step } from './steps.ts';
import { createDiskOf } from './store-disk.ts';
import { createThreadMemory, type ThreadMemory, threadSetup } from './thread-setup.ts';
import { connectValkey } from './valkey.ts';

type Gateway = { readonly port: number; readonly opsPort: number; close(): Promise<void> };
type GatewayOptions = {
  readonly demo: boolean;
  readonly say: (text: string) => void;
  /** Ends a start that is not done: openGateway then closes what it had opened and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

export async function openGateway(config: Config, options: GatewayOptions, log: Logger): Promise<Gateway> {
  const opening = beginOpening(log);
  try {
    return await openInOrder(config, options, opening, log);
  } catch (error) {
    await opening.close();
    throw error;
  }
}

async function openInOrder(config: Config, options: GatewayOptions, opening: Opening, log: Logger): Promise<Gateway> {
  const { opened, closeFirst } = opening;
  await requireFreePort(config.host, config.port);
  await requireFreePort(config.opsHost, config.opsPort, OPS_SETTINGS);
  const { threads, codeCache, stopThreads, store, ...read } = await loadSideBySide(
    config,
    options.signal,
    opening,
    log,
  );
  options.signal?.throwIfAborted();

  const secrets = loadSecrets(config, randomBytes);
  await requireOwnKeys(store.pool, keysAtHand(config, randomBytes));
  const { atRest, demoKeys } = await prepareStore(store, secrets, config.dataDir, options, log);
  opened('secrets');
  const keys = await handOutKeys(store, threads, log);
  opened('keys', () => keys.stop());
  const lease = await openLease(store.pool, log);
  opened('lease', () => lease.replica.stop());
  const map = await openMapIndex(store, config.dataDir, secrets.indexSeed, atRest, log, options.signal);
  opened('index', () => map.stop());

  const memory = createThreadMemory(config.threads);
  const corrections = openCorrections(memory.corrections);
  await loadCorrections(store.pool, corrections);
  const { index } = map;
  const needs = { config, secrets, ...read, store: store.address, index, lease: lease.memory, memory };
  const port = await unlessAborted(threads.start(config.port, keys.all(), threadSetup(needs)), options.signal);
  opened('server threads');

  const stopping = new AbortController();
  const { anonymityMap } = read;
  const parts = { config, secrets, store, atRest, anonymityMap, corrections, keys: keys.all, map, memory, codeCache };
  const jobs = await runJobs(parts, stopping.signal, opening, log);
  const ops = await openOps({ ...parts, threads, jobs });
  opened('metrics', () => ops.close());

  for (const flag of ['store', 'index', 'jobs'] as const) setStatus(memory.status, flag, true);
  // Spawned first, but the first to stop too, after load balancers have been told that no more should be sent here.
  closeFirst(stopThreads);
  // Jobs wind down while the threads drain: one after the other would not fit into the time of a stop.
  function beginStop(): void {
    setStatus(memory.status, 'index', false);
    stopping.abort();
  }
  closeFirst({ name: 'readiness', run: beginStop });
  const tookMs = opening.tookMs();
  log.info({ port, opsPort: ops.port, threads: config.threads, stations: index.size(), tookMs }, 'ready');
  if (demoKeys !== null) options.say(demoText(demoKeys, config.host, port));
  return { port, opsPort: ops.port, close: opening.close };
}

/** What `work` resolves to; rejects with the signal's reason as soon as that aborts, and leaves the end of the work to who closes it. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** What takes longest, at the same time: threads load their code, the store opens, and files are read. */
async function loadSideBySide(
  config: Config,
  signal: AbortSignal | undefined,
  { opened, closeFirst }: Opening,
  log: Logger,
) {
  const codeCache = join(config.dataDir, 'code-cache');
  const threads = spawnServerThreads(config.threads, log, codeCache);
  const stopThreads: Step = { name: 'server threads', run: () => threads.stop() };
  closeFirst(stopThreads);
  const onWait = (message: string) => log.warn(message);
  const onError = (error: unknown) => log.error(describeError(error), 'store connection lost');
  const opening = openStore(config, { role: 'server', onWait, onError, signal });
  closeFirst({
    name: 'store',
    run: () =>
      opening.then(
        (open) => open.close(),
        () => undefined,
      ),
  });
  // An embedded store boots in a thread of its own, and a PostgreSQL is connected to, while the 129 MB are read. What it
  // fails with meanwhile is heard when it is waited for.
  opening.catch(() => {});
  const ipDatabase = await loadIpDatabase(config.geoipDb);
  opened('ip database');
  signal?.throwIfAborted();
  const anonymityMap = loadAnonymityMap(config.anonymityMap);
  opened('anonymity map');
  const store = await opening;
  opened('store');
  return { threads, codeCache, stopThreads, store, ipDatabase, anonymityMap };
}

/** Brings what lies in the store to where a gateway can work with it, and fills an empty one with the demo's world if asked. */
async function prepareStore(
  store: Store,
  { stationKey, receiptKey }: Pick<Secrets, 'stationKey' | 'receiptKey'>,
  dataDir: string,
  { demo, signal }: GatewayOptions,
  log: Logger,
): Promise<{ atRest: AtRest; demoKeys: DemoKeys | null }> {
  const onEncrypt = () => log.warn('an older version left addresses in plain: encrypting them');
  const atRest = await openAtRest(store.pool, stationKey, onEncrypt);
  const repaired = await repairFeed(store.pool, signal);
  if (repaired > 0) log.warn({ rows: repaired }, 'restored from a dump of another server: rows counted as changed now');
  const demoKeys = await prepareDemo(store, atRest.macs, dataDir, demo, randomBytes, Date.now());
  await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  // Receipts of it may be older than the list of keys.
  await keepReceiptKey(store.pool, (await createReceiptSigner(receiptKey)).publicKey, Date.now());
  return { atRest, demoKeys };
}

/** Keys as the store has them, here and in every thread. */
async function handOutKeys(store: Store, threads: ServerThreads, log: Logger) {
  let keys: readonly KeyRingEntry[] = [];
  const follower = await followKeys(
    store,
    (entries) => {
      keys = entries;
      threads.setKeys(entries);
    },
    (error) => log.error(describeError(error), 'keys cannot be read; the last ones stay good'),
  );
  return { all: () => keys, stop: () => follower.stop() };
}

/** What a gateway has opened by the time its threads serve. */
type Parts = {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly store: Store;
  readonly atRest: AtRest;
  readonly anonymityMap: AnonymityMapHandle;
  readonly corrections: Corrections;
  readonly keys: () => readonly KeyRingEntry[];
  readonly map: MapIndex;
  readonly memory: ThreadMemory;
  readonly codeCache: string;
};

/** Starts what runs by the clock, and beside it the process that folds. */
async function runJobs(parts: Parts, stopping: AbortSignal, { opened }: Opening, log: Logger): Promise<Scheduler> {
  const { config, secrets, store, atRest, anonymityMap, corrections, keys, map, memory } = parts;
  const valkey = config.valkeyUrl === undefined ? undefined : await connectValkey(config.valkeyUrl);
  const { barredKey, stationKey } = secrets;
  const foldSetup = { store: store.address, stationKey, barredKey, logLevel: config.logLevel };
  const folding = openFoldBeside(store.pool, foldSetup, parts.codeCache, stopping);
  opened('fold', () => folding.ended());
  const masters = followMasterKeys(secretsPath(config), () => performance.now());
  const plan = gatewayJobs({
    ...{ store, atRest, barredKey, corrections, map, keys, valkey, stopping, log },
    fold: folding.fold,
    readStoreMs: () => storeClock(store.pool),
    disk: createDiskOf(store.pool, { store: store.address, dataDir: config.dataDir }),
    erasing: openErasing(store.pool, secrets, masters),
    forgetAfterDays: config.forgetAfterDays,
    counts: { mapVersion: anonymityMap.version, epsilonCap: config.countsEpsilonCap },
    quotas: openQuotas(memory.quotas, memory.addressSeed),
    readCounters: () => sumCounters(memory.counters),
    setStatus: (flag, up) => setStatus(memory.status, flag, up),
  });
  const jobs = startJobs(plan.jobs, Date.now, (job, error) =>
    log.error({ job, ...describeError(error) }, 'job failed'),
  );
  plan.watch(() => jobs.healthy());
  opened('jobs', async () => {
    await jobs.stop();
    valkey?.disconnect();
  });
  return jobs;
}

/** What operators ask, on a port of its own: numbers, readiness, the check of the ledger. */
function openOps(parts: Parts & { readonly threads: ServerThreads; readonly jobs: Scheduler }) {
  const { secrets, store, keys, map, memory, threads, jobs } = parts;
  const registry = createMetrics({
    counters: () => sumCounters(memory.counters),
    submissions: () => sumSubmissionCounts(memory.submissionCounts),
    index: () => map.state(Date.now()),
    jobs: () => jobs.states(),
    threadRestarts: () => threads.restarts(),
    keys: () => keys().length,
  });
  const { opsHost, opsPort } = parts.config;
  const masters = followMasterKeys(secretsPath(parts.config), () => performance.now());
  const checkLedger = createLedgerCheck(
    () => verifyLedger(ledgerReader(store.pool, masters), secrets.ledgerKey),
    Date.now,
  );
  // It has no password: who is not on this machine uses the command.
  const addAudit = (app: FastifyInstance) => isLoopbackHost(opsHost) && addAuditRoute(app, checkLedger);
  return openMetricsServer(registry, () => readStatus(memory.status), opsHost, opsPort, addAudit);
}

// Everything a running gateway consists of, opened in the one order that works and closed in the reverse one. Promises: an
// open that fails closes what it had opened; `close` never rejects and leaves a snapshot behind, so that the next start is
// fast; a process that is killed instead loses only that. Signals and exit codes are main.ts's.
import { hkdfSync, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
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
import { createCounterMemory, sumCounters } from '../http/counters.ts';
import { createQuotaMemory, openQuotas } from '../http/quotas.ts';
import { describeError } from '../http/scope.ts';
import { createStrayMemory } from '../http/stray-budget.ts';
import { startJobs } from '../jobs/scheduler.ts';
import { createSubmissionCountMemory, sumSubmissionCounts } from '../observations/submission-counts.ts';
import { type KeyRingEntry, MAX_KEYS } from '../partners/key-ring.ts';
import { followKeys } from '../partners/store.ts';
import { insertPolicy } from '../policy/store.ts';
import { createCorrectionMemory, openCorrections } from '../positioning/calibration.ts';
import { loadCorrections } from '../positioning/error-store.ts';
import { loadIpDatabase } from '../positioning/ip-database.ts';
import { repairFeed } from '../stations/feed-repair-store.ts';
import { openStore, type Store } from '../storage/open.ts';
import { loadAnonymityMap } from './anonymity-map.ts';
import { type AtRest, openAtRest } from './at-rest.ts';
import { type DemoKeys, demoText, prepareDemo } from './demo.ts';
import { FIRST_POLICY } from './first-policy.ts';
import { openFoldBeside } from './fold-beside.ts';
import { followMasterKeys } from './follow-master-keys.ts';
import { gatewayJobs } from './gateway-jobs.ts';
import { keysAtHand, requireOwnKeys } from './key-check.ts';
import { openMapIndex } from './map-index.ts';
import { createMetrics } from './metrics.ts';
import { openMetricsServer } from './metrics-server.ts';
import { beginOpening } from './opening.ts';
import { OPS_SETTINGS, requireFreePort } from './port.ts';
import { openErasing } from './rights.ts';
import { spawnServerThreads } from './server-threads.ts';
import { openLease } from './sharing.ts';
import { createStatusMemory, readStatus, setStatus } from './status.ts';
import type { Step } from './steps.ts';
import { connectValkey } from './valkey.ts';

export type Gateway = { readonly port: number; readonly opsPort: number; close(): Promise<void> };
export type GatewayOptions = {
  readonly demo: boolean;
  readonly say: (text: string) => void;
  /** Ends a start that is not done: openGateway then closes what it had opened and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

const VERSION = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;

export async function openGateway(config: Config, options: GatewayOptions, log: Logger): Promise<Gateway> {
  const { opened, closeFirst, tookMs, close } = beginOpening(log);
  const stopping = new AbortController();
  const fault = (what: string) => (error: unknown) => log.error(describeError(error), what);

  try {
    await requireFreePort(config.host, config.port);
    await requireFreePort(config.opsHost, config.opsPort, OPS_SETTINGS);
    // They load their code while the store opens.
    const codeCache = join(config.dataDir, 'code-cache');
    const threads = spawnServerThreads(config.threads, log, codeCache);
    const stopThreads: Step = { name: 'server threads', run: () => threads.stop() };
    closeFirst(stopThreads);
    const onWait = (message: string) => log.warn(message);
    const opening = openStore(config, { role: 'server', onWait, onError: fault('store connection lost') });
    closeFirst({
      name: 'store',
      run: () =>
        opening.then(
          (open) => open.close(),
          () => undefined,
        ),
    });
    // An embedded store boots in a thread of its own, so this thread can read the 129 MB meanwhile.
    const ipDatabase = loadIpDatabase(config.geoipDb);
    opened('ip database');
    const anonymityMap = loadAnonymityMap(config.anonymityMap);
    opened('anonymity map');
    const store = await opening;
    opened('store');
    options.signal?.throwIfAborted();

    const secrets = loadSecrets(config, randomBytes);
    await requireOwnKeys(store.pool, keysAtHand(config, randomBytes));
    const { atRest, demoKeys } = await prepareStore(store, secrets, config.dataDir, options, log);
    opened('secrets');

    const status = createStatusMemory();
    let keys: readonly KeyRingEntry[] = [];
    const follower = await followKeys(
      store,
      (entries) => {
        keys = entries;
        threads.setKeys(entries);
      },
      fault('keys cannot be read; the last ones stay good'),
    );
    opened('keys', () => follower.stop());
    const lease = await openLease(store.pool, log);
    opened('lease', () => lease.replica.stop());

    const map = await openMapIndex(store, config.dataDir, secrets.indexSeed, atRest, log, options.signal);
    opened('index', () => map.stop());

    const correctionMemory = createCorrectionMemory();
    const corrections = openCorrections(correctionMemory);
    await loadCorrections(store.pool, corrections);
    const counters = createCounterMemory(config.threads);
    const submissionCounts = createSubmissionCountMemory();
    const quotaMemory = createQuotaMemory(MAX_KEYS);
    const strayMemory = createStrayMemory(MAX_KEYS);
    const addressSeed = { a: randomBytes(4).readInt32LE(), b: randomBytes(4).readInt32LE() };
    const addressKey = new Uint8Array(hkdfSync('sha256', secrets.pseudonymKey, '', 'addresses in rate limits', 32));
    const port = await threads.start(config.port, keys, (thread, sharedPort) => {
      const { handle, port: indexPort } = map.index.connect();
      return {
        data: {
          thread,
          port: sharedPort,
          version: VERSION,
          host: config.host,
          reusePort: config.threads > 1,
          trustProxy: config.trustProxy,
          valkeyUrl: config.valkeyUrl,
          logLevel: config.logLevel,
          dataDir: config.dataDir,
          store: store.address,
          index: handle,
          indexPort,
          ipDatabase,
          anonymityMap,
          counters,
          corrections: correctionMemory,
          submissionCounts,
          barredKey: secrets.barredKey,
          privacyContact: config.privacyContact,
          peopleKeys: {
            secretsPath: secretsPath(config),
            ledgerKey: secrets.ledgerKey,
            receiptKey: secrets.receiptKey,
            pseudonymKey: secrets.pseudonymKey,
          },
          stationKey: secrets.stationKey,
          coarseKey: secrets.coarseKey,
          lease: lease.memory,
          quotas: quotaMemory,
          addressSeed,
          addressPerMinute: config.addressPerMinute,
          strays: strayMemory,
          strayLimits: config.strays,
          addressKey,
          status,
        },
        transfer: [indexPort],
      };
    });
    opened('server threads');

    const valkey = config.valkeyUrl === undefined ? undefined : await connectValkey(config.valkeyUrl);
    const { barredKey, stationKey } = secrets;
    const foldSetup = { store: store.address, stationKey, barredKey, logLevel: config.logLevel };
    const folding = openFoldBeside(store.pool, foldSetup, codeCache, stopping.signal);
    opened('fold', () => folding.ended());
    const plan = gatewayJobs({
      fold: folding.fold,
      store,
      atRest,
      barredKey,
      erasing: openErasing(
        store.pool,
        secrets,
        followMasterKeys(secretsPath(config), () => performance.now()),
      ),
      corrections,
      forgetAfterDays: config.forgetAfterDays,
      counts: { mapVersion: anonymityMap.version, epsilonCap: config.countsEpsilonCap },
      map,
      quotas: openQuotas(quotaMemory, addressSeed),
      keys: () => keys,
      readCounters: () => sumCounters(counters),
      valkey,
      setStatus: (flag, up) => setStatus(status, flag, up),
      stopping: stopping.signal,
      log,
    });
    const jobs = startJobs(plan.jobs, Date.now, (job, error) =>
      log.error({ job, ...describeError(error) }, 'job failed'),
    );
    plan.watch(() => jobs.healthy());
    opened('jobs', async () => {
      await jobs.stop();
      valkey?.disconnect();
    });

    const registry = createMetrics({
      counters: () => sumCounters(counters),
      submissions: () => sumSubmissionCounts(submissionCounts),
      index: () => map.state(Date.now()),
      jobs: () => jobs.states(),
      threadRestarts: () => threads.restarts(),
      keys: () => keys.length,
    });
    const { opsHost, opsPort } = config;
    const checkLedger = createLedgerCheck(() => verifyLedger(ledgerReader(store.pool), secrets.ledgerKey), Date.now);
    // It has no password: who is not on this machine uses the command.
    const addAudit = (app: FastifyInstance) => isLoopbackHost(opsHost) && addAuditRoute(app, checkLedger);
    const ops = await openMetricsServer(registry, () => readStatus(status), opsHost, opsPort, addAudit);
    opened('metrics', () => ops.close());

    for (const flag of ['store', 'index', 'jobs'] as const) setStatus(status, flag, true);
    // Spawned first, but the first to stop too, after load balancers have been told that no more should be sent here.
    closeFirst(stopThreads);
    // Jobs wind down while the threads drain: one after the other would not fit into the time of a stop.
    function beginStop(): void {
      setStatus(status, 'index', false);
      stopping.abort();
    }
    closeFirst({ name: 'readiness', run: beginStop });
    const stations = map.index.size();
    log.info({ port, opsPort: ops.port, threads: config.threads, stations, tookMs: tookMs() }, 'ready');
    if (demoKeys !== null) options.say(demoText(demoKeys, config.host, port));
    return { port, opsPort: ops.port, close };
  } catch (error) {
    await close();
    throw error;
  }
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

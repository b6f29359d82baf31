// What the main thread gives to each server thread: the memory that all of them write to and the main thread reads, and the message
// that one starts with. Promises: a thread that replaces a crashed one gets the same memory, so counts, limits and what is
// known go on; secrets travel in that message and nowhere else.
import { hkdfSync, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Config } from '../config/env.ts';
import { type Secrets, secretsPath } from '../config/secrets.ts';
import type { AddressSeed } from '../http/address.ts';
import { createCounterMemory } from '../http/counters.ts';
import { createLimitMemory } from '../http/limit-counts.ts';
import { createQuotaMemory } from '../http/quotas.ts';
import { createStrayMemory } from '../http/stray-budget.ts';
import { createSubmissionCountMemory } from '../observations/submission-counts.ts';
import { MAX_KEYS } from '../partners/key-ring.ts';
import { createCorrectionMemory } from '../positioning/calibration.ts';
import type { IpDatabaseHandle } from '../positioning/ip.ts';
import type { StationIndex } from '../stations/index-writer.ts';
import type { StoreAddress } from '../storage/pool.ts';
import type { AnonymityMapHandle } from './anonymity-map.ts';
import { connectionsPerThread } from './open-files.ts';
import type { ThreadSetup } from './server-threads.ts';
import { createStatusMemory } from './status.ts';

export type ThreadMemory = {
  readonly counters: SharedArrayBuffer;
  readonly corrections: SharedArrayBuffer;
  readonly submissionCounts: SharedArrayBuffer;
  readonly quotas: SharedArrayBuffer;
  readonly limits: SharedArrayBuffer;
  readonly strays: SharedArrayBuffer;
  readonly status: SharedArrayBuffer;
  /** How addresses are hashed in quotas and strays. */
  readonly addressSeed: AddressSeed;
};

type ThreadNeeds = {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly store: StoreAddress;
  readonly index: StationIndex;
  readonly ipDatabase: IpDatabaseHandle;
  readonly anonymityMap: AnonymityMapHandle;
  readonly lease: SharedArrayBuffer;
  readonly memory: ThreadMemory;
};

const VERSION = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;

export function createThreadMemory(threads: number): ThreadMemory {
  return {
    counters: createCounterMemory(threads),
    corrections: createCorrectionMemory(),
    submissionCounts: createSubmissionCountMemory(),
    quotas: createQuotaMemory(MAX_KEYS),
    limits: createLimitMemory(),
    strays: createStrayMemory(MAX_KEYS),
    status: createStatusMemory(),
    addressSeed: { a: randomBytes(4).readInt32LE(), b: randomBytes(4).readInt32LE() },
  };
}

/** What a thread is started with; each gets a port of its own, over which it hears of the index's growth. */
export function threadSetup(needs: ThreadNeeds): ThreadSetup {
  const { config, secrets, store, index, ipDatabase, anonymityMap, lease, memory } = needs;
  const addressKey = new Uint8Array(hkdfSync('sha256', secrets.pseudonymKey, '', 'addresses in rate limits', 32));
  const maxConnections = connectionsPerThread(config.threads);
  return (thread, port) => {
    const { handle, port: indexPort } = index.connect();
    return {
      data: {
        ...memory,
        ...{ store, ipDatabase, anonymityMap, lease },
        thread,
        port,
        version: VERSION,
        host: config.host,
        reusePort: config.threads > 1,
        maxConnections,
        trustProxy: config.trustProxy,
        valkeyUrl: config.valkeyUrl,
        logLevel: config.logLevel,
        dataDir: config.dataDir,
        index: handle,
        indexPort,
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
        addressPerMinute: config.addressPerMinute,
        strayLimits: config.strays,
        addressKey,
      },
      transfer: [indexPort],
    };
  };
}

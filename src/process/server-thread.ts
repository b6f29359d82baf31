// One server thread: the same app as everywhere, over the shared index, listening on the port that all threads share.
// It loads its code at once and waits for a message with everything it needs, so that loading costs no time while the main
// thread opens the store. Messages in: start, new keys, stop. Messages out: listening, with the port. It ends by itself
// once stopped; whoever started it watches for a crash.
import type { AddressInfo } from 'node:net';
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { FastifyListenOptions } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from '../app.ts';
import { type AddressSeed, addressToLimit } from '../http/address.ts';
import { openStripe } from '../http/counters.ts';
import { openLimitCounts } from '../http/limit-counts.ts';
import { openQuotas } from '../http/quotas.ts';
import { openStrayBudget, type StrayLimits } from '../http/stray-budget.ts';
import { createKeyRing, type KeyRingEntry } from '../partners/key-ring.ts';
import { openCorrections } from '../positioning/calibration.ts';
import { type IpDatabaseHandle, openIpReader } from '../positioning/ip.ts';
import { createLocator } from '../positioning/locate.ts';
import { openLeaseReader } from '../sharing/lease-memory.ts';
import type { StationIndexHandle } from '../stations/index-handle.ts';
import { openStationReader } from '../stations/index-reader.ts';
import type { StoreAddress } from '../storage/pool.ts';
import type { AnonymityMapHandle } from './anonymity-map.ts';
import { openCounts } from './counts.ts';
import { createLog } from './log.ts';
import { limitConnections } from './open-files.ts';
import { openThreadPeople, type PeopleKeys } from './people.ts';
import { openRights } from './rights.ts';
import { CLOCKS, openThreadSharing } from './sharing.ts';
import { readStatus } from './status.ts';
import { openSubmission } from './submission.ts';
import { connectValkey } from './valkey.ts';
import { watchLoop } from './watch-loop.ts';

/** What a server thread is made of: all of it survives being posted. */
export type ThreadData = {
  readonly thread: number;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** Clients connected at once; Infinity = any number. */
  readonly maxConnections: number;
  readonly trustProxy: readonly string[];
  readonly valkeyUrl?: string;
  readonly logLevel: string;
  readonly store: StoreAddress;
  readonly dataDir: string;
  readonly index: StationIndexHandle;
  readonly indexPort: MessagePort;
  readonly ipDatabase: IpDatabaseHandle;
  readonly anonymityMap: AnonymityMapHandle;
  readonly keys: readonly KeyRingEntry[];
  readonly counters: SharedArrayBuffer;
  /** What this map's own answers taught about circles (positioning/calibration.ts); absent = nothing. */
  readonly corrections?: SharedArrayBuffer;
  readonly submissionCounts: SharedArrayBuffer;
  readonly barredKey: Uint8Array;
  readonly stationKey: Uint8Array;
  readonly peopleKeys: PeopleKeys;
  readonly privacyContact: string;
  readonly coarseKey: Uint8Array;
  readonly lease: SharedArrayBuffer;
  readonly quotas: SharedArrayBuffer;
  readonly limits: SharedArrayBuffer;
  readonly addressSeed: AddressSeed;
  readonly addressPerMinute: number;
  readonly strays: SharedArrayBuffer;
  readonly strayLimits: StrayLimits;
  readonly addressKey: Uint8Array;
  readonly status: SharedArrayBuffer;
};
export type ToThread =
  | { kind: 'start'; data: ThreadData }
  | { kind: 'keys'; entries: readonly KeyRingEntry[] }
  | { kind: 'stop' };
export type FromThread = { kind: 'listening'; port: number };

/** Requests in flight get this long at a stop, then their connections are cut. */
const DRAIN_MS = 4_000;

type Serving = { setKeys(entries: readonly KeyRingEntry[]): void; stop(): Promise<void> };

let serving: Promise<Serving> | undefined;

parentPort?.on('message', (message: ToThread) => {
  // A start that fails is an unhandled rejection, which ends the thread: that is how the main thread learns of it.
  if (message.kind === 'start') serving = serve(message.data);
  else if (message.kind === 'keys') serving?.then((thread) => thread.setKeys(message.entries));
  else if (serving === undefined) parentPort?.close();
  else serving.then((thread) => thread.stop());
});

async function serve(data: ThreadData): Promise<Serving> {
  const log = createLog(data.logLevel, `server ${data.thread}`);
  const counters = openStripe(data.counters, data.thread);
  const ring = createKeyRing(Date.now);
  ring.replace(data.keys);
  const rooms = await openRooms(data, log);
  const valkey = data.valkeyUrl === undefined ? undefined : await connectValkey(data.valkeyUrl);
  const loop = watchLoop(counters);
  const app = await buildApp({
    version: data.version,
    findKey: ring.find,
    locator: createLocator({
      corrections: data.corrections === undefined ? undefined : openCorrections(data.corrections),
      stations: openStationReader(data.index, data.indexPort),
      ip: openIpReader(data.ipDatabase),
    }),
    ...rooms.ports,
    strayBudget: openStrayBudget(data.strays, data.addressSeed, data.strayLimits, addressToLimit),
    quotas: openQuotas(data.quotas, data.addressSeed, data.addressPerMinute),
    counters,
    readiness: () => readStatus(data.status),
    overloaded: loop.overloaded,
    log,
    now: Date.now,
    trustProxy: data.trustProxy,
    addressKey: data.addressKey,
    limitCounts: openLimitCounts(data.limits, Date.now),
    valkey,
  });
  limitConnections(app.server, data.maxConnections, log);
  // Handed on to net.Server.listen, whose reusePort Fastify's types don't know yet.
  await app.listen({ host: data.host, port: data.port, reusePort: data.reusePort } as FastifyListenOptions);
  loop.begin();
  const { port } = app.server.address() as AddressInfo;
  parentPort?.postMessage({ kind: 'listening', port } satisfies FromThread);
  return {
    setKeys: ring.replace,
    async stop() {
      const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await app.close();
      clearTimeout(cut);
      loop.stop();
      valkey?.disconnect();
      await rooms.close();
      data.indexPort.close();
      parentPort?.close();
    },
  };
}

/** What the rooms need of the store, subject by subject. */
async function openRooms(data: ThreadData, log: Logger) {
  const { ledgerKey, pseudonymKey } = data.peopleKeys;
  const submission = openSubmission(data, log);
  const people = await openThreadPeople(data.store, data.peopleKeys, data.privacyContact, log);
  const counts = openCounts({ pool: people.pool, pseudonymKey }, log);
  const sharing = openThreadSharing(
    data.store,
    {
      ...{ ledgerKey, masters: people.masters, coarseKey: data.coarseKey, map: data.anonymityMap },
      ...{ lease: openLeaseReader(data.lease, CLOCKS), now: Date.now, noteVisit: counts.noteVisit },
    },
    log,
  );
  return {
    ports: {
      submission: submission.ports,
      removals: submission.removals,
      people: people.people,
      rights: openRights(people),
      audience: sharing.audience,
      counts: counts.ports,
    },
    async close() {
      await submission.close();
      await sharing.close();
      await counts.close();
      await people.close();
    },
  };
}

// One server thread: the same app as everywhere, over the shared index, listening on the port that all threads share.
// It is given everything by `workerData` and opens nothing but the socket (and Valkey). Messages in: new keys, stop.
// Messages out: listening, with the port. It ends by itself once stopped; whoever started it watches for a crash.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FastifyListenOptions } from 'fastify';
import { Valkey } from 'iovalkey';
import { buildApp } from '../app.ts';
import type { AddressSeed } from '../http/address.ts';
import { openStripe } from '../http/counters.ts';
import { openQuotas } from '../http/quotas.ts';
import { createKeyRing, type KeyRingEntry } from '../partners/key-ring.ts';
import { type IpDatabaseHandle, openIpReader } from '../positioning/ip.ts';
import { createLocator } from '../positioning/locate.ts';
import type { StationIndexHandle } from '../stations/index-handle.ts';
import { openStationReader } from '../stations/index-reader.ts';
import type { StoreAddress } from '../storage/open.ts';
import { createLog } from './log.ts';
import { readStatus } from './status.ts';
import { openSubmission } from './submission.ts';
import { VALKEY_OPTIONS } from './valkey.ts';

/** What a server thread is made of: all of it survives being posted. */
export type ThreadData = {
  readonly thread: number;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly trustProxy: readonly string[];
  readonly valkeyUrl?: string;
  readonly logLevel: string;
  readonly store: StoreAddress;
  readonly dataDir: string;
  readonly index: StationIndexHandle;
  readonly indexPort: MessagePort;
  readonly ipDatabase: IpDatabaseHandle;
  readonly keys: readonly KeyRingEntry[];
  readonly counters: SharedArrayBuffer;
  readonly submissionCounts: SharedArrayBuffer;
  readonly barredKey: Uint8Array;
  readonly quotas: SharedArrayBuffer;
  readonly addressSeed: AddressSeed;
  readonly addressKey: Uint8Array;
  readonly status: SharedArrayBuffer;
};
export type ToThread = { kind: 'keys'; entries: readonly KeyRingEntry[] } | { kind: 'stop' };
export type FromThread = { kind: 'listening'; port: number };

/** Event-loop delay past which an answer comes when Gecko has begun to ask anew (it tries every 5 s, times out at 60). */
const MAX_LOOP_DELAY_MS = 1_000;
const LOOP_RESOLUTION_MS = 10;
const LOOP_PERIOD_MS = 1_000;
/** Requests in flight get this long at a stop, then their connections are cut. */
const DRAIN_MS = 4_000;

const data = workerData as ThreadData;
const log = createLog(data.logLevel, `server ${data.thread}`);
const counters = openStripe(data.counters, data.thread);
const ring = createKeyRing();
ring.replace(data.keys);
const submission = openSubmission(data, log);
const valkey = data.valkeyUrl === undefined ? undefined : new Valkey(data.valkeyUrl, VALKEY_OPTIONS);
// Without a listener an unreachable Valkey would be an uncaught error; limits are then counted in this thread alone.
valkey?.on('error', () => {});

let loopDelayMs = 0;
const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
loop.enable();
const loopTimer = setInterval(() => {
  loopDelayMs = Math.max(0, loop.mean / 1e6 - LOOP_RESOLUTION_MS);
  counters.loopDelay(loopDelayMs, loop.percentile(99) / 1e6, loop.max / 1e6);
  loop.reset();
}, LOOP_PERIOD_MS);

const app = await buildApp({
  version: data.version,
  findKey: ring.find,
  locator: createLocator({
    stations: openStationReader(data.index, data.indexPort),
    ip: openIpReader(data.ipDatabase),
  }),
  submission: submission.ports,
  removals: submission.removals,
  quotas: openQuotas(data.quotas, data.addressSeed),
  counters,
  readiness: () => readStatus(data.status),
  overloaded: () => loopDelayMs > MAX_LOOP_DELAY_MS,
  log,
  now: Date.now,
  trustProxy: data.trustProxy,
  addressKey: data.addressKey,
  valkey,
});

async function stop(): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
  await app.close();
  clearTimeout(cut);
  clearInterval(loopTimer);
  valkey?.disconnect();
  await submission.close();
  data.indexPort.close();
  parentPort?.close();
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'keys') ring.replace(message.entries);
  else stop();
});

// Handed on to net.Server.listen, whose reusePort Fastify's types don't know yet.
await app.listen({ host: data.host, port: data.port, reusePort: data.reusePort } as FastifyListenOptions);
const address = app.server.address();
parentPort?.postMessage({
  kind: 'listening',
  port: typeof address === 'object' && address !== null ? address.port : data.port,
} satisfies FromThread);

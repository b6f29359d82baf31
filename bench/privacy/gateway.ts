// A gateway to attack: the real app with the real locator, ledger, consent, leases, pipeline and log, over a real store and over
// HTTP. Not as in production: the clock is the attacker's world's (leases count real time), the map of stations is empty
// (phones send their satellite fix), keys have no quotas. Several on one store are replicas of each other.
import { randomBytes, randomUUID } from 'node:crypto';
import { Agent, request as httpRequest, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { FLAG } from '../../src/devices/device-contract.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import type { Device } from '../../src/devices/profile.ts';
import { changeDevice, loadDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createCounterMemory, openStripe, sumCounters } from '../../src/http/counters.ts';
import { MAX_KEYS } from '../../src/partners/key-ring.ts';
import { addKey } from '../../src/partners/store.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { layOutAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { createMetrics } from '../../src/process/metrics.ts';
import { openPeople } from '../../src/process/people.ts';
import type { Store } from '../../src/storage/open.ts';
import { plainDeps } from '../../test/support/app.ts';
import { createMemoryStations } from '../../test/support/memory-stations.ts';
import { openReplica } from '../../test/support/replica.ts';

const PURPOSE = 'dpv:ServiceProvision';
const MASTERS = masterKeysOf([Buffer.alloc(32, 1)]);
const LEDGER_KEY = Buffer.alloc(32, 2);
export const COARSE_KEY = Buffer.alloc(32, 3);
/** May be told anything that people grant it. */
const PARTNER = {
  role: 'vendor' as const,
  policyUrl: 'https://partner.example/privacy',
  contact: 'privacy@partner.example',
  controller: 'Partner, 1 Street',
  adFunded: false,
  purposes: [PURPOSE],
  maxPrecision: 2,
};

export type Reply = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly tookMs: number;
};
export type Partner = { readonly key: string; readonly application: string };
type Clock = { nowMs: number };
export type PrivacyGateway = {
  readonly clock: Clock;
  readonly deviceKey: string;
  /** Every line of the log. */
  readonly logged: readonly string[];
  send(
    method: string,
    path: string,
    bearer: string | null,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  /** Where is this phone? As a partner, with or without a device token. */
  ask(partner: Partner, token: string | null, body: unknown, query?: string): Promise<Reply>;
  register(profile?: object): Promise<string>;
  /** The device behind a token, as the operator finds it. */
  deviceOf(token: string): Promise<string>;
  grant(token: string, partner: Partner, precision: 'none' | 'region' | 'precise'): Promise<Reply>;
  withdraw(token: string, partner: Partner): Promise<Reply>;
  /** A token of the phone's for one partner's application. */
  applicationToken(token: string, partner: Partner): Promise<string>;
  restrict(token: string): Promise<void>;
  addPartner(name: string): Promise<Partner>;
  /** Learns of partners that another gateway added. */
  follow(): Promise<void>;
  metrics(): Promise<string>;
  close(): Promise<void>;
};

export async function openPrivacyGateway(store: Store, names: Uint32Array, clock: Clock): Promise<PrivacyGateway> {
  const logged: string[] = [];
  const log = pino({ level: 'trace', base: {} }, { write: (line: string) => void logged.push(line) });
  const now = () => clock.nowMs;
  await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  const replica = await openReplica(store, {
    ...{ now, log, onError: (error) => log.error({ error: String(error) }, 'replica') },
    map: { shared: layOutAnonymityMap(names), version: 'bench', k: 1_000 },
    secrets: { ledgerKey: LEDGER_KEY, masters: MASTERS, coarseKey: COARSE_KEY },
  });
  const { pool, inChain } = replica;
  const secrets = { masters: MASTERS, receiptKey: Buffer.alloc(32, 4), pseudonymKey: Buffer.alloc(32, 5) };
  const counters = createCounterMemory(1);
  const app = await buildApp({
    ...{ version: 'bench', findKey: replica.findKey, audience: replica.audience, log, now },
    ...plainDeps(MAX_KEYS),
    people: await openPeople({ pool, inChain, ...secrets, contact: '' }),
    locator: createLocator({ stations: createMemoryStations(), ip: { find: () => null } }),
    counters: openStripe(counters, 0),
    othersPerMinute: 1_000_000,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const sender = createSender((app.server.address() as AddressInfo).port);
  const deviceKey = (await addKey(store, unlimited('device', `phones ${randomUUID()}`), randomBytes, 1)).key;
  await replica.followKeys();
  const registry = createMetrics({
    counters: () => sumCounters(counters),
    submissions: () => ({ kept: {}, dropped: {} }),
    index: () => ({ stations: 0, bytes: 0, snapshotAgeS: null, feedLagS: 0 }),
    jobs: () => [],
    threadRestarts: () => 0,
    keys: () => 0,
  });
  const deviceOf = async (token: string) => (await loadDevice(pool, MASTERS, hashToken(token), now()))!.id;
  return {
    ...{ clock, deviceKey, logged, deviceOf },
    ...callsOf(sender.send, deviceKey),
    async restrict(token) {
      const id = await deviceOf(token);
      const keys = { masters: MASTERS, random: randomBytes };
      const restricted = ({ flags }: Pick<Device, 'flags'>) => ({ flags: flags | FLAG.restricted });
      await inChain((client, chain) => changeDevice(client, chain, keys, id, restricted, 'restricted', now()));
    },
    async addPartner(name) {
      const { key, application } = await addKey(store, unlimited('partner', name), randomBytes, 1, PARTNER);
      await replica.followKeys();
      return { key, application: application! };
    },
    follow: replica.followKeys,
    metrics: () => registry.metrics(),
    async close() {
      sender.close();
      await replica.close(app);
    },
  };
}

const unlimited = <Class>(of: Class, name: string) => ({ class: of, name, dailyQuota: null, perMinute: null });

/** What is asked over HTTP alone. */
function callsOf(
  send: PrivacyGateway['send'],
  deviceKey: string,
): Pick<PrivacyGateway, 'send' | 'ask' | 'register' | 'grant' | 'withdraw' | 'applicationToken'> {
  const consentPath = ({ application }: Partner) => `/v1/me/consents/${application}/${PURPOSE}`;
  const newToken = async (path: string, bearer: string, wanted: object): Promise<string> => {
    const { status, body } = await send('POST', path, bearer, wanted);
    if (status !== 201) throw new Error(`no token from ${path}: ${status}`);
    return JSON.parse(body).token;
  };
  return {
    send,
    ask: ({ key }, token, body, query = '') =>
      send('POST', `/v1/geolocate?key=${key}${token === null ? '' : `&device=${token}`}${query}`, null, body),
    register: (profile = { ageBand: '18plus', jurisdiction: 'NL' }) => newToken('/v1/devices', deviceKey, profile),
    grant: (token, partner, precision) => send('PUT', consentPath(partner), token, { precision }),
    withdraw: (token, partner) => send('DELETE', consentPath(partner), token, undefined),
    applicationToken: (token, { application }) => newToken('/v1/me/tokens', token, { application }),
  };
}

/** A client with connections that stay open, which tells how long the answer took. */
function createSender(port: number): Pick<PrivacyGateway, 'send'> & { close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return {
    close: () => agent.destroy(),
    async send(method, path, bearer, body, headers = {}) {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const head: Record<string, string> = { ...headers };
      if (payload !== undefined) head['content-type'] = 'application/json';
      if (bearer !== null) head.authorization = `Bearer ${bearer}`;
      // A connection that lay idle may end just when it is used again; then the next one is taken.
      for (;;) {
        const reply = await once({ agent, port, host: '127.0.0.1', method, path, headers: head }, payload);
        if (reply !== null) return reply;
      }
    },
  };
}

/** One request; null if it got a connection that had been used before and was gone. */
function once(options: RequestOptions, payload: string | undefined): Promise<Reply | null> {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now();
    const sent = httpRequest(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.rawHeaders,
          body: Buffer.concat(chunks).toString('utf8'),
          tookMs: performance.now() - begunMs,
        }),
      );
      answer.on('error', reject);
    });
    sent.on('error', (error) => (sent.reusedSocket ? resolve(null) : reject(error)));
    sent.end(payload);
  });
}

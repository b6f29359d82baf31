// A gateway of a test with everything that sharing needs and nothing faked but its clock and what places a phone (the
// `position` of the body): the real app, ledger, consent, leases and pipeline over a real store. Several on one store are
// replicas of each other.
import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest, LightMyRequestResponse } from 'fastify';
import { cellToLatLng, latLngToCell } from 'h3-js';
import type { Pool } from 'pg';
import { buildApp } from '../../src/app.ts';
import { dropLastLocation } from '../../src/consent/store.ts';
import { ALL_SOURCES } from '../../src/devices/device-contract.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE, type Profile } from '../../src/devices/profile.ts';
import { loadDevice, registerDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import type { InChain } from '../../src/disclosures/chain.ts';
import { KIND, type Precision } from '../../src/disclosures/entry.ts';
import { createCounterMemory, openStripe } from '../../src/http/counters.ts';
import type { StrayBudget } from '../../src/http/stray-budget.ts';
import type { SubmissionPorts } from '../../src/observations/routes.ts';
import { MAX_KEYS } from '../../src/partners/key-ring.ts';
import { addKey } from '../../src/partners/store.ts';
import type { Estimate, Locator } from '../../src/positioning/locator.ts';
import { layOutAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import type { AnonymityMapHandle } from '../../src/process/anonymity-map.ts';
import { openPeople } from '../../src/process/people.ts';
import { openRights } from '../../src/process/rights.ts';
import type { Clocks } from '../../src/sharing/lease-memory.ts';
import type { Replica } from '../../src/sharing/replica-store.ts';
import type { Store } from '../../src/storage/open.ts';
import { plainDeps } from './app.ts';
import { openReplica } from './replica.ts';
import { afterFile } from './store.ts';

export const LEDGER_KEY = Buffer.alloc(32, 7);
export const MASTERS = masterKeysOf([Buffer.alloc(32, 9)]);
/** Tombstones and suppressed tokens go by it. */
export const PSEUDONYM_KEY = Buffer.alloc(32, 15);
const COARSE_KEY = Buffer.alloc(32, 11);
export const PURPOSE = 'dpv:ServiceProvision';

/** The H3 cell in which phones of these tests are, of resolution 7, and its middle in degrees. */
export const H3_CELL = latLngToCell(52.09, 5.12, 7);
export const [LAT, LON] = cellToLatLng(H3_CELL);
/** A map in which it is a region, inside one of each coarser resolution. */
export const MAP = mapOf([3, 4, 5, 6, 7].map((res) => parentKey(keyOfCell(H3_CELL), res)));
/** What a phone at these degrees sends; `accuracy` in metres. */
export const at = (lat = LAT, lon = LON, accuracy = 20) => ({ position: { latitude: lat, longitude: lon, accuracy } });
export const HERE = at();

/** What the locator says, overwritten by the next question, as the real one's answer is. */
const said: Estimate = { lat: 0, lon: 0, accuracyM: 0, fallback: '', source: 'gps', sources: 1 };
/** Places a phone where its `position` says, by GPS; by nothing else. */
const byPosition: Locator = {
  locate: ({ fix }) =>
    fix.present ? Object.assign(said, { lat: fix.lat, lon: fix.lon, accuracyM: fix.accuracyM || 25 }) : null,
  country: () => null,
};

type SharingOptions = {
  readonly clock?: { nowMs: number };
  /** The store's clock; default: as `clock`. */
  readonly storeMs?: (saidMs: number) => number;
  readonly map?: AnonymityMapHandle;
  readonly locator?: Locator;
  /** false: no lease is taken, so that nothing is answered from memory. */
  readonly leased?: boolean;
  /** The clocks that its lease is counted on. */
  readonly clocks?: Clocks;
  /** How often it looks for changes of mind. */
  readonly pollMs?: number;
  readonly strayBudget?: StrayBudget<FastifyRequest>;
  /** With routes for reports. */
  readonly submission?: SubmissionPorts;
  /** With people's own routes; their rights go by the machine's clock. */
  readonly people?: boolean;
};

type SharingGateway = {
  readonly app: FastifyInstance;
  readonly clock: { nowMs: number };
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly replica: Replica | null;
  readonly logged: object[];
  /** Asks as a partner (or a phone) does; `query` may hold key, device, purpose, polygon. */
  ask(query: Readonly<Record<string, string>>, body?: object): Promise<LightMyRequestResponse>;
  /** A native route, as whoever holds the token. */
  call(method: string, url: string, token: string, body?: object, proof?: string): Promise<LightMyRequestResponse>;
  /** Looks for new keys now. */
  followKeys(): Promise<void>;
  /** Resolves once every gateway on the store has heard of change number `seq`. */
  settle(seq: number): Promise<void>;
  /** Takes its store away. */
  cutStore(): Promise<void>;
  close(): Promise<void>;
};

/** A map with these regions (keys of region-key.ts); every parent must be named too. */
export function mapOf(names: Iterable<number>, version = 'test-map'): AnonymityMapHandle {
  return { shared: layOutAnonymityMap(Uint32Array.from(names).sort()), version, k: 1000 };
}

export async function openSharingGateway(store: Store, options: SharingOptions = {}): Promise<SharingGateway> {
  const { clock = { nowMs: Date.UTC(2026, 10, 22, 12, 1) }, map = mapOf([]), locator = byPosition } = options;
  const logged: object[] = [];
  const log = { error: (facts: object, message: string) => void logged.push({ ...facts, message }) };
  const now = () => clock.nowMs;
  const replica = await openReplica(store, {
    ...{ clocks: options.clocks, leased: options.leased, pollMs: options.pollMs ?? 20, storeMs: options.storeMs },
    ...{ map, now, log, onError: (error) => void logged.push({ error }) },
    secrets: { ledgerKey: LEDGER_KEY, masters: MASTERS, coarseKey: COARSE_KEY },
  });
  const { pool, inChain, followKeys, settle } = replica;
  const app = await buildApp({
    ...{ version: '0.0.0', findKey: replica.findKey, locator, audience: replica.audience, log, now },
    ...plainDeps(MAX_KEYS),
    counters: openStripe(createCounterMemory(1), 0),
    ...(options.people ? await peoplesPorts(pool, inChain) : {}),
    ...(options.strayBudget && { strayBudget: options.strayBudget }),
    ...(options.submission && { submission: options.submission }),
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= replica.close(app);
    return closed;
  };
  afterFile(close);
  return {
    ...{ app, clock, pool, inChain, replica: replica.replica, logged, close, followKeys, settle },
    ask: (query, body = {}) => app.inject({ method: 'POST', url: '/v1/geolocate', query, payload: body }),
    call: (method, url, token, body, proof) =>
      app.inject({
        ...{ method: method as 'GET', url, payload: body },
        headers: { authorization: `Bearer ${token}`, ...(proof === undefined ? {} : { 'honeyguide-proof': proof }) },
      }),
    cutStore: replica.closePool,
  };
}

async function peoplesPorts(pool: Pool, inChain: InChain) {
  const own = {
    ...{ pool, inChain, masters: MASTERS, receiptKey: Buffer.alloc(32, 13), pseudonymKey: PSEUDONYM_KEY },
    contact: 'privacy@example.org',
  };
  return { people: await openPeople(own), rights: openRights(own), othersPerMinute: 100_000 };
}

/** A partner that may be told anything that people grant it: its key, and the application it stands for. */
export async function addPartner(
  store: Store,
  name: string,
  overrides: { purposes?: string[]; maxPrecision?: number; policyUrl?: string | null } = {},
): Promise<{ key: string; application: string }> {
  const { purposes = [PURPOSE], maxPrecision = 2, policyUrl = 'https://partner.example/privacy' } = overrides;
  const added = await addKey(store, { class: 'partner', name, dailyQuota: null, perMinute: null }, randomBytes, 1, {
    role: 'vendor',
    policyUrl,
    contact: 'privacy@partner.example',
    controller: 'Partner, 1 Street',
    adFunded: false,
    purposes,
    maxPrecision,
  });
  return { key: added.key, application: added.application! };
}

export async function addDeviceKey(store: Store): Promise<string> {
  const wanted = { class: 'device' as const, name: 'phones', dailyQuota: null, perMinute: null };
  return (await addKey(store, wanted, randomBytes, 1)).key;
}

export type TestDevice = { readonly id: string; readonly token: string };

export async function addDevice(inChain: InChain, nowMs: number, profile: Partial<Profile> = {}): Promise<TestDevice> {
  const id = randomUUID();
  const secrets = { masters: MASTERS, random: randomBytes };
  const full = { ...NEW_PROFILE, ageBand: '18plus' as const, ...profile };
  const { token } = await inChain((client, chain) => registerDevice(client, chain, secrets, id, full, nowMs));
  return { id, token };
}

type TestGrant = {
  readonly state: string;
  readonly precision: number;
  readonly scopes: readonly string[];
  readonly sources: number;
  readonly expiresAt: number | null;
};

/** Writes a grant as the consent room does: under the lock, with a row, changing what replicas remember. Resolves when settled. */
export function setGrant(
  inChain: InChain,
  { id, token }: TestDevice,
  application: string,
  nowMs: number,
  grant: Partial<TestGrant> = {},
  purpose = PURPOSE,
): Promise<number> {
  return inChain(async (client, chain) => {
    const device = await loadDevice(client, MASTERS, hashToken(token), nowMs);
    const { state = 'given', precision = 2, scopes = ['geolocate'], sources = ALL_SOURCES } = grant;
    const expiresAt = grant.expiresAt === undefined ? nowMs + 86_400_000 : grant.expiresAt;
    const seq = chain.append({
      ...{ at: nowMs, kind: KIND.consent, application, subject: device?.subject, purpose, basis: 'consent' },
      ...{ precision: precision as Precision, policyVersion: 'v1', detail: state },
    });
    await client.query(
      `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version,
         given_at, expires_at, event_seq)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 'v1', $9, $10, $11)
       on conflict (device, application, purpose) do update set state = excluded.state, precision = excluded.precision,
         scopes = excluded.scopes, sources = excluded.sources, expires_at = excluded.expires_at, event_seq = excluded.event_seq`,
      [id, application, purpose, randomUUID(), state, precision, scopes, sources, nowMs, expiresAt, seq],
    );
    await dropLastLocation(client, id, nowMs);
    chain.changed(id);
    return seq;
  });
}

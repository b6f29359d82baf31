// Everything that is decided about devices that a request names, for as many requests as wait: one transaction under the
// ledger's lock, in which grants and switches are read as they are, each request is decided and located by what it may use,
// and its row is written. Promises: what it resolves to was durable before it resolved; a withdrawal is entirely before or
// entirely after it (DESIGN 6.7); a position never reaches the store, but under a grant that lets us keep the last one.
import type { ClientBase } from 'pg';
import { type Decision, decide, type Recipient } from '../consent/decide.ts';
import type { Random } from '../devices/device-key.ts';
import { type Device, type DeviceRow, sealJson, stateOf } from '../devices/profile.ts';
import { geolocatedBy } from '../devices/source-words-contract.ts';
import type { Chain, InChain } from '../disclosures/chain.ts';
import { KIND, type LedgerEntry, PRECISION } from '../disclosures/entry.ts';
import { SUPPRESSED } from '../privacy/anonymity-map.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import type { RegionKey } from '../privacy/region-key.ts';
import type { DecideBatch } from './batches.ts';
import { COARSE_STATE_TTL_MS, type CoarseRules, coarseStateOf, type KeptState } from './coarse-region.ts';
import type { LastLocation } from './last-location.ts';
import { keepLastLocations, type Located, readLastLocations } from './last-location-store.ts';
import { coarseLabel, DAMAGED, FORGOTTEN, loadSubjects, type Named, type Subject } from './subjects-store.ts';

/** What a request wants to know of a device. */
export type Ask = Named & {
  /** Of the partner's key. */
  readonly keyId: string;
  /** By these sources (bits of SOURCE) and no other; copied by who asks. */
  locate(sources: number): LastLocation | null;
};

export type Outcome =
  | { readonly kind: 'nothing'; readonly isDevice: boolean }
  | {
      readonly kind: 'region';
      readonly region: RegionKey;
      readonly tick: number;
      readonly device: string;
      /** When the token ends. */
      readonly untilMs: number;
    }
  | { readonly kind: 'precise'; readonly where: LastLocation; readonly atMs: number };

export type DecideDeps = CoarseRules & {
  /** Over connections that pipeline. */
  readonly inChain: InChain;
  readonly openDevice: (row: DeviceRow) => Device;
  /** Hears of devices that do not open. */
  readonly onDamaged: (error: unknown) => void;
  readonly random: Random;
  readonly now: () => number;
  /** Whom keys stand for as the store has it now (partners/registry-store.ts). */
  readonly readRecipients: (
    client: ClientBase,
    keyIds: readonly string[],
    nowMs: number,
  ) => Promise<ReadonlyMap<string, Recipient>>;
};

const DAY_MS = 86_400_000;
const PRECISE = { kind: KIND.precise, basis: 'consent', precision: PRECISION.precise } as const;
const UNKNOWN: Outcome = { kind: 'nothing', isDevice: false };
const NOTHING: Outcome = { kind: 'nothing', isDevice: true };

export function createDecideAll(deps: DecideDeps): DecideBatch<Ask, Outcome> {
  // Refusals are told to the ledger once a device, application, purpose and tick: a phone that asks on adds nothing.
  let noted = new Set<string>();
  let notedTick = -1;

  return async (asks, sent) => {
    const fresh = new Set<string>();
    let ofTick = noted;
    const outcomes = await deps.inChain(async (client, chain) => {
      const nowMs = deps.now();
      const tick = Math.floor(nowMs / TICK_MS);
      if (tick !== notedTick) noted = new Set();
      notedTick = tick;
      ofTick = noted;
      const isNoted = (key: string) => {
        if (ofTick.has(key) || fresh.has(key)) return true;
        fresh.add(key);
        return false;
      };
      return await decideInOrder(deps, client, chain, asks, nowMs, isNoted);
    }, sent);
    // Only now are their rows there: the batch that is decided meanwhile may write one more.
    for (const key of fresh) ofTick.add(key);
    return outcomes;
  };
}

/** A request that may be told the last place, as nothing in it says where the phone is now. */
type Unlocated = {
  readonly i: number;
  readonly device: Device;
  readonly sources: number;
  /** What was found before the yes that is asked on is not part of it. */
  readonly sinceMs: number;
  readonly entry: Omit<LedgerEntry, 'kind'>;
};
type Told = { readonly subject: Subject; readonly ask: Ask; readonly decision: Decision };

async function decideInOrder(
  deps: DecideDeps,
  client: ClientBase,
  chain: Chain,
  asks: readonly Ask[],
  nowMs: number,
  isNoted: (key: string) => boolean,
): Promise<Outcome[]> {
  const tick = Math.floor(nowMs / TICK_MS);
  const keyIds = [...new Set(asks.map((ask) => ask.keyId))];
  const [recipients, subjects] = await Promise.all([
    deps.readRecipients(client, keyIds, nowMs),
    loadSubjects(client, deps.openDevice, asks, nowMs, deps.onDamaged),
  ]);
  const states = new Map<string, KeptState>();
  const changed = new Map<string, Device>();
  const regions: Told[] = [];
  const places = new Map<string, Located>();
  const unlocated: Unlocated[] = [];
  const outcomes = asks.map((ask, i): Outcome => {
    const subject = subjects[i];
    const recipient = recipients.get(ask.keyId);
    if (subject === null) return UNKNOWN;
    if (subject === DAMAGED) return NOTHING;
    const { device, grant, givenAt, policyVersion } = subject;
    if (recipient === undefined) return NOTHING;
    const question = {
      ...{ device: stateOf(device), grant, application: recipient, purpose: ask.purpose, policyVersion },
      ...{ scope: 'geolocate' as const, now: nowMs },
    };
    const decision = decide(question);
    const entry = {
      ...{ at: nowMs, application: ask.application, subject: device.subject, purpose: ask.purpose },
      ...{ eventSeq: decision.eventSeq, policyVersion: decision.policyVersion },
    };
    if (decision.outcome === 'nothing') {
      if (!isNoted(`${device.id} ${ask.application} ${ask.purpose}`))
        chain.append({ ...entry, kind: KIND.refused, precision: PRECISION.none, tick, detail: decision.reason });
      return NOTHING;
    }
    if (decision.outcome === 'precise') {
      const where = ask.locate(decision.sources);
      const mayKeep = decide({ ...question, scope: 'last-location' }).outcome === 'precise';
      if (where === null) {
        if (mayKeep && givenAt !== null)
          unlocated.push({ i, device, sources: decision.sources, sinceMs: givenAt, entry });
        return NOTHING;
      }
      chain.append({ ...entry, ...PRECISE, detail: geolocatedBy(where.sources) });
      if (mayKeep) places.set(device.id, { device, where });
      return { kind: 'precise', where, atMs: nowMs };
    }
    const kept = states.get(device.id) ?? subject.coarse;
    if (kept === FORGOTTEN) return NOTHING;
    const locate = () => ask.locate(decision.sources);
    const state = coarseStateOf(deps, device.id, kept, device.profile.sources, locate, nowMs);
    if (state === null) return NOTHING;
    if (state !== kept) changed.set(device.id, device);
    states.set(device.id, state);
    if (state.region === SUPPRESSED) return NOTHING;
    regions.push({ subject, ask, decision });
    return { kind: 'region', region: state.region, tick, device: device.id, untilMs: subject.tokenExpiresAt };
  });
  if (unlocated.length > 0) await tellLast(deps, client, chain, unlocated, outcomes, nowMs);
  if (regions.length > 0) await noteRegions(client, chain, regions, tick, nowMs);
  if (changed.size > 0) await keepStates(deps, client, [...changed.values()], states, nowMs);
  if (places.size > 0) await keepLastLocations(client, [...places.values()], deps.random, nowMs);
  await touch(client, subjects, nowMs);
  return outcomes;
}

/** Tells where they were found last, as far as that was since the yes of whoever asks now, and by sources that it allows. */
async function tellLast(
  deps: DecideDeps,
  client: ClientBase,
  chain: Chain,
  unlocated: readonly Unlocated[],
  outcomes: Outcome[],
  nowMs: number,
): Promise<void> {
  const devices = unlocated.map(({ device }) => device);
  const kept = await readLastLocations(client, devices, nowMs, deps.onDamaged);
  for (const { i, device, sources, sinceMs, entry } of unlocated) {
    const where = kept.get(device.id);
    if (where === undefined || where.at < sinceMs || (where.sources & ~sources) !== 0) continue;
    chain.append({ ...entry, ...PRECISE, detail: geolocatedBy(where.sources) });
    outcomes[i] = { kind: 'precise', where, atMs: where.at };
  }
}

/** One row for a device, application, purpose and tick: a region that is repeated discloses nothing new. */
async function noteRegions(
  client: ClientBase,
  chain: Chain,
  told: readonly Told[],
  tick: number,
  nowMs: number,
): Promise<void> {
  const nameOf = (application: string, purpose: string, subject: Buffer) =>
    `${application} ${purpose} ${subject.toString('hex')}`;
  const { rows } = await client.query<{ application: string; purpose: string; subject: Buffer }>(
    `select l.application, l.purpose, l.subject
     from unnest($1::text[], $2::text[], $3::bytea[]) as q(application, purpose, subject)
     join ledger l on l.kind = ${KIND.region} and l.tick = $4 and l.application = q.application
       and l.subject = q.subject and l.purpose = q.purpose`,
    [
      told.map(({ ask }) => ask.application),
      told.map(({ ask }) => ask.purpose),
      told.map(({ subject }) => subject.device.subject),
      tick,
    ],
  );
  const written = new Set(rows.map((row) => nameOf(row.application, row.purpose, row.subject)));
  for (const { subject, ask, decision } of told) {
    const name = nameOf(ask.application, ask.purpose, subject.device.subject);
    if (written.has(name)) continue;
    written.add(name);
    chain.append({
      at: nowMs,
      kind: KIND.region,
      application: ask.application,
      subject: subject.device.subject,
      purpose: ask.purpose,
      basis: decision.reason === 'regionGranted' ? 'consent' : 'anonymous',
      precision: PRECISION.region,
      eventSeq: decision.eventSeq,
      policyVersion: decision.policyVersion,
      tick,
      detail: decision.reason,
    });
  }
}

async function keepStates(
  deps: DecideDeps,
  client: ClientBase,
  devices: readonly Device[],
  states: ReadonlyMap<string, KeptState>,
  nowMs: number,
): Promise<void> {
  const stateOfDevice = (device: Device) => states.get(device.id)!;
  await client.query(
    `insert into coarse_states (device, tick, expires_at, sealed)
     select device, tick, $3, sealed from unnest($1::uuid[], $2::int[], $4::bytea[]) as s(device, tick, sealed)
     on conflict (device) do update set tick = excluded.tick, expires_at = excluded.expires_at, sealed = excluded.sealed
     where coarse_states.tick < excluded.tick`,
    [
      devices.map((device) => device.id),
      devices.map((device) => stateOfDevice(device).tick),
      nowMs + COARSE_STATE_TTL_MS,
      devices.map((device) => sealJson(device.key, coarseLabel(device.id), stateOfDevice(device), deps.random)),
    ],
  );
}

/** Keeps devices that are in use from being forgotten; at most one write a day each. */
async function touch(
  client: ClientBase,
  subjects: readonly (Subject | null | typeof DAMAGED)[],
  nowMs: number,
): Promise<void> {
  const today = Math.floor(nowMs / DAY_MS);
  const stale: string[] = [];
  for (const subject of subjects)
    if (subject !== null && subject !== DAMAGED && subject.device.lastUsedDay < today) stale.push(subject.device.id);
  if (stale.length === 0) return;
  await client.query('update devices set last_used_day = $2 where id = any($1) and last_used_day < $2', [stale, today]);
}

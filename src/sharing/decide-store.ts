// What is decided about devices that a request names and does not go ahead of the lock (ahead-store.ts): one transaction under the
// ledger's lock, in which grants and switches are read as they are, each request is decided and located by what it may use,
// and its row is written. Promises: what it resolves to was durable before it resolved; a withdrawal is entirely before or
// entirely after it (DESIGN 6.7); a position never reaches the store, but under a grant that lets us keep the last one.
import type { ClientBase } from 'pg';
import { type Decision, decide, type Recipient } from '../consent/decide.ts';
import type { Random } from '../devices/device-key.ts';
import { type Device, stateOf } from '../devices/profile.ts';
import { geolocatedBy } from '../devices/source-words-contract.ts';
import type { Chain, InChain } from '../disclosures/chain.ts';
import { KIND, type LedgerEntry, PRECISION } from '../disclosures/entry.ts';
import { SUPPRESSED } from '../privacy/anonymity-map.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import type { RegionKey } from '../privacy/region-key.ts';
import type { DecideBatch } from './batches.ts';
import { type CoarseRules, coarseStateOf, type KeptState, sourcesBehind } from './coarse-region.ts';
import { keepStates } from './coarse-states-store.ts';
import type { LastLocation } from './last-location.ts';
import { keepLastLocations, type Located, readLastLocations } from './last-location-store.ts';
import { keepPresented, type Presented, type Shown } from './presented-store.ts';
import { createRefusalNotes, type Notes } from './refusal-notes.ts';
import { regionBasis } from './region-basis.ts';
import { DAMAGED, FORGOTTEN, type Named, readStanding, type Subject, type SubjectDeps } from './subjects-store.ts';

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

export type DecideDeps = CoarseRules &
  SubjectDeps & {
    /** Over connections that pipeline. */
    readonly inChain: InChain;
    readonly random: Random;
    readonly now: () => number;
    /** Whom keys stand for as the store has it now (partners/registry-store.ts). */
    readonly readRecipients: (
      client: ClientBase,
      keyIds: readonly string[],
      nowMs: number,
    ) => Promise<ReadonlyMap<string, Recipient>>;
  };

export const DAY_MS = 86_400_000;
const UNKNOWN: Outcome = { kind: 'nothing', isDevice: false };
export const NOTHING: Outcome = { kind: 'nothing', isDevice: true };

export type Judgement = {
  readonly decision: Decision;
  /** True if the grant also allows to keep the last place, and to tell it. */
  readonly mayKeep: boolean;
  readonly entry: Omit<LedgerEntry, 'kind'>;
};

/** One request about one device: the decision, and what the ledger will say of it, the same however the store was read. */
export function judge(
  ask: Named,
  { device, grant }: Subject,
  application: Recipient,
  policyVersion: string | null,
  nowMs: number,
): Judgement {
  const { purpose } = ask;
  const question = {
    ...{ device: stateOf(device), grant, application, purpose, policyVersion },
    ...{ scope: 'geolocate' as const, now: nowMs },
  };
  const decision = decide(question);
  return {
    decision,
    mayKeep:
      decision.outcome === 'precise' && decide({ ...question, scope: 'last-location' as const }).outcome === 'precise',
    entry: {
      ...{ at: nowMs, application: ask.application, subject: device.subject, purpose },
      ...{ eventSeq: decision.eventSeq, policyVersion: decision.policyVersion },
    },
  };
}

/** What a precise answer's row has beyond its judgement's. */
export const PRECISE = { kind: KIND.precise, basis: 'consent', precision: PRECISION.precise } as const;

function refusedRow(entry: Omit<LedgerEntry, 'kind'>, decision: Decision, tick: number): LedgerEntry {
  return { ...entry, kind: KIND.refused, precision: PRECISION.none, tick, detail: decision.reason };
}

/** Decides batches of one thread in the ledger's order. */
export function createDecideInOrder(deps: DecideDeps, presented: Presented): DecideBatch<Ask, Outcome> {
  const refusals = createRefusalNotes();
  return async (asks, sent) => {
    let notes: Notes | undefined;
    const { outcomes, shown } = await deps.inChain((client, chain) => {
      const nowMs = deps.now();
      notes = refusals(Math.floor(nowMs / TICK_MS));
      return decideInOrder(deps, client, chain, asks, nowMs, notes, presented);
    }, sent);
    notes?.keep();
    presented.note(shown.map(({ ask }) => ask));
    return outcomes;
  };
}

/** Of who asks, each once. */
export function keyIdsOf(asks: readonly Ask[]): string[] {
  return [...new Set(asks.map((ask) => ask.keyId))];
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
type Told = {
  readonly subject: Subject;
  readonly ask: Ask;
  readonly decision: Decision;
  readonly tick: number;
  /** Bits of SOURCE that its region came from. */
  readonly foundBy: number;
};

async function decideInOrder(
  deps: DecideDeps,
  client: ClientBase,
  chain: Chain,
  asks: readonly Ask[],
  nowMs: number,
  notes: Notes,
  presented: Presented,
): Promise<{ readonly outcomes: Outcome[]; readonly shown: readonly Shown[] }> {
  const tick = Math.floor(nowMs / TICK_MS);
  const [standing, recipients] = await Promise.all([
    readStanding(deps, client, asks, nowMs, true),
    deps.readRecipients(client, keyIdsOf(asks), nowMs),
  ]);
  const { subjects } = standing;
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
    if (recipient === undefined) return NOTHING;
    const { device, givenAt } = subject;
    const { decision, entry, mayKeep } = judge(ask, subject, recipient, standing.policyVersion, nowMs);
    if (decision.outcome === 'nothing') {
      if (!notes.isNoted(device.id, ask)) chain.append(refusedRow(entry, decision, tick));
      return NOTHING;
    }
    if (decision.outcome === 'precise') {
      const where = ask.locate(decision.sources);
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
    // The state's own tick, where a gateway whose clock is ahead has begun the next one: a tick has one region, whoever tells it.
    regions.push({ subject, ask, decision, tick: state.tick, foundBy: sourcesBehind(state) });
    const untilMs = subject.tokenExpiresAt;
    return { kind: 'region', region: state.region, tick: state.tick, device: device.id, untilMs };
  });
  if (unlocated.length > 0) await tellLast(deps, client, chain, unlocated, outcomes, nowMs);
  if (regions.length > 0) await noteRegions(client, chain, regions, nowMs);
  if (changed.size > 0) await keepStates(client, deps.random, [...changed.values()], states, nowMs);
  if (places.size > 0) await keepLastLocations(client, [...places.values()], deps.random, nowMs);
  await touch(client, subjects, nowMs);
  const shown = asks.flatMap((ask, i) => {
    const subject = subjects[i];
    if (outcomes[i].kind === 'nothing' || subject === null || subject === DAMAGED || presented.isKept(ask)) return [];
    return [{ device: subject.device.id, ask }];
  });
  if (shown.length > 0) await keepPresented(client, shown, nowMs);
  return { outcomes, shown };
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
async function noteRegions(client: ClientBase, chain: Chain, told: readonly Told[], nowMs: number): Promise<void> {
  const nameOf = (application: string, purpose: string, subject: Buffer, tick: number) =>
    `${application} ${purpose} ${subject.toString('hex')} ${tick}`;
  const { rows } = await client.query<{ application: string; purpose: string; subject: Buffer; tick: number }>(
    `select l.application, l.purpose, l.subject, l.tick
     from unnest($1::text[], $2::text[], $3::bytea[], $4::int[]) as q(application, purpose, subject, tick)
     join ledger l on l.kind = ${KIND.region} and l.tick = q.tick and l.application = q.application
       and l.subject = q.subject and l.purpose = q.purpose`,
    [
      told.map(({ ask }) => ask.application),
      told.map(({ ask }) => ask.purpose),
      told.map(({ subject }) => subject.device.subject),
      told.map(({ tick }) => tick),
    ],
  );
  const written = new Set(rows.map((row) => nameOf(row.application, row.purpose, row.subject, row.tick)));
  for (const { subject, ask, decision, tick, foundBy } of told) {
    const name = nameOf(ask.application, ask.purpose, subject.device.subject, tick);
    if (written.has(name)) continue;
    written.add(name);
    chain.append({
      at: nowMs,
      kind: KIND.region,
      application: ask.application,
      subject: subject.device.subject,
      purpose: ask.purpose,
      ...regionBasis(decision.reason, subject.grant, foundBy),
      precision: PRECISION.region,
      eventSeq: decision.eventSeq,
      policyVersion: decision.policyVersion,
      tick,
    });
  }
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

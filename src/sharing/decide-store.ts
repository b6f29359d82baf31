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
import { DAY_MS } from '../time/spans.ts';
import type { DecideBatch } from './batches.ts';
import { type CoarseRules, coarseStateOf, type KeptState, sourcesBehind } from './coarse-region.ts';
import { keepStates } from './coarse-states-store.ts';
import { isWorthKeeping, type LastLocation } from './last-location.ts';
import { keepLastLocations, type Located, readLastLocations } from './last-location-store.ts';
import { keepPresented, type Presented, type Shown } from './presented-store.ts';
import { createRefusalNotes, type Notes } from './refusal-notes.ts';
import { noteRegions, type ToldRegion } from './region-rows-store.ts';
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

const UNKNOWN: Outcome = { kind: 'nothing', isDevice: false };
export const NOTHING: Outcome = { kind: 'nothing', isDevice: true };

type Judgement = {
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
      const askedMs = deps.now();
      notes = refusals(Math.floor(askedMs / TICK_MS));
      return decideInOrder(deps, client, chain, asks, askedMs, notes, presented);
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

/** A batch while it is decided: what holds for all of it, and what is written down once every request was decided. */
type Round = {
  readonly chain: Chain;
  readonly notes: Notes;
  readonly policyVersion: string | null;
  /** When it is decided. */
  readonly nowMs: number;
  /** The time that regions go by: when it was read, as far as the store's next tick. */
  readonly regionMs: number;
  readonly tick: number;
  /** Coarse states by device, as the batch leaves them. */
  readonly states: Map<string, KeptState>;
  /** Devices whose coarse state is another than before. */
  readonly changed: Map<string, Device>;
  readonly regions: ToldRegion[];
  /** Last places by device. */
  readonly places: Map<string, Located>;
  readonly unlocated: Unlocated[];
};

async function decideInOrder(
  deps: DecideDeps,
  client: ClientBase,
  chain: Chain,
  asks: readonly Ask[],
  askedMs: number,
  notes: Notes,
  presented: Presented,
): Promise<{ readonly outcomes: Outcome[]; readonly shown: readonly Shown[] }> {
  const [standing, recipients] = await Promise.all([
    readStanding(deps, client, asks, askedMs, true),
    deps.readRecipients(client, keyIdsOf(asks), askedMs),
  ]);
  // Having waited for the lock: what is shown on a yes that was said meanwhile is shown after it.
  const nowMs = Math.max(askedMs, deps.now());
  const { subjects, policyVersion, regionMs } = standing;
  const round: Round = {
    ...{ chain, notes, policyVersion, nowMs, regionMs, tick: Math.floor(askedMs / TICK_MS) },
    ...{ states: new Map(), changed: new Map(), regions: [], places: new Map(), unlocated: [] },
  };
  const outcomes = asks.map((ask, i): Outcome => {
    const subject = subjects[i];
    if (subject === null) return UNKNOWN;
    const recipient = recipients.get(ask.keyId);
    if (subject === DAMAGED || recipient === undefined) return NOTHING;
    return decideOne(deps, round, i, ask, subject, recipient);
  });
  const { states, changed, regions, places, unlocated } = round;
  if (unlocated.length > 0) await tellLast(deps, client, chain, unlocated, outcomes, nowMs);
  if (regions.length > 0) await noteRegions(client, chain, regions, nowMs);
  if (changed.size > 0) await keepStates(client, deps.random, [...changed.values()], states, regionMs);
  if (places.size > 0) await keepLastLocations(client, [...places.values()], deps.random, nowMs);
  await touch(client, subjects, nowMs);
  const shown = asks.flatMap((ask, i) => {
    const subject = subjects[i];
    if (outcomes[i].kind === 'nothing' || subject === null || subject === DAMAGED || presented.isKept(ask)) return [];
    return [{ device: subject.device.id, ask }];
  });
  if (shown.length > 0) await keepPresented(client, shown, nowMs);
  chain.touch();
  return { outcomes, shown };
}

function decideOne(
  deps: DecideDeps,
  round: Round,
  i: number,
  ask: Ask,
  subject: Subject,
  recipient: Recipient,
): Outcome {
  const judgement = judge(ask, subject, recipient, round.policyVersion, round.nowMs);
  const { decision, entry } = judgement;
  if (decision.outcome === 'nothing') {
    if (!round.notes.isNoted(subject.device.id, ask)) round.chain.append(refusedRow(entry, decision, round.tick));
    return NOTHING;
  }
  if (decision.outcome === 'precise') return tellPlace(round, i, ask, subject, judgement);
  return tellRegion(deps, round, ask, subject, decision);
}

function tellPlace(
  round: Round,
  i: number,
  ask: Ask,
  { device, givenAt }: Subject,
  { decision, mayKeep, entry }: Judgement,
): Outcome {
  const where = ask.locate(decision.sources);
  if (where === null) {
    if (mayKeep && givenAt !== null)
      round.unlocated.push({ i, device, sources: decision.sources, sinceMs: givenAt, entry });
    return NOTHING;
  }
  round.chain.append({ ...entry, ...PRECISE, detail: geolocatedBy(where.sources) });
  if (mayKeep && isWorthKeeping(where)) round.places.set(device.id, { device, where });
  return { kind: 'precise', where, atMs: round.nowMs };
}

function tellRegion(deps: DecideDeps, round: Round, ask: Ask, subject: Subject, decision: Decision): Outcome {
  const { device } = subject;
  const kept = round.states.get(device.id) ?? subject.coarse;
  if (kept === FORGOTTEN) return NOTHING;
  const locate = () => ask.locate(decision.sources);
  const state = coarseStateOf(deps, device.id, kept, device.profile.sources, locate, round.regionMs);
  if (state === null) return NOTHING;
  if (state !== kept) round.changed.set(device.id, device);
  round.states.set(device.id, state);
  if (state.region === SUPPRESSED) return NOTHING;
  // The state's own tick, which a gateway whose clock is ahead may have begun: a tick has one region, whoever tells it.
  round.regions.push({ subject, ask, decision, tick: state.tick, foundBy: sourcesBehind(state) });
  const untilMs = subject.tokenExpiresAt;
  return { kind: 'region', region: state.region, tick: state.tick, device: device.id, untilMs };
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

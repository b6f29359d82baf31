// Who is told what by /v1/geolocate: the one pipeline for every partner, and for phones that name themselves. A region of this
// tick comes from memory while the lease lives; everything else is decided in the store (decide-store.ts) before it leaves.
// Promises: nothing precise from memory, ever; without a store regions already told, and of everybody else the same
// "unavailable"; every way of being told nothing leaves at the same beat with the same bytes (release.ts). Without a device
// token an answer depends on the place alone, one level coarser, and is only counted.
import { ALL_SOURCES } from '../devices/device-contract.ts';
import type { Caller } from '../http/caller.ts';
import type { Audience, Decision, Question, Told } from '../positioning/audience.ts';
import { type AnonymityMap, SUPPRESSED } from '../privacy/anonymity-map.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { accuracyClassOf, oneLevelCoarser, widen } from '../privacy/region-levels.ts';
import { createRegionTexts, preciseText } from './answer-text.ts';
import { createBatches, type DecideBatch } from './batches.ts';
import type { Ask, Outcome } from './decide-store.ts';
import type { LeaseReader } from './lease-memory.ts';
import { MUTE } from './own-switches.ts';
import { createRelease } from './release.ts';
import type { DAMAGED } from './subjects-store.ts';
import type { Switches } from './switches-store.ts';
import { createTickMemory } from './tick-memory.ts';
import { weighOnce } from './weigh.ts';

export type AudienceDeps = {
  readonly lease: LeaseReader;
  readonly map: AnonymityMap;
  readonly mapVersion: string;
  /** Decides about devices (decide-store.ts), one outcome for each ask. */
  readonly decideAll: DecideBatch<Ask, Outcome>;
  /** True if a partner's key still stands for somebody who may be told anything. */
  readonly isGood: (keyId: string, nowMs: number) => Promise<boolean>;
  /** What phones let us use, by token; null for a token of nobody. */
  readonly readSwitches: (tokenHashes: readonly Buffer[]) => Promise<readonly (Switches | null | typeof DAMAGED)[]>;
  /** SHA-256 of what can be a token, null for anything else. */
  readonly hashToken: (text: string) => Buffer | null;
  /** True for what can be a token of an application. */
  readonly isBoundToken: (text: string) => boolean;
  /** Counts an answer about nobody in particular. */
  readonly count: (application: string, tick: number, isShown: boolean) => void;
  /** Notes that an application named a purpose that is not its own. */
  readonly noteWrongPurpose: (application: string, tick: number) => void;
  /** Hears of regions that devices were told, for the counts of others. */
  readonly noteVisit?: (device: string, region: number, nowMs: number) => void;
  /** Beats are of it, and count from when the whole request was there (attack: a body sent late, behind its head's beat). */
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
};

/** Requests decided together: the ledger's lock is held for about this many times 20 us. */
const MAX_BATCH = 256;
/** Requests waiting in a thread; a store that is this far behind is as good as away. */
const MAX_WAITING = 4_096;
const WRONG_PURPOSE = { kind: 'wrongPurpose' } as const;
const UNKNOWN_DEVICE = { kind: 'unknownDevice' } as const;
const UNAVAILABLE = { kind: 'unavailable', retryAfterS: 10 } as const;

const NOBODY: Outcome = { kind: 'nothing', isDevice: false };

type Recipient = NonNullable<Caller['recipient']>;

/** The pipeline of one thread, and what resolves when nothing of it is under way. */
export function createAudience(deps: AudienceDeps): { audience: Audience; idle(): Promise<void> } {
  const { lease, map, hashToken, count, monotonicMs } = deps;
  const told = createTickMemory<Told>(lease);
  const standings = createTickMemory<boolean>(lease);
  const switches = createTickMemory<number>(lease);
  const batches = createBatches(deps.decideAll, MAX_BATCH, MAX_WAITING);
  const ownBatches = createBatches(deps.readSwitches, MAX_BATCH, MAX_WAITING);
  const release = createRelease(monotonicMs);
  const texts = createRegionTexts(deps.mapVersion);

  function audience(question: Question): Decision | Promise<Decision> {
    const { caller, deviceToken, nowMs, query } = question;
    if (caller.class === 'device') return own(question);
    const { recipient } = caller;
    if (recipient === undefined) return release.nothing(monotonicMs());
    const tick = Math.floor(nowMs / TICK_MS);
    const purpose = query.purpose === undefined ? recipient.purposes[0] : query.purpose;
    if (typeof purpose !== 'string' || !recipient.purposes.includes(purpose)) {
      deps.noteWrongPurpose(recipient.application, tick);
      return WRONG_PURPOSE;
    }
    if (deviceToken === null) return aboutNobody(question, recipient, tick);
    const hasPolygon = query.polygon === '1';
    const room = `${hasPolygon ? '+' : ''}${caller.id}${purpose}`;
    return (
      told.find(room, deviceToken, tick, nowMs) ?? named(question, recipient, purpose, deviceToken, room, hasPolygon)
    );
  }

  /** Decides in the store about the device that a partner's request names. */
  async function named(
    question: Question,
    { application }: Recipient,
    purpose: string,
    deviceToken: string,
    room: string,
    hasPolygon: boolean,
  ): Promise<Decision> {
    const { caller, nowMs } = question;
    const askedMs = monotonicMs();
    const { locate, weigh } = weighOnce(question.locate);
    const tokenHash = hashToken(deviceToken);
    const reading = told.begin();
    let outcome = NOBODY;
    try {
      if (tokenHash !== null)
        outcome = await batches.add({
          ...{ keyId: caller.id, application, purpose, tokenHash, isBound: deps.isBoundToken(deviceToken) },
          locate(sources) {
            const found = locate(sources);
            return found !== null && found.accuracyM > 0 && Number.isFinite(found.lat + found.lon + found.accuracyM)
              ? found
              : null;
          },
        });
      // Here, so that a list on which locating fails is one answer as well, whoever it is about.
      if (outcome.kind === 'nothing') weigh();
    } catch (error) {
      deps.onError(error);
      return UNAVAILABLE;
    }
    if (outcome.kind === 'precise')
      return { text: preciseText(outcome.where, outcome.atMs), source: outcome.where.source };
    if (outcome.kind === 'nothing')
      return outcome.isDevice ? release.nothing(askedMs) : nothing(application, nowMs, askedMs);
    const { region, tick, device, untilMs } = outcome;
    const answer: Told = { text: texts(region, tick, hasPolygon), source: '' };
    told.remember(reading, device, room, deviceToken, tick, untilMs, answer);
    deps.noteVisit?.(device, region, nowMs);
    return answer;
  }

  /** Nobody is named: the place alone, one level coarser than the map's region. */
  function aboutNobody(question: Question, recipient: Recipient, tick: number): Decision | Promise<Decision> {
    const { caller, nowMs } = question;
    const askedMs = monotonicMs();
    const isGood = standings.find('', caller.id, tick, nowMs);
    return isGood === null
      ? ofStanding(question, recipient, tick, askedMs)
      : place(question, recipient, tick, isGood, askedMs);
  }

  async function ofStanding(
    question: Question,
    recipient: Recipient,
    tick: number,
    askedMs: number,
  ): Promise<Decision> {
    const { caller, nowMs } = question;
    const reading = standings.begin();
    try {
      const isGood = await deps.isGood(caller.id, nowMs);
      standings.remember(reading, null, '', caller.id, tick, Number.POSITIVE_INFINITY, isGood);
      return place(question, recipient, tick, isGood, askedMs);
    } catch (error) {
      deps.onError(error);
      return UNAVAILABLE;
    }
  }

  function place(
    question: Question,
    { application }: Recipient,
    tick: number,
    isGood: boolean,
    askedMs: number,
  ): Decision | Promise<Decision> {
    const found = question.locate(ALL_SOURCES);
    const accuracy = found === null ? 'lost' : accuracyClassOf(found.accuracyM);
    if (!isGood || found === null || accuracy === 'lost') return nothing(application, question.nowMs, askedMs);
    const region = map.regionAt(found.lat, found.lon);
    const coarser = oneLevelCoarser(accuracy === 'wide' ? widen(region) : region);
    if (coarser === SUPPRESSED) return nothing(application, question.nowMs, askedMs);
    count(application, tick, true);
    return { text: texts(coarser, tick, question.query.polygon === '1'), source: '' };
  }

  function nothing(application: string, nowMs: number, askedMs: number): Promise<null> {
    count(application, Math.floor(nowMs / TICK_MS), false);
    return release.nothing(askedMs);
  }

  /** A phone that asks for itself and says who it is: its own switches hold, and nothing is told to anybody else. */
  function own(question: Question): Decision | Promise<Decision> {
    const { deviceToken, nowMs } = question;
    if (deviceToken === null) return question.locate(ALL_SOURCES);
    const tokenHash = hashToken(deviceToken);
    if (tokenHash === null) return UNKNOWN_DEVICE;
    const tick = Math.floor(nowMs / TICK_MS);
    const sources = switches.find('', deviceToken, tick, nowMs);
    return sources === null ? ownFromStore(question, deviceToken, tokenHash, tick) : question.locate(sources);
  }

  async function ownFromStore(
    question: Question,
    deviceToken: string,
    tokenHash: Buffer,
    tick: number,
  ): Promise<Decision> {
    const reading = switches.begin();
    try {
      const found = await ownBatches.add(tokenHash);
      if (found === null) return UNKNOWN_DEVICE;
      if (found === 'damaged') return UNAVAILABLE;
      const sources = found.mayTeach ? found.sources : found.sources | MUTE;
      switches.remember(reading, found.device, '', deviceToken, tick, found.untilMs, sources);
      return question.locate(sources);
    } catch (error) {
      deps.onError(error);
      return UNAVAILABLE;
    }
  }

  return { audience, idle: async () => void (await Promise.all([batches.idle(), ownBatches.idle()])) };
}

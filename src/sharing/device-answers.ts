// What a partner is told that names a device: its region of this tick again, from memory, or what is decided in the store, one
// batch after the other (decide-store.ts). Nothing precise is remembered.
import type { Decision, Question, Told } from '../positioning/audience.ts';
import { preciseText, type RegionTexts } from './answer-text.ts';
import { createBatches, type DecideBatch } from './batches.ts';
import type { Ask, Outcome } from './decide-store.ts';
import type { LeaseReader } from './lease-memory.ts';
import type { Release } from './release.ts';
import { UNAVAILABLE } from './store-away.ts';
import { createTickMemory } from './tick-memory.ts';
import { failAlone, weighOnce } from './weigh.ts';

export type DeviceAnswersDeps = {
  readonly lease: LeaseReader;
  readonly texts: RegionTexts;
  /** Decides about devices (decide-store.ts), one outcome for each ask. */
  readonly decideAll: DecideBatch<Ask, Outcome>;
  /** SHA-256 of what can be a token, null for anything else. */
  readonly hashToken: (text: string) => Buffer | null;
  /** True for what can be a token of an application. */
  readonly isBoundToken: (text: string) => boolean;
  readonly release: Release;
  /** Counts an answer about nobody in particular. */
  readonly count: (application: string, tick: number, isShown: boolean) => void;
  /** Hears of regions that devices were told, for the counts of others. */
  readonly noteVisit?: (device: string, region: number, nowMs: number) => void;
  /** Beats are of it, and count from when the whole request was there (attack: a body sent late, behind its head's beat). */
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
};

/** Whom an application asks about, and what for. */
type About = { readonly application: string; readonly purpose: string; readonly deviceToken: string };

type DeviceAnswers = {
  answer(question: Question, about: About, tick: number): Decision | Promise<Decision>;
  idle(): Promise<void>;
};

const NOBODY: Outcome = { kind: 'nothing', isDevice: false };

export function createDeviceAnswers(deps: DeviceAnswersDeps): DeviceAnswers {
  const told = createTickMemory<Told>(deps.lease);
  const batches = createBatches(deps.decideAll);

  async function decide(question: Question, about: About, askedTick: number, room: string): Promise<Decision> {
    const { nowMs, query } = question;
    const { application, deviceToken } = about;
    const askedMs = deps.monotonicMs();
    const alone = failAlone(question.locate);
    const { locate, weigh } = weighOnce(alone.locate);
    const tokenHash = deps.hashToken(deviceToken);
    const reading = told.begin();
    let outcome = NOBODY;
    try {
      if (tokenHash !== null) outcome = await batches.add(askOf(question, about, tokenHash, locate));
      // Here, so that a list on which locating fails is one answer as well, whoever it is about.
      if (outcome.kind === 'nothing') {
        weigh();
        alone.check();
      }
    } catch (error) {
      deps.onError(error);
      return UNAVAILABLE;
    }
    if (outcome.kind === 'precise')
      return { text: preciseText(outcome.where, outcome.atMs), source: outcome.where.source };
    if (outcome.kind === 'nothing') {
      if (!outcome.isDevice) deps.count(application, askedTick, false);
      return deps.release.nothing(askedMs);
    }
    const { region, tick, device, untilMs } = outcome;
    const answer: Told = { text: deps.texts(region, tick, query.polygon === '1'), source: '' };
    told.remember(reading, device, application, room, deviceToken, tick, untilMs, answer);
    deps.noteVisit?.(device, region, nowMs);
    return answer;
  }

  function askOf({ caller }: Question, about: About, tokenHash: Buffer, locate: Question['locate']): Ask {
    const { application, purpose, deviceToken } = about;
    return {
      ...{ keyId: caller.id, application, purpose, tokenHash, isBound: deps.isBoundToken(deviceToken) },
      locate(sources) {
        const found = locate(sources);
        return found !== null && found.accuracyM > 0 && Number.isFinite(found.lat + found.lon + found.accuracyM)
          ? found
          : null;
      },
    };
  }

  return {
    answer(question, about, tick) {
      const { caller, query, nowMs } = question;
      const room = `${query.polygon === '1' ? '+' : ''}${caller.id}${about.purpose}`;
      return told.find(room, about.deviceToken, tick, nowMs) ?? decide(question, about, tick, room);
    },
    idle: () => batches.idle(),
  };
}

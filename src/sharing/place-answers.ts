// What a partner is told that names no device: by the place alone, one level coarser than the map's region, and only counted.
import { ALL_SOURCES } from '../devices/device-contract.ts';
import type { Decision, Question } from '../positioning/audience.ts';
import { type AnonymityMap, SUPPRESSED } from '../privacy/anonymity-map.ts';
import { accuracyClassOf, oneLevelCoarser, widen } from '../privacy/region-levels.ts';
import type { RegionTexts } from './answer-text.ts';
import type { LeaseReader } from './lease-memory.ts';
import type { Release } from './release.ts';
import { UNAVAILABLE } from './store-away.ts';
import { createTickMemory } from './tick-memory.ts';

export type PlaceAnswersDeps = {
  readonly lease: LeaseReader;
  readonly map: AnonymityMap;
  readonly texts: RegionTexts;
  /** True if a partner's key still stands for somebody who may be told anything. */
  readonly isGood: (keyId: string, nowMs: number) => Promise<boolean>;
  readonly release: Release;
  readonly count: (application: string, tick: number, isShown: boolean) => void;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
};

type PlaceAnswers = (question: Question, application: string, tick: number) => Decision | Promise<Decision>;

export function createPlaceAnswers(deps: PlaceAnswersDeps): PlaceAnswers {
  const { map, texts, count, release } = deps;
  const standings = createTickMemory<boolean>(deps.lease);

  async function afterStanding(question: Question, application: string, tick: number, askedMs: number) {
    const { caller, nowMs } = question;
    const reading = standings.begin();
    try {
      const isGood = await deps.isGood(caller.id, nowMs);
      standings.remember(reading, null, null, '', caller.id, tick, Number.POSITIVE_INFINITY, isGood);
      return place(question, application, tick, isGood, askedMs);
    } catch (error) {
      deps.onError(error);
      return UNAVAILABLE;
    }
  }

  function place(question: Question, application: string, tick: number, isGood: boolean, askedMs: number) {
    const found = question.locate(ALL_SOURCES);
    const accuracy = found === null ? 'lost' : accuracyClassOf(found.accuracyM);
    if (!isGood || found === null || accuracy === 'lost') return nothing(application, tick, askedMs);
    const region = map.regionAt(found.lat, found.lon);
    const coarser = oneLevelCoarser(accuracy === 'wide' ? widen(region) : region);
    if (coarser === SUPPRESSED) return nothing(application, tick, askedMs);
    count(application, tick, true);
    return { text: texts(coarser, tick, question.query.polygon === '1'), source: '' as const };
  }

  function nothing(application: string, tick: number, askedMs: number): Promise<null> {
    count(application, tick, false);
    return release.nothing(askedMs);
  }

  return (question, application, tick) => {
    const askedMs = deps.monotonicMs();
    const isGood = standings.find('', question.caller.id, tick, question.nowMs);
    return isGood === null
      ? afterStanding(question, application, tick, askedMs)
      : place(question, application, tick, isGood, askedMs);
  };
}

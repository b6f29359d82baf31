// Who is told what by /v1/geolocate: the one pipeline for every partner, and for phones that name themselves. A region of this
// tick comes from memory while the lease lives; everything else is decided in the store (decide-store.ts) before it leaves.
// Promises: nothing precise from memory, ever; without a store regions already told, and of everybody else the same
// "unavailable"; every way of being told nothing leaves at the same beat with the same bytes (release.ts). Which of three
// answers it is: of the phone that asks (own-answers.ts), of a device (device-answers.ts), of a place (place-answers.ts).
import type { Audience } from '../positioning/audience.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { createRegionTexts } from './answer-text.ts';
import { createDeviceAnswers, type DeviceAnswersDeps } from './device-answers.ts';
import { createOwnAnswers, type OwnAnswersDeps } from './own-answers.ts';
import { createPlaceAnswers, type PlaceAnswersDeps } from './place-answers.ts';
import { createRelease } from './release.ts';

type AudienceDeps = OwnAnswersDeps &
  Omit<DeviceAnswersDeps & PlaceAnswersDeps, 'texts' | 'release'> & {
    readonly mapVersion: string;
    /** Notes that an application named a purpose that is not its own. */
    readonly noteWrongPurpose: (application: string, tick: number) => void;
  };

const WRONG_PURPOSE = { kind: 'wrongPurpose' } as const;

/** The pipeline of one thread, and what resolves when nothing of it is under way. */
export function createAudience(deps: AudienceDeps): { audience: Audience; idle(): Promise<void> } {
  const release = createRelease(deps.monotonicMs);
  const texts = createRegionTexts(deps.mapVersion);
  const own = createOwnAnswers(deps);
  const ofDevice = createDeviceAnswers({ ...deps, release, texts });
  const ofPlace = createPlaceAnswers({ ...deps, release, texts });

  const audience: Audience = (question) => {
    const { caller, deviceToken, query } = question;
    const tick = Math.floor(question.nowMs / TICK_MS);
    if (caller.class === 'device') return own.answer(question, tick);
    const { recipient } = caller;
    if (recipient === undefined) return release.nothing(deps.monotonicMs());
    const purpose = query.purpose === undefined ? recipient.purposes[0] : query.purpose;
    if (typeof purpose !== 'string' || !recipient.purposes.includes(purpose)) {
      deps.noteWrongPurpose(recipient.application, tick);
      return WRONG_PURPOSE;
    }
    const { application } = recipient;
    return deviceToken === null
      ? ofPlace(question, application, tick)
      : ofDevice.answer(question, { application, purpose, deviceToken }, tick);
  };

  return { audience, idle: async () => void (await Promise.all([ofDevice.idle(), own.idle()])) };
}

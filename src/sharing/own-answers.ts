// What a phone is told that asks for itself and says who it is: its own switches hold, and nothing is told to anybody else.
import { ALL_SOURCES } from '../devices/device-contract.ts';
import type { Decision, Question } from '../positioning/audience.ts';
import { createBatches } from './batches.ts';
import type { LeaseReader } from './lease-memory.ts';
import { MUTE } from './own-switches.ts';
import { UNAVAILABLE } from './store-away.ts';
import type { DAMAGED } from './subjects-store.ts';
import type { Switches } from './switches-store.ts';
import { createTickMemory } from './tick-memory.ts';

export type OwnAnswersDeps = {
  readonly lease: LeaseReader;
  /** What phones let us use, by token; null for a token of nobody. */
  readonly readSwitches: (tokenHashes: readonly Buffer[]) => Promise<readonly (Switches | null | typeof DAMAGED)[]>;
  /** SHA-256 of what can be a token, null for anything else. */
  readonly hashToken: (text: string) => Buffer | null;
  readonly onError: (error: unknown) => void;
};

type OwnAnswers = {
  answer(question: Question, tick: number): Decision | Promise<Decision>;
  idle(): Promise<void>;
};

const UNKNOWN_DEVICE = { kind: 'unknownDevice' } as const;

export function createOwnAnswers({ lease, readSwitches, hashToken, onError }: OwnAnswersDeps): OwnAnswers {
  const switches = createTickMemory<number>(lease);
  const batches = createBatches(readSwitches);

  async function fromStore(question: Question, deviceToken: string, tokenHash: Buffer, tick: number) {
    const reading = switches.begin();
    try {
      const found = await batches.add(tokenHash);
      if (found === null) return UNKNOWN_DEVICE;
      if (found === 'damaged') return UNAVAILABLE;
      const sources = found.mayTeach ? found.sources : found.sources | MUTE;
      switches.remember(reading, found.device, null, '', deviceToken, tick, found.untilMs, sources);
      return question.locate(sources);
    } catch (error) {
      onError(error);
      return UNAVAILABLE;
    }
  }

  return {
    answer(question, tick) {
      const { deviceToken, nowMs } = question;
      if (deviceToken === null) return question.locate(ALL_SOURCES);
      const tokenHash = hashToken(deviceToken);
      if (tokenHash === null) return UNKNOWN_DEVICE;
      const sources = switches.find('', deviceToken, tick, nowMs);
      return sources === null ? fromStore(question, deviceToken, tokenHash, tick) : question.locate(sources);
    },
    idle: () => batches.idle(),
  };
}

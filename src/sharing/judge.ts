// One request about one device: the decision, and what the ledger will say of it, the same however the store was read.
// Promises: pure.
import { type Decision, decide, type Recipient } from '../consent/decide.ts';
import { stateOf } from '../devices/profile.ts';
import { KIND, type LedgerEntry, PRECISION } from '../disclosures/entry.ts';
import type { Named, Subject } from './subjects-store.ts';

export type Judgement = {
  readonly decision: Decision;
  /** True if the grant also allows to keep the last place, and to tell it. */
  readonly mayKeep: boolean;
  readonly entry: Omit<LedgerEntry, 'kind'>;
};

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

// What happened to a record of consent, and what that amounts to. Promises: pure; the last event of a record is its state, policies
// published since put it on hold; folding all events up to a moment gives what decisions of that moment were made on.
import type { DeviceState } from '../devices/device-contract.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import type { Grant, GrantState, Terms } from './decide.ts';
import { suspendedFrom } from './suspension.ts';

/** What was shown to whom and how they answered; sealed in the store. */
export type Capture = {
  /** Who acted: the person, a parent, time itself, or the operator. */
  readonly actor: 'subject' | 'parent' | 'expiry' | 'operator';
  /** Language, SHA-256 (hex) and variant of the screen that asked, as far as the app said. */
  readonly language: string | null;
  readonly textHash: string | null;
  readonly screen: string | null;
  readonly ageBand: DeviceState['ageBand'];
  readonly jurisdiction: string | null;
  /** The parental consent it stands on. */
  readonly parental: string | null;
  /** Signed, as given to the person; null where none is (expiry). */
  readonly receipt: string | null;
};

export type ConsentEvent = Omit<Terms, 'parental'> & {
  readonly seq: number;
  readonly record: string;
  readonly application: string;
  readonly purpose: string;
  readonly at: number;
  readonly capture: Capture;
};

/** A change of the device itself: switches, age, flags, parents. */
export type DeviceEvent = { readonly seq: number; readonly at: number; readonly device: DeviceState };

export const isLive = (state: GrantState): boolean => state === 'given' || state === 'reconfirmed';

/** What the last event of a record amounts to under the policies that are published. */
export function grantOf(event: ConsentEvent, policies: readonly PolicyVersion[]): Grant {
  const { state, precision, scopes, sources, policyVersion, expiresAt, seq, capture } = event;
  const suspendedAt = isLive(state) ? suspendedFrom(policies, policyVersion, precision) : null;
  return {
    ...{ state, precision, scopes, sources, policyVersion, expiresAt, suspendedAt },
    parental: capture.parental,
    eventSeq: seq,
  };
}

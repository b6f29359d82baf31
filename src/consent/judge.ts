// Whether a person may say yes like this, and what it then means. Promises: pure; a no is always taken, from anybody and about
// any application; a yes only for what the application has registered, under the policy in force, and from somebody old
// enough, or with a parent's verified consent behind it (K1, K2, K4). Refusals are for the person: no recipient sees them.
import type { DeviceState } from '../devices/device-contract.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import { DAY_MS } from '../time/spans.ts';
import { type Grant, maturityOf, parentalConsentOf, type Recipient, type Terms } from './decide.ts';
import { isLive } from './events.ts';
import { PURPOSES, type Purpose, type Scope } from './purposes.ts';
import { suspendedFrom } from './suspension.ts';

/** A yes is asked for again after half a year, or when the person says, at most a year. */
const DEFAULT_DAYS = 180;
const MAX_DAYS = 365;

export type Wanted = {
  /** 0 none, 1 region, 2 precise. */
  readonly precision: number;
  readonly scopes: readonly Scope[];
  /** Bits of SOURCE. */
  readonly sources: number;
  /** Epoch milliseconds; null = DEFAULT_DAYS from now. */
  readonly expiresAt: number | null;
  /** What the person read; null = the policy in force. */
  readonly policyVersion: string | null;
};

/** Why a yes is not taken, in the order in which it is looked at. */
export type RefusedConsent =
  | 'applicationSuspended'
  | 'applicationInactive'
  | 'purposeNotRegistered'
  | 'notOffered'
  | 'policyOutdated'
  | 'badExpiry'
  | 'parentNeeded'
  | 'parentLimits'
  | 'ageUnknown'
  | 'notForChildren';

export type ConsentQuestion = {
  readonly device: DeviceState;
  readonly application: Recipient;
  readonly purpose: Purpose;
  readonly before: Grant | null;
  readonly wanted: Wanted;
  readonly policies: readonly PolicyVersion[];
  readonly current: PolicyVersion;
  readonly now: number;
};

export function judgeConsent(question: ConsentQuestion): Terms | { readonly refused: RefusedConsent } {
  const { device, before, wanted, current, now } = question;
  const policyVersion = wanted.policyVersion ?? current.version;
  if (wanted.precision === 0) {
    const nothing = { precision: 0, scopes: [], sources: 0, expiresAt: null, parental: null };
    return { state: 'refused', ...nothing, policyVersion: current.version };
  }
  const refused = whyNot(question, policyVersion);
  if (refused !== null) return { refused };
  const { precision, scopes, sources } = wanted;
  return {
    state: isReconfirmed(before, wanted, policyVersion, now) ? 'reconfirmed' : 'given',
    ...{ precision, scopes, sources, policyVersion },
    expiresAt: wanted.expiresAt ?? now + DEFAULT_DAYS * DAY_MS,
    parental: maturityOf(device, now) === 'ofAge' ? null : (parentalConsentOf(device, now)?.id ?? null),
  };
}

function whyNot(question: ConsentQuestion, policyVersion: string): RefusedConsent | null {
  const { application, purpose, wanted, policies, current, now } = question;
  if (application.suspended) return 'applicationSuspended';
  if (!application.active) return 'applicationInactive';
  if (!application.purposes.includes(purpose)) return 'purposeNotRegistered';
  if (wanted.precision > application.maxPrecision) return 'notOffered';
  // A version that is published but not yet in force may be read early.
  const read = policies.find((one) => one.version === policyVersion);
  if (read === undefined || read.effectiveAt < current.effectiveAt) return 'policyOutdated';
  const until = wanted.expiresAt ?? now + 1;
  if (!(until > now && until <= now + MAX_DAYS * DAY_MS)) return 'badExpiry';
  return whyTooYoung(question);
}

function whyTooYoung({ device, application, purpose, wanted, now }: ConsentQuestion): RefusedConsent | null {
  const age = maturityOf(device, now);
  if (age === 'ofAge') return null;
  const parental = parentalConsentOf(device, now);
  if (age === 'child' && parental === null) return 'parentNeeded';
  if (wanted.precision < 2) return null;
  if (parental === null) return 'ageUnknown';
  if (application.adFunded || PURPOSES[purpose].advertising) return 'notForChildren';
  return parental.precise ? null : 'parentLimits';
}

/** Confirmed, not given: the same yes was there, and only the policy has moved on. */
function isReconfirmed(before: Grant | null, wanted: Wanted, policyVersion: string, now: number): boolean {
  if (before === null || !isLive(before.state)) return false;
  const live = before.expiresAt !== null && before.expiresAt > now;
  return live && before.policyVersion !== policyVersion && isSame(before, wanted);
}

/** True if the two allow the same, whatever their times. */
function isSame(a: Pick<Grant, 'precision' | 'scopes' | 'sources'>, b: typeof a): boolean {
  return (
    a.precision === b.precision &&
    a.sources === b.sources &&
    a.scopes.length === b.scopes.length &&
    b.scopes.every((scope) => a.scopes.includes(scope))
  );
}

/** From when on a consent on these terms waits for re-consent: a policy that is announced may touch it already. */
export function heldFrom(terms: Pick<Terms, 'policyVersion' | 'precision'>, policies: readonly PolicyVersion[]) {
  return suspendedFrom(policies, terms.policyVersion, terms.precision);
}

// Who may learn where a device is, and how exactly: the one decision behind every answer to a recipient. Refusal comes before
// grant, grant before silence; silence is the anonymous region. Promises: pure and total; whatever is not clearly granted
// is not precise; every decision names its reason and, where there is a record of consent, the event it stands on, so that
// it can be replayed. Accepting a policy is no grant, a grant to one application is none to its vendor's others (L7, C9).
import { type DeviceState, FLAG, type ParentalConsent } from '../devices/device-contract.ts';
import type { Recipient as Registered } from '../partners/recipient.ts';
import { maturity } from './ages.ts';
import { isPurpose, PURPOSES, type Scope } from './purposes.ts';

/** What the events of one record amount to. */
export type GrantState = 'given' | 'reconfirmed' | 'refused' | 'objected' | 'withdrawn' | 'expired' | 'invalidated';

/** What an event says, and with it the record whose last one it is. */
export type Terms = {
  readonly state: GrantState;
  /** 0 none, 1 region, 2 precise. */
  readonly precision: number;
  readonly scopes: readonly string[];
  /** Bits of SOURCE. */
  readonly sources: number;
  readonly policyVersion: string;
  /** From when on it is over; null = never (refusals). */
  readonly expiresAt: number | null;
  /** The parental consent it stands on. */
  readonly parental: string | null;
};

export type Grant = Terms & {
  /** From when on a material change of policy waits for re-consent; null = none. */
  readonly suspendedAt: number | null;
  /** Its last event: a row of the ledger. */
  readonly eventSeq: number;
};

/** What of a recipient decides. */
export type Recipient = Pick<Registered, 'active' | 'suspended' | 'maxPrecision' | 'adFunded' | 'purposes'>;

export type Question = {
  readonly device: DeviceState;
  /** The device's record for this application and purpose. */
  readonly grant: Grant | null;
  readonly application: Recipient;
  readonly purpose: string;
  readonly scope: Scope;
  /** The policy in force, named by decisions that stand on no grant. */
  readonly policyVersion: string | null;
  readonly now: number;
};

/** Why nothing is shown. A recipient never learns which. */
type Refused =
  | 'erasing'
  | 'restricted'
  | 'applicationSuspended'
  | 'purposeNotRegistered'
  | 'child'
  | 'refused'
  | 'marketingOff'
  | 'sourcesOff';
/** Why a region is shown and nothing finer. */
type Coarse =
  | 'silence'
  | 'withdrawn'
  | 'expired'
  | 'invalidated'
  | 'regionGranted'
  | 'scopeNotGranted'
  | 'policyChanged'
  | 'applicationInactive'
  | 'applicationLimit'
  | 'ageUnknown'
  | 'childLimit'
  | 'noCommonSource';
export type Reason = Refused | Coarse | 'granted';

export type Decision = {
  readonly outcome: 'precise' | 'region' | 'nothing';
  readonly reason: Reason;
  /** Bits of SOURCE that may be used for this answer. */
  readonly sources: number;
  /** The consent event it stands on; null where there is no record. */
  readonly eventSeq: number | null;
  readonly policyVersion: string | null;
};

export function decide(question: Question): Decision {
  const { device, grant } = question;
  const eventSeq = grant?.eventSeq ?? null;
  const policyVersion = grant?.policyVersion ?? question.policyVersion;
  const refused = refusal(question);
  if (refused !== null) return { outcome: 'nothing', reason: refused, sources: 0, eventSeq, policyVersion };
  const coarse = whyNotPrecise(question);
  if (coarse !== null) return { outcome: 'region', reason: coarse, sources: device.sources, eventSeq, policyVersion };
  const sources = device.sources & grant!.sources;
  return { outcome: 'precise', reason: 'granted', sources, eventSeq, policyVersion };
}

/** The parental consent in force that counts for most; null if there is none. */
export function parentalConsentOf(device: DeviceState, now: number): ParentalConsent | null {
  const inForce = device.parental.filter((one) => isInForce(one, now));
  return inForce.find((one) => one.precise) ?? inForce[0] ?? null;
}

function isInForce({ at, withdrawnAt }: ParentalConsent, now: number): boolean {
  return at <= now && (withdrawnAt === null || withdrawnAt > now);
}

/** `child`, also one that was found out to be (K3), `unknown` or `ofAge`. */
export function maturityOf(device: DeviceState, now: number): 'ofAge' | 'child' | 'unknown' {
  return (device.flags & FLAG.child) !== 0 ? 'child' : maturity(device.ageBand, device.jurisdiction, now);
}

/** True if what the phone reports may be learnt from: of a child without a parent nothing is collected (K1), of a restricted phone nothing used. */
export function mayTeach(device: DeviceState, now: number): boolean {
  if ((device.flags & (FLAG.erasing | FLAG.restricted)) !== 0) return false;
  return maturityOf(device, now) !== 'child' || parentalConsentOf(device, now) !== null;
}

function refusal({ device, grant, application, purpose, now }: Question): Refused | null {
  if ((device.flags & FLAG.erasing) !== 0) return 'erasing';
  if ((device.flags & FLAG.restricted) !== 0) return 'restricted';
  if (application.suspended) return 'applicationSuspended';
  if (application.maxPrecision < 1 || !isPurpose(purpose) || !application.purposes.includes(purpose))
    return 'purposeNotRegistered';
  if (maturityOf(device, now) === 'child' && parentalConsentOf(device, now) === null) return 'child';
  // A child's refusal counts: only its consent does not.
  if (grant !== null && isRefusal(grant)) return 'refused';
  // One switch for all offers (C7): it outweighs a yes to one application, and off is how everybody begins.
  if (device.marketing === false && PURPOSES[purpose].advertising) return 'marketingOff';
  return device.sources === 0 ? 'sourcesOff' : null;
}

/** A no: nothing is shown, and taking it back shows more. */
export function isRefusal({ state, precision }: Pick<Grant, 'state' | 'precision'>): boolean {
  return (
    state === 'refused' || state === 'objected' || (precision === 0 && (state === 'given' || state === 'reconfirmed'))
  );
}

function whyNotPrecise({ device, grant, application, purpose, scope, now }: Question): Coarse | null {
  if (grant === null) return 'silence';
  if (grant.state === 'withdrawn' || grant.state === 'expired' || grant.state === 'invalidated') return grant.state;
  if (grant.expiresAt === null || grant.expiresAt <= now) return 'expired';
  // Before anything is said to rest on it: what waits for a new yes is no consent, to a region either (S9).
  if (grant.suspendedAt !== null && grant.suspendedAt <= now) return 'policyChanged';
  if (grant.precision < 2) return 'regionGranted';
  if (!grant.scopes.includes(scope)) return 'scopeNotGranted';
  if (!application.active) return 'applicationInactive';
  if (application.maxPrecision < 2) return 'applicationLimit';
  const advertising = application.adFunded || (isPurpose(purpose) && PURPOSES[purpose].advertising);
  const age = whyTooYoung(device, grant, advertising, now);
  if (age !== null) return age;
  return (device.sources & grant.sources) === 0 ? 'noCommonSource' : null;
}

/** A child's grant counts if it stands on a parental consent in force that names precise, and never for advertising (K4). */
function whyTooYoung(device: DeviceState, grant: Grant, advertising: boolean, now: number): Coarse | null {
  const age = maturityOf(device, now);
  if (age === 'ofAge') return null;
  const parental = device.parental.find((one) => one.id === grant.parental);
  const counts = parental?.precise === true && isInForce(parental, now);
  if (counts && !advertising) return null;
  return age === 'unknown' ? 'ageUnknown' : 'childLimit';
}

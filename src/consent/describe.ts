// A record of consent as its person sees it: what was said, to whom, until when, and what the application gets at this moment
// and why. Promises: pure; the same decision that answers the application is asked, so the two can't disagree.
import { type DeviceState, sourceNames } from '../devices/device-contract.ts';
import type { RowNames } from '../privacy/row-names.ts';
import { isoOrNull } from '../time/iso.ts';
import { decide, type Grant, type Recipient } from './decide.ts';
import { isLive } from './events.ts';
import { PURPOSES, type Purpose } from './purposes.ts';
import type { Party } from './receipt.ts';
import { PRECISION_NAMES } from './wire.ts';

/** What is known of one application and purpose; `record` null = nothing was said. */
export type Described = {
  readonly application: string;
  readonly purpose: Purpose;
  readonly record: (Grant & { readonly givenAt: number }) | null;
  /** Null if it is not registered any more. */
  readonly registered: { readonly recipient: Recipient; readonly party: Party } | null;
};

const GONE: Recipient = { active: false, suspended: true, maxPrecision: 0, adFunded: false, purposes: [] };

export function describeConsent(
  device: DeviceState,
  { application, purpose, record, registered }: Described,
  { nameOf }: Pick<RowNames, 'nameOf'>,
  now: number,
) {
  const { outcome, reason } = decide({
    device,
    grant: record,
    application: registered?.recipient ?? GONE,
    purpose,
    scope: 'geolocate',
    policyVersion: null,
    now,
  });
  return {
    application,
    purpose,
    applicationName: registered?.party.applicationName ?? application,
    partner: registered === null ? null : partnerOf(registered.party),
    purposeText: { en: PURPOSES[purpose].en, nl: PURPOSES[purpose].nl },
    state: record === null ? 'silence' : stateNow(record, now),
    precision: PRECISION_NAMES[record?.precision ?? 0],
    scopes: record?.scopes ?? [],
    sources: sourceNames(record?.sources ?? 0),
    policyVersion: record?.policyVersion ?? null,
    givenAt: isoOrNull(record?.givenAt ?? null),
    expiresAt: isoOrNull(record?.expiresAt ?? null),
    waitsForReconsent:
      record !== null && isLive(record.state) && record.suspendedAt !== null && record.suspendedAt <= now,
    shows: outcome,
    because: reason,
    eventSeq: record === null ? null : nameOf(record.eventSeq),
  };
}

/** Expiry is seen at once, whether or not an event says so yet. */
function stateNow(grant: Grant, now: number): string {
  return isLive(grant.state) && (grant.expiresAt === null || grant.expiresAt <= now) ? 'expired' : grant.state;
}

function partnerOf({ partnerName, role, policyUrl, contact, controller }: Party) {
  return { name: partnerName, role, policyUrl, contact, controller };
}

// The receipt of a consent: what ISO/IEC TS 27560:2023 asks of a record, as the person gets it, signed, at every grant, change
// and withdrawal. Promises: pure; it says who asked for what, for which purpose, under which text and for how long, and never a
// place; the subject's name in it is made for this record alone, so that two receipts can't be put together by it (attack:
// partners joining what they were shown); kantara.ts turns it into a Kantara consent receipt v1.1.
import { createHash, createHmac } from 'node:crypto';
import { sourceNames } from '../devices/device-contract.ts';
import { rowNamesOf } from '../privacy/row-names.ts';
import { iso } from '../time/iso.ts';
import type { GrantState, Terms } from './decide.ts';
import { type Capture, isLive } from './events.ts';
import { PURPOSES, type Purpose } from './purposes.ts';

/** An application and whose it is, as consent screens and receipts name them (policy C8). */
export type Party = {
  readonly application: string;
  readonly applicationName: string;
  readonly partner: string;
  readonly partnerName: string;
  readonly role: string;
  readonly policyUrl: string | null;
  readonly contact: string | null;
  readonly controller: string | null;
};

type ReceiptEvent = {
  readonly seq: number;
  readonly at: number;
  readonly state: GrantState;
  readonly precision: number;
  readonly expiresAt: number | null;
  readonly actor: Capture['actor'];
};

export type ReceiptFacts = {
  readonly record: string;
  readonly party: Party;
  /** How people reach whoever operates the gateway. */
  readonly operatorContact: string;
  readonly purpose: Purpose;
  readonly terms: Terms;
  readonly capture: Omit<Capture, 'receipt'>;
  /** Hashes of the policy's text by language, hex. */
  readonly policyTexts: readonly { readonly language: string; readonly sha256: string }[];
  /** The record's last events, the one that this is the receipt of last. */
  readonly events: readonly ReceiptEvent[];
};

const SCHEMA_VERSION = 'ISO/IEC TS 27560:2023';
const DPV = 'https://w3id.org/dpv#';
const PRECISION_WORD = ['none', 'region', 'precise'] as const;
/** What is never kept longer (DESIGN 6): the last position, for grants that keep one. */
const LAST_LOCATION_RETENTION = 'PT24H';

/** The receipt's number: the record's, and what its event's row is called towards the person (row-names.ts). */
export function receiptIdOf(record: string, name: number): string {
  return `${record}.${name}`;
}

/** What the person is called in this record: 16 bytes under the device's own key. */
export function recordSubject(deviceKey: Uint8Array, record: string): string {
  return createHmac('sha256', deviceKey).update(`record ${record}`).digest().subarray(0, 16).toString('base64url');
}

export type Receipt = ReturnType<typeof buildReceipt>;

export function buildReceipt(facts: ReceiptFacts, deviceKey: Uint8Array) {
  const { record, party, purpose, terms, capture, events } = facts;
  const last = events[events.length - 1];
  const { nameOf } = rowNamesOf(deviceKey);
  // What was taken back or refused allows nothing, whatever it allowed before: its events say that.
  const allowed: Terms = isLive(terms.state)
    ? terms
    : { ...terms, precision: 0, scopes: [], sources: 0, expiresAt: null };
  const content = {
    schemaVersion: SCHEMA_VERSION,
    receiptId: receiptIdOf(record, nameOf(last.seq)),
    recordId: record,
    piiPrincipal: recordSubject(deviceKey, record),
    issuedAt: iso(last.at),
    notice: {
      policyVersion: terms.policyVersion,
      url: `/v1/policies/${terms.policyVersion}`,
      policyTexts: facts.policyTexts,
      language: capture.language,
      shownTextSha256: capture.textHash,
      screen: capture.screen,
    },
    processing: processingOf(purpose, party, allowed, capture),
    parties: partiesOf(party, facts.operatorContact),
    consent: {
      type: 'explicit',
      application: party.application,
      state: terms.state,
      precision: PRECISION_WORD[allowed.precision],
      sources: sourceNames(allowed.sources),
      scopes: allowed.scopes,
      expiresAt: allowed.expiresAt === null ? null : iso(allowed.expiresAt),
      parentalConsent: capture.parental,
      ageBandAtCapture: capture.ageBand,
    },
    events: events.map((event) => ({
      seq: nameOf(event.seq),
      time: iso(event.at),
      type: 'explicit consent',
      state: event.state,
      precision: PRECISION_WORD[event.precision],
      validUntil: event.expiresAt === null ? null : iso(event.expiresAt),
      entity: event.actor,
    })),
  };
  return { ...content, contentSha256: createHash('sha256').update(JSON.stringify(content)).digest('hex') };
}

function processingOf(purpose: Purpose, party: Party, terms: Terms, capture: Omit<Capture, 'receipt'>) {
  const precise = terms.precision === 2;
  return {
    purpose: { iri: purpose.replace('dpv:', DPV), text: PURPOSES[purpose].en },
    lawfulBasis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-a',
    dataCategories: [
      { category: 'coarse location', optional: true, included: terms.precision > 0 },
      { category: 'precise location', optional: true, included: precise },
      { category: 'sources used', optional: true, included: precise },
    ],
    sensitive: false,
    sensitiveCategories: [] as string[],
    collectionMethod: 'choice of the person on the phone',
    processingMethod: 'position computed from what the phone hears',
    automatedDecisions: 'none',
    storageLocation: 'gateway operator',
    retention: {
      position: terms.scopes.includes('last-location') ? LAST_LOCATION_RETENTION : 'PT0S',
      startsAt: 'each position',
      record: 'P3Y',
      recordStartsAt: 'end of consent',
    },
    services: [{ name: party.applicationName, scopes: terms.scopes }],
    jurisdiction: capture.jurisdiction,
    recipients: [party.application],
    thirdPartyDisclosure: terms.precision > 0,
    withdrawal: { method: 'DELETE', url: `/v1/me/consents/${party.application}/${purpose}` },
    rights: '/v1/me',
  };
}

function partiesOf(party: Party, contact: string) {
  return [
    { id: 'gateway', name: 'gateway operator', role: 'controller', type: 'organisation', address: null, contact },
    {
      id: party.partner,
      name: party.partnerName,
      role: party.role,
      type: 'organisation',
      address: party.controller,
      contact: party.contact,
      policyUrl: party.policyUrl,
    },
  ];
}

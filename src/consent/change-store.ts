// A person's yes, no or change of mind, as one act: judged on what is true under the ledger's lock, written with its event, its
// row in the ledger and a signed receipt. Promises: all of it or nothing; giving and taking back cost one call each, and a yes is taken
// back with no more proof than it took (GDPR 7(3)); taking back twice is taking back once.
import type { ClientBase } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import { type Device, stateOf } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import { PRECISION } from '../disclosures/entry.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import { currentPolicy } from '../policy/versions.ts';
import { isRefusal, type Recipient, type Terms } from './decide.ts';
import { type Capture, isLive } from './events.ts';
import { judgeConsent, type Wanted } from './judge.ts';
import type { ConsentProblem } from './problems.ts';
import type { Purpose } from './purposes.ts';
import { buildReceipt, type Party } from './receipt.ts';
import { keepReceiptKey } from './receipt-keys-store.ts';
import type { ReceiptSigner } from './receipt-signer.ts';
import {
  appendConsent,
  findApplication,
  findEvent,
  listEvents,
  loadGrant,
  type StoredGrant,
  writeEvent,
} from './store.ts';

/** What an act is done with: the device and the policies as read under the lock. */
export type ActDeps = {
  readonly device: Device;
  /** What was presented is a token that another replaced (devices/store.ts); absent = no. */
  readonly isOld?: boolean;
  /** The person has shown that the phone is there, not its token alone; absent = no. */
  readonly proven?: boolean;
  readonly policies: readonly PolicyVersion[];
  readonly signer: ReceiptSigner;
  /** How people reach whoever operates the gateway: on receipts. */
  readonly contact: string;
  readonly random: (bytes: number) => Buffer;
  /** A random UUID, for a record that begins. */
  readonly newId: () => string;
  readonly now: number;
};

/** What the app said of the screen that asked. */
export type Screen = Pick<Capture, 'language' | 'textHash' | 'screen'>;
/** Nothing was asked. */
export const NO_SCREEN: Screen = { language: null, textHash: null, screen: null };
/** `registered` is null for an application that is registered no more. */
export type Done = {
  readonly grant: StoredGrant;
  readonly registered: { readonly recipient: Recipient; readonly party: Party } | null;
  readonly receipt: string;
};

/** Events that a receipt tells. */
const EVENTS_ON_RECEIPT = 20;

/**
 * Says yes or no to an application and purpose. A refusal in a word, `unknownApplication`, `noPolicy` or `proofNeeded` (a yes of a
 * guarded device; a no never needs it), changes nothing.
 */
export async function putConsent(
  client: ClientBase,
  chain: Chain,
  deps: ActDeps,
  about: { readonly application: string; readonly purpose: Purpose },
  wanted: Wanted,
  screen: Screen,
): Promise<Done | { readonly refused: ConsentProblem }> {
  const { device, policies, now } = deps;
  if (wanted.precision > PRECISION.none && lacksProof(deps)) return { refused: 'proofNeeded' };
  const found = await findApplication(client, about.application);
  if (found === null) return { refused: 'unknownApplication' };
  const current = currentPolicy(policies, now);
  if (current === null) return { refused: 'noPolicy' };
  const before = await loadGrant(client, device.id, about.application, about.purpose);
  const question = { device: stateOf(device), application: found.recipient, purpose: about.purpose, before };
  const terms = judgeConsent({ ...question, wanted, policies, current, now });
  if ('refused' in terms) return terms;
  // A remembered region may have to become a position, or nothing.
  chain.changed(device.id, about.application);
  return await record(client, chain, deps, about, found, terms, before, screen);
}

/**
 * Takes back whatever was said; the last receipt again if there is nothing (more) to take back. Null if there is no record. A no
 * of a guarded device needs proof (attack: a leaked token turns it into silence, which is a region).
 */
export async function withdrawConsent(
  client: ClientBase,
  chain: Chain,
  deps: ActDeps,
  about: { readonly application: string; readonly purpose: Purpose },
): Promise<Done | { readonly refused: 'proofNeeded' } | null> {
  const { device } = deps;
  const before = await loadGrant(client, device.id, about.application, about.purpose);
  if (before === null) return null;
  if (isRefusal(before) && lacksProof(deps)) return { refused: 'proofNeeded' };
  const found = await findApplication(client, about.application);
  if (before.state === 'withdrawn') {
    const last = await findEvent(client, device, before.record, before.eventSeq, deps.now);
    return { grant: before, registered: found, receipt: last?.capture.receipt ?? '' };
  }
  // What was precise is remembered nowhere, so nobody has to be waited for; a refusal is.
  if (!isLive(before.state)) chain.changed(device.id, about.application);
  const terms: Terms = { ...before, state: 'withdrawn' };
  return await record(client, chain, deps, about, found, terms, before, NO_SCREEN);
}

/** Whether what would show more is refused: of a guarded device, and of a token whose successor would not undo it (attack: a thief's last act). */
function lacksProof({ device, isOld = false, proven = false }: ActDeps): boolean {
  return ((device.flags & FLAG.guarded) !== 0 || isOld) && !proven;
}

/**
 * Writes what was said, or came about, of a record, with its receipt; `registered` null for an application that is registered no more.
 * The caller has judged it. In the caller's transaction.
 */
export async function record(
  client: ClientBase,
  chain: Chain,
  { device, policies, signer, contact, random, newId, now }: ActDeps,
  about: { readonly application: string; readonly purpose: Purpose },
  registered: Done['registered'],
  terms: Terms,
  before: StoredGrant | null,
  screen: Screen,
  actor: 'subject' | 'parent' = 'subject',
): Promise<Done> {
  const recordId = before?.record ?? newId();
  const givenAt = before !== null && !isLive(terms.state) ? before.givenAt : now;
  const { state, precision, scopes, sources, policyVersion, expiresAt, parental } = terms;
  const event = {
    ...about,
    ...{ state, precision, scopes, sources, policyVersion, expiresAt, parental },
    ...{ record: recordId, at: now, givenAt },
  };
  const earlier = before === null ? [] : await listEvents(client, device, recordId, EVENTS_ON_RECEIPT - 1);
  const seq = appendConsent(chain, device, event);
  const { ageBand, jurisdiction } = device.profile;
  const capture = { actor, ...screen, ageBand, jurisdiction, parental };
  const receipt = buildReceipt(
    {
      record: recordId,
      operatorContact: contact,
      party: registered?.party ?? unknownParty(about.application),
      purpose: about.purpose,
      terms,
      capture,
      policyTexts: policies.find((one) => one.version === policyVersion)?.texts ?? [],
      events: [
        ...earlier.map((one) => ({ ...one, actor: one.capture.actor })),
        { seq, at: now, state, precision, expiresAt, actor: capture.actor },
      ],
    },
    device.key,
  );
  const signed = await signer.sign(receipt);
  await keepReceiptKey(client, signer.publicKey, now);
  await writeEvent(client, device, { ...event, seq, capture: { ...capture, receipt: signed } }, policies, random);
  const grant = (await loadGrant(client, device.id, about.application, about.purpose))!;
  return { grant, registered, receipt: signed };
}

/** An application that is not registered any more keeps its name on receipts. */
function unknownParty(application: string): Party {
  const nobody = { policyUrl: null, contact: null, controller: null };
  return {
    application,
    applicationName: application,
    partner: '',
    partnerName: application,
    role: 'vendor',
    ...nobody,
  };
}

// Guesses what the store says of devices and of who asks: what it said last. Promises: only ever a guess; rows that were decided
// on it are written if the store, in the statement that writes them, says the same letter by letter (`unchanged`), of
// everything that readStanding and readRecipients would have read for the same asks at the same time; so that whoever was told by a
// guess was told what the store said in the moment it was written down. Saves the way there and back to read it first.
import type { Recipient } from '../consent/decide.ts';
import { GUARD_FROM, type Guard, type Writing, writingIf } from '../disclosures/drafts.ts';
import type { Head } from '../disclosures/rows-store.ts';
import { binaryBytes, binaryTexts } from '../storage/binary-array.ts';
import { DAY_MS } from '../time/spans.ts';
import { type Ask, keyIdsOf } from './decide-store.ts';
import type { Opened, OpenedDevices } from './opened-devices.ts';
import { behindTokens, policyAt, type Standing, TOLD, tokenJoin } from './subjects-store.ts';

/** Who a key stands for, and what the store said of it, letter by letter. */
export type Holder = Recipient & { readonly told: string };

export type GuessDeps = {
  readonly opened: OpenedDevices;
  /** SQL: how many of an array of keys stand for whom an array of `Holder.told` says (partners/registry-store.ts). */
  readonly unchangedHolders: (keys: string, told: string, now: string) => string;
};

type Guess = {
  readonly standing: Standing;
  readonly recipients: ReadonlyMap<string, Holder>;
  /** What the statement that writes has to find; made when it is needed, for a batch's worth of parameters. */
  unchanged(): Guard;
};

export type Guesses = {
  /** What the store will say of these asks at `nowMs`, if it ends at `head`; null where too little is known of one of them. */
  guess(asks: readonly Ask[], head: Head | null, nowMs: number): Guess | null;
  /** Remembers what was read besides devices. */
  note(policyVersion: string | null, recipients: ReadonlyMap<string, Holder>): void;
};

/** Keys of which it is remembered who they stand for. */
const MAX_HOLDERS = 1_000;

/** Guesses of one thread. */
export function createGuesses({ opened, unchangedHolders }: GuessDeps): Guesses {
  const writings = [false, true].map((hasBound) => writingIfUnchanged(hasBound, unchangedHolders));
  let policyVersion: string | null = null;
  let holders = new Map<string, Holder>();

  function guess(asks: readonly Ask[], head: Head | null, nowMs: number): Guess | null {
    if (head === null) return null;
    const known: Opened[] = [];
    for (const { tokenHash } of asks) {
      const one = opened.find(tokenHash.toString('base64url'));
      // One that has ended goes the way of those nobody knows, from the first step on (attack A12).
      if (one === null || one.subject.tokenExpiresAt <= nowMs) return null;
      known.push(one);
    }
    const recipients = new Map<string, Holder>();
    for (const keyId of keyIdsOf(asks)) {
      const holder = holders.get(keyId);
      if (holder === undefined) return null;
      recipients.set(keyId, holder);
    }
    const hasBound = asks.some((one) => one.isBound);
    const standing = { head, policyVersion, subjects: known.map((one) => one.subject) };
    const unchanged = (): Guard => ({
      writing: writings[Number(hasBound)],
      values: valuesOf(asks, known, standing.policyVersion, recipients, nowMs),
    });
    return { standing, recipients, unchanged };
  }

  return {
    guess,
    note(version, recipients) {
      policyVersion = version;
      if (holders.size > MAX_HOLDERS) holders = new Map();
      for (const [keyId, holder] of recipients) holders.set(keyId, holder);
    },
  };
}

/** Parameters of the condition, in order. */
const PARAMETERS = [
  ...['tokens', 'applications', 'purposes', 'digests', 'told', 'now', 'today', 'policy', 'keys', 'holders'],
] as const;

function writingIfUnchanged(hasBound: boolean, unchangedHolders: GuessDeps['unchangedHolders']): Writing {
  const at = (name: (typeof PARAMETERS)[number]) => `$${GUARD_FROM + PARAMETERS.indexOf(name)}`;
  const now = `${at('now')}::bigint`;
  return writingIf(
    hasBound ? 'unchanged by any token' : 'unchanged',
    `(select count(*) from unnest(${at('tokens')}::bytea[], ${at('applications')}::text[], ${at('purposes')}::text[],
      ${at('digests')}::bytea[], ${at('told')}::text[]) as q(token_hash, application, purpose, known, told)
    ${tokenJoin(now, hasBound)}
    ${behindTokens(`${at('today')}::int`)}
    where e.is_known and ${TOLD} = q.told) = cardinality(${at('tokens')}::bytea[])
  and ${policyAt(now)} is not distinct from ${at('policy')}::text
  and ${unchangedHolders(at('keys'), at('holders'), now)} = cardinality(${at('keys')}::text[])`,
  );
}

function valuesOf(
  asks: readonly Ask[],
  known: readonly Opened[],
  policyVersion: string | null,
  recipients: ReadonlyMap<string, Holder>,
  nowMs: number,
): unknown[] {
  const bytes = (values: readonly Buffer[]) => binaryBytes('bytea', values);
  return [
    bytes(asks.map((one) => one.tokenHash)),
    binaryTexts(asks.map((one) => one.application)),
    binaryTexts(asks.map((one) => one.purpose)),
    bytes(known.map((one) => one.digest)),
    binaryTexts(known.map((one) => one.told)),
    ...[nowMs, Math.floor(nowMs / DAY_MS), policyVersion],
    binaryTexts([...recipients.keys()]),
    binaryTexts(Array.from(recipients.values(), (one) => one.told)),
  ];
}

// All keys in memory, so that asking whether one is good costs no query. Promises: synchronous and pure; a key that is
// replaced away is gone for the very next request; what was presented is only compared and remembered for keys that are
// good, so that a flood of wrong ones fills nothing; a key that has run out is no good, whether or not anybody says so.

import { hashKey, type KeyClass } from './keys.ts';
import type { Recipient } from './recipient.ts';

type KeyEntry = {
  readonly id: string;
  readonly class: KeyClass;
  readonly name: string;
  /** Row of the key in counters shared between threads, below MAX_KEYS; the same in every thread while the process lives. */
  readonly slot: number;
  /** Requests a day and a minute; null = no limit of its own. */
  readonly dailyQuota: number | null;
  readonly perMinute: number | null;
  /** Reports sent with it teach the map without a second witness; absent = no. */
  readonly trusted?: boolean;
  /** Epoch ms from which on it is no good; null or absent = never. */
  readonly expiresAt?: number | null;
  /** Whom a partner's key stands for; a partner's key without it gets nothing. */
  readonly recipient?: Recipient;
};

/** An entry with the SHA-256 of its key, as hex: survives being posted to a thread. */
export type KeyRingEntry = KeyEntry & { readonly hashHex: string };

type KeyRing = {
  /** Makes these the only good keys. */
  replace(entries: readonly KeyRingEntry[]): void;
  /** The entry of a presented key, or null. */
  find(presented: string): KeyEntry | null;
};

/** Good keys at a time: sizes what is kept per key. A gateway has tens. */
export const MAX_KEYS = 4096;

/** Longer than any key of ours; what is longer is not hashed at all. */
const MAX_PRESENTED_LENGTH = 128;

/** `now` returns epoch ms; it is asked for keys that expire only. */
export function createKeyRing(now: () => number): KeyRing {
  let byHash = new Map<string, KeyEntry>();
  // A hash costs about 1 us, this map 0.05 us. A good key has one spelling, so it holds no more than there are keys.
  const remembered = new Map<string, KeyEntry>();

  function replace(entries: readonly KeyRingEntry[]): void {
    byHash = new Map(entries.map(({ hashHex, ...entry }) => [hashHex, Object.freeze(entry)]));
    remembered.clear();
  }

  function find(presented: string): KeyEntry | null {
    const known = remembered.get(presented);
    if (known !== undefined) return isOver(known) ? null : known;
    if (presented.length === 0 || presented.length > MAX_PRESENTED_LENGTH) return null;
    const entry = byHash.get(hashKey(presented).toString('hex'));
    if (entry === undefined) return null;
    remembered.set(presented, entry);
    return isOver(entry) ? null : entry;
  }

  function isOver({ expiresAt }: KeyEntry): boolean {
    return expiresAt !== undefined && expiresAt !== null && expiresAt <= now();
  }

  return { replace, find };
}

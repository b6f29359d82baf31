// One row of the ledger: who was shown what class of thing, how coarse, why, on which basis; never a place, an address or a
// name. Promises: pure; the same row always gives the same bytes, and no two different rows do, because the bytes are a JSON
// array with every column in its own position.
import { type HmacKey, hmacHex } from './hmac.ts';

/** What a row records; the numbers are stored. */
export const KIND = {
  precise: 1,
  region: 2,
  /** A decision that showed nothing. */
  refused: 3,
  consent: 4,
  /** Restriction, objection, a child's mark, a token's end: what changes decisions without being consent. */
  device: 5,
  rights: 6,
  staff: 7,
  legal: 8,
  /** A recipient was told of a correction or an erasure. */
  notice: 9,
  /** Published counts were read: counted, never a row. */
  counts: 10,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Why something may be shown (privacy.md C1). */
export type Basis = 'anonymous' | 'consent' | 'processor' | 'legal_obligation' | 'security' | 'protect_rights';

export const PRECISION = { none: 0, region: 1, precise: 2 } as const;
export type Precision = (typeof PRECISION)[keyof typeof PRECISION];

export type LedgerEntry = {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: Kind;
  readonly application?: string | null;
  /** The device's pseudonym in the ledger (devices/device-key.ts), 16 bytes. */
  readonly subject?: Buffer | null;
  readonly purpose?: string | null;
  readonly basis?: Basis | null;
  readonly precision?: Precision | null;
  /** The consent event it stands on. */
  readonly eventSeq?: number | null;
  readonly policyVersion?: string | null;
  readonly tick?: number | null;
  /** A word or a reference, from a closed list wherever that is possible. */
  readonly detail?: string | null;
};

/** HMAC-SHA256 under the ledger's key over the hash before and the row. The key lies outside the database: who can only
 * change tables can't write a chain that holds. */
export function chainHash(key: HmacKey, before: Uint8Array, seq: number, entry: LedgerEntry): Buffer {
  const row = [
    seq,
    entry.at,
    entry.kind,
    entry.application ?? null,
    entry.subject?.toString('hex') ?? null,
    entry.purpose ?? null,
    entry.basis ?? null,
    entry.precision ?? null,
    entry.eventSeq ?? null,
    entry.policyVersion ?? null,
    entry.tick ?? null,
    entry.detail ?? null,
  ];
  return Buffer.from(hmacHex(key, before, JSON.stringify(row)), 'hex');
}

// What is known of a device's user, as it lies in the store: one sealed text under the device's own key. Promises: pure; every
// sealed profile of usual size has the same length, so that a dump doesn't tell ages apart (attack: sizes of ciphertexts); one
// that doesn't open is an error, never an empty profile with everything allowed.
import { type AgeBand, ALL_SOURCES, type DeviceState, type ParentalConsent } from './device-contract.ts';
import { ledgerSubject, type Random, seal, unseal } from './device-key.ts';
import { type MasterKeys, openDeviceKey } from './master-keys.ts';

export type Profile = {
  /** ISO 3166-1 alpha-2, null = unknown. */
  readonly jurisdiction: string | null;
  readonly ageBand: AgeBand;
  /** Bits of SOURCE that may be used. */
  readonly sources: number;
  /** Wants offers: while it is off nothing is shown for marketing; what must be said is said anyhow (policy C7). */
  readonly marketing: boolean;
  /** UTC day numbers on which its user last stated each field. */
  readonly statedDay: Readonly<Partial<Record<StatedField, number>>>;
  /** Policies its user was told of, and when. */
  readonly notices: readonly { readonly version: string; readonly at: number }[];
  /** The policy its user accepted; which consents to nothing (C9). */
  readonly accepted: { readonly version: string; readonly at: number } | null;
};
export const STATED_FIELDS = ['jurisdiction', 'ageBand', 'sources', 'marketing'] as const;
type StatedField = (typeof STATED_FIELDS)[number];

/** A registered device with what lies sealed. The key never leaves the process. */
export type Device = {
  readonly id: string;
  readonly key: Buffer;
  /** What the ledger calls it. */
  readonly subject: Buffer;
  readonly flags: number;
  /** Epoch milliseconds, floored to the day. */
  readonly createdAt: number;
  readonly lastUsedDay: number;
  readonly profile: Profile;
  readonly parental: readonly ParentalConsent[];
};

/** A device as it came in with its own token. */
export type Presented = Device & { readonly tokenHash: Buffer; readonly tokenExpiresAt: number };

/** A device as its row and its key's row say. */
export type DeviceRow = {
  readonly device: string;
  readonly master_key: Buffer;
  readonly wrapped: Buffer;
  readonly flags: number;
  readonly created_at: number;
  readonly last_used_day: number;
  readonly sealed: Buffer;
  readonly parental: readonly ParentalConsent[];
};

export const NEW_PROFILE: Profile = {
  jurisdiction: null,
  ageBand: 'unknown',
  sources: ALL_SOURCES,
  marketing: false,
  statedDay: {},
  notices: [],
  accepted: null,
};

/** Sealed texts are padded to multiples of this many bytes. */
const PAD_BYTES = 512;

/** Seals a value as JSON, padded. `label` is `"<table>.<column> <device id>"`. */
export function sealJson(key: Uint8Array, label: string, value: unknown, random: Random): Buffer {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  return seal(key, label, Buffer.from(text + ' '.repeat((PAD_BYTES - (bytes % PAD_BYTES)) % PAD_BYTES)), random);
}

/** Throws if the bytes were not sealed under this key as this. */
export function openJson<T>(key: Uint8Array, label: string, sealed: Uint8Array): T {
  const plain = unseal(key, label, sealed);
  if (plain === null) throw new Error('a sealed value does not open');
  return JSON.parse(plain.toString()) as T;
}

const labelOf = (id: string) => `devices.sealed ${id}`;

export function sealProfile(key: Uint8Array, id: string, profile: Profile, random: Random): Buffer {
  return sealJson(key, labelOf(id), profile, random);
}

/** Throws if no master key of ours opens the device's, or its profile doesn't open with that. */
export function openDevice(masters: MasterKeys, row: DeviceRow): Device {
  const key = openDeviceKey(masters, row);
  if (key === null) throw new Error('no master key opens the key of a device');
  return {
    id: row.device,
    key,
    subject: ledgerSubject(key),
    flags: row.flags,
    createdAt: row.created_at,
    lastUsedDay: row.last_used_day,
    profile: openJson<Profile>(key, labelOf(row.device), row.sealed),
    parental: row.parental,
  };
}

/** What decisions are made on. */
export function stateOf({ flags, profile, parental }: Device): DeviceState {
  const { jurisdiction, ageBand, sources, marketing } = profile;
  return { flags, jurisdiction, ageBand, sources, marketing, parental };
}

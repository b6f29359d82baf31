// Keys that applications present: printable, told apart by class at a glance, stored only as a hash.
// Promises: 192 bits of randomness, so a fast hash is enough at rest (nothing to guess) and a look-up needs no salt.

import { createHash } from 'node:crypto';

/** Who a key is for: phone makers (an estimate), partners (what consent allows), submitters (reports only). */
export const KEY_CLASSES = ['device', 'partner', 'submit'] as const;
export type KeyClass = (typeof KEY_CLASSES)[number];

/** Also lets scanners for leaked secrets know ours. */
const PREFIX: Readonly<Record<KeyClass, string>> = { device: 'hgd_', partner: 'hgp_', submit: 'hgs_' };

/** Bytes of randomness in a key: 24 are 32 characters of base64url with nothing left over. */
export const KEY_RANDOM_BYTES = 24;
/** Bytes of randomness in the name under which a key is listed and revoked; it opens nothing. */
export const KEY_ID_RANDOM_BYTES = 6;

const MAX_KEY_NAME_LENGTH = 100;

/** The key of `KEY_RANDOM_BYTES` random bytes: four characters for the class, then 32 of [A-Za-z0-9_-]. */
export function formatKey(keyClass: KeyClass, random: Uint8Array): string {
  if (random.length !== KEY_RANDOM_BYTES) throw new RangeError('a key needs 24 random bytes');
  return PREFIX[keyClass] + Buffer.from(random).toString('base64url');
}

/** The public name of a key, from `KEY_ID_RANDOM_BYTES` random bytes. */
export function formatKeyId(random: Uint8Array): string {
  if (random.length !== KEY_ID_RANDOM_BYTES) throw new RangeError('a key id needs 6 random bytes');
  return `key_${Buffer.from(random).toString('hex')}`;
}

/** What is stored of a key: the SHA-256 of its characters. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** True for a name that people can read in a list: 1 to 100 characters, none of them a control character. */
export function isKeyName(name: string): boolean {
  return name.trim().length > 0 && name.length <= MAX_KEY_NAME_LENGTH && !/\p{Cc}/u.test(name);
}

// What a registered phone presents: opaque, 256 random bits, kept as a hash only. A device's token speaks for its person; an
// application's token, which the device made, is the device towards that application and nothing else. Promises: pure; a text
// that can't be a token is told apart without asking the store, and so are the two kinds: what speaks for a person is never
// looked for among tokens of applications. A fast hash is enough at rest: there is nothing to guess.
import { hash } from 'node:crypto';

export const TOKEN_RANDOM_BYTES = 32;
/** Tell scanners for leaked secrets, and us, what it is. */
const DEVICE_PREFIX = 'hgt_';
const APPLICATION_PREFIX = 'hga_';
const DEVICE_TOKEN = /^hgt_[A-Za-z0-9_-]{43}$/;
const WIRE_TOKEN = /^hg[ta]_[A-Za-z0-9_-]{43}$/;

/** The device token of `TOKEN_RANDOM_BYTES` random bytes: `hgt_` and 43 characters of base64url. */
export function formatToken(random: Uint8Array): string {
  return format(DEVICE_PREFIX, random);
}

/** The same for a token of an application: `hga_` and 43 characters. */
export function formatApplicationToken(random: Uint8Array): string {
  return format(APPLICATION_PREFIX, random);
}

function format(prefix: string, random: Uint8Array): string {
  if (random.length !== TOKEN_RANDOM_BYTES) throw new RangeError('a token needs 32 random bytes');
  return prefix + Buffer.from(random).toString('base64url');
}

/** True for what can be a device's token: what opens its person's own routes. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && DEVICE_TOKEN.test(text);
}

export function isApplicationToken(text: unknown): text is string {
  return isWireToken(text) && text.startsWith(APPLICATION_PREFIX);
}

/** True for what can name a device where partners ask: a device's token, or an application's. */
export function isWireToken(text: unknown): text is string {
  return typeof text === 'string' && WIRE_TOKEN.test(text);
}

/** What is stored of a token: the SHA-256 of its characters. */
export function hashToken(token: string): Buffer {
  // By way of its digits: in Node 24 that is four times as fast as asking for bytes.
  return Buffer.from(hash('sha256', token, 'hex'), 'hex');
}

/** A bearer that says of itself that it is a token of ours, and all that is said of it, well-formed or not. */
const OUR_BEARER = /^bearer +(hg[ta]_.*)$/is;
/** A token of ours that is presented in some other way: without a scheme, with another one, in quotes. */
const OURS_MISSPELT = /(?:^|[^a-z0-9])hg[ta]_/i;

/**
 * What a request of the MLS family says its phone is: its `device` parameter, or its bearer (`authorization`) if that is of ours; null
 * if it says nothing, or presents somebody else's bearer, as KaiOS does. Not verified, and perhaps nothing that can be a token: mangled, two
 * that differ, or one in a header that is spelt otherwise. Whoever says who it is and can't be understood is a phone that nobody knows, not one without switches.
 * Two that differ may be two phones': neither's switches and consents are gone by for the readings of the other.
 */
export function deviceNamed(device: unknown, authorization: string | undefined): string | null {
  const said = new Set((Array.isArray(device) ? device : [device]).filter((text) => text !== undefined && text !== ''));
  const borne = authorization === undefined ? undefined : OUR_BEARER.exec(authorization)?.[1].trimEnd();
  if (borne !== undefined) said.add(borne);
  if (said.size > 0) return [...said].join(' ');
  return authorization !== undefined && OURS_MISSPELT.test(authorization) ? `misspelt ${authorization}` : null;
}

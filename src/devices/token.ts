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

/** The token of either kind of an `Authorization` header; null if there is none, or something else. The scheme's case doesn't count. */
export function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > 100) return null;
  const [scheme, token, ...more] = header.split(' ');
  return scheme.toLowerCase() === 'bearer' && more.length === 0 && isWireToken(token) ? token : null;
}

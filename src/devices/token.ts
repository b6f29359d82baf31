// What a registered phone presents: opaque, 256 random bits, kept as a hash only. Promises: pure; a text that can't be a
// token is told apart without asking the store. A fast hash is enough at rest: there is nothing to guess.
import { createHash } from 'node:crypto';

export const TOKEN_RANDOM_BYTES = 32;
/** Tells scanners for leaked secrets, and us, what it is. */
const PREFIX = 'hgt_';
const TOKEN = /^hgt_[A-Za-z0-9_-]{43}$/;

/** The token of `TOKEN_RANDOM_BYTES` random bytes: `hgt_` and 43 characters of base64url. */
export function formatToken(random: Uint8Array): string {
  if (random.length !== TOKEN_RANDOM_BYTES) throw new RangeError('a token needs 32 random bytes');
  return PREFIX + Buffer.from(random).toString('base64url');
}

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && TOKEN.test(text);
}

/** What is stored of a token: the SHA-256 of its characters. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The token of an `Authorization` header; null if there is none, or something else. The scheme's case doesn't count. */
export function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > 100) return null;
  const [scheme, token, ...more] = header.split(' ');
  return scheme.toLowerCase() === 'bearer' && more.length === 0 && isToken(token) ? token : null;
}

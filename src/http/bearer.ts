// The credential of an `Authorization: Bearer` header (RFC 6750). Promises: pure, linear in what it reads, which is bounded.

/** Longer than any key or token of ours, with the scheme. */
const MAX_HEADER_LENGTH = 100;
/** RFC 9110, 11.4: one space or more behind the scheme, whose case does not count. */
const BEARER = /^bearer +([^ ]+) *$/i;

/** What follows `Bearer`, whatever it is; null if there is no such header, or it is longer than any of ours. */
export function bearerOf(header: string | undefined): string | null {
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return null;
  return BEARER.exec(header)?.[1] ?? null;
}

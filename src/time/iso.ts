// Times as ISO 8601 text in UTC, as the wire and the command line tell them: 2026-11-22T20:00:44.462Z.

/** Of epoch ms. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Of epoch ms; null of what has no time. */
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}

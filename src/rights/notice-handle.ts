// The name by which recipients know a device in notices. Promises: pure; only who presented the token can recompute it.
import { createHash } from 'node:crypto';

/** In the place of an application: tokens of the device itself by which it was shown the device (`application` is an id). */
export function ownHandlesOf(application: string): string {
  return `own ${application}`;
}
/** The same before it was kept which application presented which of them. */
export const OWN_TOKENS = '';
/** In the place of an application: handles by which notices name the device that are held still, to whomever. */
export const NAMED_IN_NOTICES = 'named in notices';

/** What a recipient computes of a token it presented: SHA-256 of `honeyguide notice ` and the SHA-256 of the token in hex. */
export function noticeHandle(tokenHash: Uint8Array): string {
  return createHash('sha256')
    .update(`honeyguide notice ${Buffer.from(tokenHash).toString('hex')}`)
    .digest('hex');
}

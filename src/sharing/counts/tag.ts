// What a device is called while it is counted: an HMAC under a key that is made of the window's salt and of a secret outside
// the database. Promises: pure; the same device in two windows is two strangers; without the salt, which dies when the window
// is published, not even we can tell whose a tag was, and without the secret nobody can try device ids against a dump.
import { createHmac } from 'node:crypto';

export const SALT_BYTES = 32;
const TAG_BYTES = 16;

/** The key of a window's tags. */
export function tagKeyOf(secret: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac('sha256', secret).update('visits\0').update(salt).digest();
}

/** The tag of a device id: 16 bytes. */
export function tagOf(tagKey: Uint8Array, device: string): Buffer {
  return createHmac('sha256', tagKey).update(device).digest().subarray(0, TAG_BYTES);
}

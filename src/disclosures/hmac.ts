// HMAC-SHA256 (RFC 2104) by way of two hashes at once, with the key's two blocks made beforehand: half of what Node's Hmac object
// costs, and no native object that the garbage collector has to end, one for each row of the ledger. Promises: the same bytes as
// createHmac('sha256', key).
import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** A key made ready; keeps the key's bytes. */
export type HmacKey = { inner: Buffer; readonly outer: Buffer };

/** A key for `hmacHex`. One caller at a time: it is written into. */
export function hmacKey(key: Uint8Array): HmacKey {
  const bytes = key.length > BLOCK_BYTES ? Buffer.from(hash('sha256', key, 'hex'), 'hex') : key;
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [i, byte] of bytes.entries()) {
    inner[i] ^= byte;
    outer[i] ^= byte;
  }
  return { inner, outer };
}

/** The HMAC of some bytes and a text behind them, as digits: in Node 24 that is quicker than asking for bytes. */
export function hmacHex(key: HmacKey, head: Uint8Array, text: string): string {
  const start = BLOCK_BYTES + head.length;
  // UTF-8 needs at most three bytes a code unit.
  const most = start + 3 * text.length;
  if (key.inner.length < most) key.inner = Buffer.concat([key.inner.subarray(0, BLOCK_BYTES)], 2 * most);
  key.inner.set(head, BLOCK_BYTES);
  const end = start + key.inner.write(text, start);
  key.outer.write(hash('sha256', key.inner.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
  return hash('sha256', key.outer, 'hex');
}

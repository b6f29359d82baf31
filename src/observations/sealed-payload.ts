// A report as it waits in the inbox, encrypted under keys that lie outside the database, so that a dump shows neither where nor
// beside what a phone was: AES-256 in counter mode with a key for each UTC day, then a keyed hash over the result. Promises:
// pure; the nonce is a keyed hash of what is encrypted (the row's digest), so two reports never share one by accident of a
// random number, and the same report sent again by the same contributor is the same row; a payload that was changed, or moved
// to another row, contributor or trust, does not open. Not AES-GCM of node:crypto, whose objects cost 15-30 us each: this takes
// a tenth, and reports come by the thousand.
import { type Cipheriv, createCipheriv, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { dayOf } from './contributor.ts';

/** What of a row its payload is bound to. `contributor` is the tag of the day. */
type Envelope = {
  readonly receivedAtMs: number;
  readonly contributor: number | null;
  readonly trusted: boolean;
};

export type PayloadSeal = {
  /** The digest (16 bytes) and the encrypted payload. `dayKey` as in day-keys.ts: without it nobody can try out tags. */
  seal(envelope: Envelope, dayKey: Uint8Array, plain: Uint8Array): { digest: Buffer; payload: Buffer };
  /** What was sealed, or null if it was not sealed here and so. */
  open(envelope: Envelope, digest: Uint8Array, payload: Uint8Array): Buffer | null;
  /** The key of a day, made of what the store holds of it. */
  dayKey(stored: Uint8Array): Uint8Array;
};

const DIGEST_BYTES = 16;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** Bytes of the digest that make a nonce; the rest of a block counts blocks. */
const NONCE_BYTES = 12;
/** Rows live for seven days; the rest is room for clocks. */
const DAYS_KEPT = 10;

/** `stationKey` is the secret of that name; the keys used here are derived from it. */
export function createPayloadSeal(stationKey: Uint8Array): PayloadSeal {
  const derive = (what: string) => new Uint8Array(hkdfSync('sha256', stationKey, '', `honeyguide ${what}`, 32));
  const digestKey = derive('digests of reports');
  const tagKey = derive('tags of reports');
  const dayKeyKey = derive('day keys');
  const ciphers = new Map<number, Cipheriv>();

  function cipherOf(receivedAtMs: number): Cipheriv {
    const day = dayOf(receivedAtMs);
    let cipher = ciphers.get(day);
    if (cipher === undefined) {
      if (ciphers.size >= DAYS_KEPT) ciphers.clear();
      // Without chaining and padding, one object turns any number of whole blocks into as many.
      cipher = createCipheriv('aes-256-ecb', derive(`reports of day ${day}`), null).setAutoPadding(false);
      ciphers.set(day, cipher);
    }
    return cipher;
  }

  /** Counter mode: the same both ways. */
  function crypt(receivedAtMs: number, digest: Uint8Array, bytes: Uint8Array): Buffer {
    const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
    const counters = Buffer.allocUnsafe(blocks * BLOCK_BYTES);
    // Whole digests, whose ends the numbers then replace.
    counters.fill(digest);
    for (let block = 0; block < blocks; block++) counters.writeUInt32BE(block, block * BLOCK_BYTES + NONCE_BYTES);
    const stream = cipherOf(receivedAtMs).update(counters);
    const result = Buffer.allocUnsafe(bytes.length);
    for (let i = 0; i < bytes.length; i++) result[i] = bytes[i] ^ stream[i];
    return result;
  }

  // A key in front of a hash that is cut to half its length makes a keyed hash: what is left can't be extended.
  const keyed = (...parts: Uint8Array[]) => hash('sha256', Buffer.concat(parts), 'buffer');
  const tagOf = (envelope: Envelope, digest: Uint8Array, sealed: Uint8Array) =>
    keyed(tagKey, boundTo(envelope), digest, sealed).subarray(0, TAG_BYTES);

  return {
    seal(envelope, dayKey, plain) {
      const digest = keyed(digestKey, dayKey, senderOf(envelope), plain).subarray(0, DIGEST_BYTES);
      const sealed = crypt(envelope.receivedAtMs, digest, plain);
      return { digest, payload: Buffer.concat([sealed, tagOf(envelope, digest, sealed)]) };
    },
    open(envelope, digest, payload) {
      const end = payload.length - TAG_BYTES;
      if (end < 0) return null;
      const sealed = payload.subarray(0, end);
      if (!timingSafeEqual(tagOf(envelope, digest, sealed), payload.subarray(end))) return null;
      return crypt(envelope.receivedAtMs, digest, sealed);
    },
    dayKey: (stored) => keyed(dayKeyKey, stored),
  };
}

/** Tag and trust as seven bytes. */
function senderOf({ contributor, trusted }: Envelope): Buffer {
  const who = Buffer.alloc(7);
  who.writeUIntLE(contributor ?? 0, 0, 6);
  who[6] = trusted ? 1 : 0;
  return who;
}

/** Sender and day: all that a payload may not be moved away from. */
function boundTo(envelope: Envelope): Buffer {
  const day = Buffer.alloc(4);
  day.writeInt32LE(dayOf(envelope.receivedAtMs));
  return Buffer.concat([senderOf(envelope), day]);
}

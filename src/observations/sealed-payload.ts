// A report as it waits in the inbox: AES-256-GCM under a key that lies outside the database, one for each UTC day, so that a dump
// shows neither where nor beside what a phone was. Promises: pure; the nonce is made of what is encrypted and the key (the
// row's digest), so two reports never share one by accident of a random number, and the same report sent again by the same
// contributor is the same row; a payload that was changed, or moved to another row, contributor or trust, does not open.
import { createCipheriv, createDecipheriv, hash, hkdfSync } from 'node:crypto';
import { dayOf } from './contributor.ts';

/** What of a row its payload is bound to. `contributor` is the tag of the day. */
export type Envelope = {
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
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Rows live for seven days; the rest is room for clocks. */
const DAYS_KEPT = 10;

/** `stationKey` is the secret of that name; the keys used here are derived from it. */
export function createPayloadSeal(stationKey: Uint8Array): PayloadSeal {
  const derive = (what: string) => new Uint8Array(hkdfSync('sha256', stationKey, '', `honeyguide ${what}`, 32));
  const digestKey = derive('digests of reports');
  const dayKeyKey = derive('day keys');
  const keys = new Map<number, Uint8Array>();

  function keyOf(receivedAtMs: number): Uint8Array {
    const day = dayOf(receivedAtMs);
    let key = keys.get(day);
    if (key === undefined) {
      if (keys.size >= DAYS_KEPT) keys.clear();
      key = derive(`reports of day ${day}`);
      keys.set(day, key);
    }
    return key;
  }

  return {
    seal(envelope, dayKey, plain) {
      const who = senderOf(envelope);
      // A key in front of a hash cut to half its length is a keyed hash: what is left can't be extended.
      const digest = hash('sha256', Buffer.concat([digestKey, dayKey, who, plain]), 'buffer').subarray(0, DIGEST_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyOf(envelope.receivedAtMs), digest.subarray(0, NONCE_BYTES));
      cipher.setAAD(who);
      return { digest, payload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
    },
    open(envelope, digest, payload) {
      const end = payload.length - TAG_BYTES;
      if (end < 0) return null;
      const cipher = createDecipheriv('aes-256-gcm', keyOf(envelope.receivedAtMs), digest.subarray(0, NONCE_BYTES));
      cipher.setAAD(senderOf(envelope)).setAuthTag(payload.subarray(end));
      try {
        return Buffer.concat([cipher.update(payload.subarray(0, end)), cipher.final()]);
      } catch {
        return null;
      }
    },
    dayKey: (stored) => hash('sha256', Buffer.concat([dayKeyKey, stored]), 'buffer'),
  };
}

/** Tag and trust as seven bytes. */
function senderOf({ contributor, trusted }: Envelope): Buffer {
  const who = Buffer.alloc(7);
  who.writeUIntLE(contributor ?? 0, 0, 6);
  who[6] = trusted ? 1 : 0;
  return who;
}

import { createCipheriv, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPayloadSeal } from '../../src/observations/sealed-payload.ts';
import { DAY_MS } from '../../src/time/spans.ts';

const STATION_KEY = Buffer.alloc(32, 4);
const seal = createPayloadSeal(STATION_KEY);
const envelope = fc.record({
  receivedAtMs: fc.integer({ min: 20_000, max: 20_020 }).map((day) => day * DAY_MS + 3_600_000),
  contributor: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  trusted: fc.boolean(),
});
const bytes = fc.uint8Array({ maxLength: 700 });
const dayKey = Buffer.alloc(32, 1);

test('a report comes back as it was, and is AES-256 in counter mode meanwhile', () => {
  fc.assert(
    fc.property(envelope, bytes, (by, plain) => {
      const { digest, payload } = seal.seal(by, dayKey, plain);
      expect([digest.length, payload.length]).toEqual([16, plain.length + 16]);
      expect(seal.open(by, digest, payload)).toEqual(Buffer.from(plain));
      const what = `honeyguide reports of day ${Math.floor(by.receivedAtMs / DAY_MS)}`;
      const key = Buffer.from(hkdfSync('sha256', STATION_KEY, '', what, 32));
      const oracle = createCipheriv('aes-256-ctr', key, Buffer.concat([digest.subarray(0, 12), Buffer.alloc(4)]));
      expect(payload.subarray(0, -16)).toEqual(Buffer.concat([oracle.update(plain), oracle.final()]));
    }),
  );
});

test('nothing opens that was changed, cut, or moved to another digest, contributor, trust, day or key', () => {
  const other = createPayloadSeal(Buffer.alloc(32, 5));
  fc.assert(
    fc.property(envelope, bytes, fc.nat(), fc.nat(7), (by, plain, at, bit) => {
      const { digest, payload } = seal.seal(by, dayKey, plain);
      const changed = Buffer.from(payload);
      changed[at % payload.length] ^= 1 << bit;
      const moved = Buffer.from(digest);
      moved[at % 16] ^= 1 << bit;
      const attempts = [
        seal.open(by, digest, changed),
        seal.open(by, moved, payload),
        seal.open(by, digest, payload.subarray(0, at % payload.length)),
        seal.open({ ...by, contributor: (by.contributor + 1) % 2 ** 48 }, digest, payload),
        seal.open({ ...by, trusted: !by.trusted }, digest, payload),
        seal.open({ ...by, receivedAtMs: by.receivedAtMs + DAY_MS }, digest, payload),
        other.open(by, digest, payload),
      ];
      expect(attempts).toEqual(attempts.map(() => null));
    }),
  );
});

test('the same report of the same contributor is the same row within a day key, of anybody else another', () => {
  fc.assert(
    fc.property(envelope, bytes, (by, plain) => {
      const digestOf = (who = by, key: Uint8Array = dayKey) => seal.seal(who, key, plain).digest.toString('hex');
      const all = [
        digestOf(),
        digestOf({ ...by, contributor: (by.contributor + 1) % 2 ** 48 }),
        digestOf(by, Buffer.alloc(32, 2)),
      ];
      expect(new Set(all).size).toBe(3);
      expect(digestOf()).toBe(all[0]);
    }),
  );
});

test('the key of a day is not what the store holds of it, and another under another secret', () => {
  const stored = Buffer.alloc(32, 8);
  const keys = [seal, createPayloadSeal(Buffer.alloc(32, 5))].map((one) =>
    Buffer.from(one.dayKey(stored)).toString('hex'),
  );
  expect(new Set([...keys, stored.toString('hex')]).size).toBe(3);
});

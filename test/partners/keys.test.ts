import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKeyRing, type KeyRingEntry } from '../../src/partners/key-ring.ts';
import { formatKey, formatKeyId, hashKey, isKeyName, KEY_CLASSES } from '../../src/partners/keys.ts';
import { createSlots } from '../../src/partners/slots.ts';

describe('a key', () => {
  test('shows its class and is 32 characters of all its randomness', () => {
    const random = randomBytes(24);
    const keys = KEY_CLASSES.map((keyClass) => formatKey(keyClass, random));
    expect(keys.map((key) => key.slice(0, 4))).toEqual(['hgd_', 'hgp_', 'hgs_']);
    for (const key of keys) {
      expect(key).toMatch(/^hg[dps]_[A-Za-z0-9_-]{32}$/);
      expect(Buffer.from(key.slice(4), 'base64url')).toEqual(random);
    }
  });

  test('is never made from less randomness than promised', () => {
    expect(() => formatKey('device', randomBytes(16))).toThrow(RangeError);
    expect(() => formatKeyId(randomBytes(0))).toThrow(RangeError);
  });

  test('may be named in any language, not with nothing, control characters or an essay', () => {
    expect(['Maker X', 'Üñï 电话', 'x'.repeat(100)].map(isKeyName)).toEqual([true, true, true]);
    expect(['', '  ', 'a\nb', '\u001b[31m', 'x'.repeat(101)].map(isKeyName)).toEqual(Array(5).fill(false));
  });
});

describe('the key ring', () => {
  const keys = Array.from({ length: 3 }, () => formatKey('device', randomBytes(24)));
  const entry = (key: string, slot: number): KeyRingEntry => ({
    id: `key_${slot}`,
    class: 'device',
    name: 'Maker',
    slot,
    dailyQuota: null,
    perMinute: 5,
    hashHex: hashKey(key).toString('hex'),
  });

  test('finds a key by what was presented, the first time and every other, and no other key', () => {
    const ring = createKeyRing(() => 1000);
    expect(ring.find(keys[0])).toBeNull();
    ring.replace([entry(keys[0], 0), entry(keys[1], 1)]);
    for (let i = 0; i < 3; i++) {
      expect(ring.find(keys[0])).toEqual({
        id: 'key_0',
        class: 'device',
        name: 'Maker',
        slot: 0,
        dailyQuota: null,
        perMinute: 5,
      });
      expect(ring.find(keys[1])?.slot).toBe(1);
      for (const wrong of [keys[2], '', `${keys[0]} `, keys[0].toUpperCase(), keys[0].slice(0, -1), 'x'.repeat(1e6)]) {
        expect(ring.find(wrong)).toBeNull();
      }
    }
  });

  test('forgets a key that is replaced away at once, also one that was just used, and takes it back', () => {
    const ring = createKeyRing(() => 1000);
    ring.replace([entry(keys[0], 0), entry(keys[1], 1)]);
    expect(ring.find(keys[0])).not.toBeNull();
    ring.replace([entry(keys[1], 1)]);
    expect(ring.find(keys[0])).toBeNull();
    expect(ring.find(keys[1])).not.toBeNull();
    ring.replace([entry(keys[0], 0)]);
    expect(ring.find(keys[0])?.id).toBe('key_0');
  });

  test('never gives away the hash', () => {
    const ring = createKeyRing(() => 1000);
    ring.replace([entry(keys[0], 0)]);
    expect(JSON.stringify(ring.find(keys[0]))).not.toContain(hashKey(keys[0]).toString('hex'));
  });
});

describe('slots', () => {
  test('stay with their names, never serve two, and rest as long as possible before they serve again', () => {
    const slots = createSlots(4);
    expect(slots.assign(['a', 'b', 'c'])).toEqual([0, 1, 2]);
    expect(slots.assign(['c', 'a'])).toEqual([2, 0]);
    expect(slots.assign(['a', 'd', 'c', 'b'])).toEqual([0, 3, 2, 1]);
    expect(() => slots.assign(['a', 'b', 'c', 'd', 'e'])).toThrow(RangeError);
  });
});

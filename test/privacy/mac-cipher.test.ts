import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMacCipher, type MacUse, stationKeyName } from '../../src/privacy/mac-cipher.ts';
import { ff1Encrypt } from './ff1.ts';

const KEY = Buffer.alloc(32, 7);
const USES: MacUse[] = ['wifi', 'bluetooth', 'removal'];
const mac = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('the oracle', () => {
  const digits = (text: string) => [...text].map((digit) => Number.parseInt(digit, 36));
  const short = '2B7E151628AED2A6ABF7158809CF4F3C';
  const long = `${short}EF4359D8D580AA4F7F036D6F04FC6A94`;

  test.each([
    // Samples 1, 2, 3, 7, 8 and 9 of FF1 (NIST, "FF1 samples" for SP 800-38G).
    [short, '', 10, '0123456789', '2433477484'],
    [short, '39383736353433323130', 10, '0123456789', '6124200773'],
    [short, '3737373770717273373737', 36, '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
    [long, '', 10, '0123456789', '6657667009'],
    [long, '39383736353433323130', 10, '0123456789', '1001623463'],
    [long, '3737373770717273373737', 36, '0123456789abcdefghi', 'xs8a0azh2avyalyzuwd'],
  ])('agrees with the samples of NIST (key %s, tweak %s)', (key, tweak, radix, plain, sealed) => {
    const found = ff1Encrypt(Buffer.from(key, 'hex'), Buffer.from(tweak, 'hex'), radix, digits(plain));
    expect(found.map((digit) => digit.toString(36)).join('')).toBe(sealed);
  });
});

describe('addresses at rest', () => {
  test('are encrypted as FF1 has it, each use with a tweak of its own', () => {
    const derived = Buffer.from(hkdfSync('sha256', KEY, '', 'honeyguide addresses', 32));
    const cipher = createMacCipher(KEY);
    fc.assert(
      fc.property(fc.constantFrom(...USES), mac, (use, plain) => {
        const bits = [...plain.toString(2).padStart(48, '0')].map(Number);
        const wanted = ff1Encrypt(derived, Buffer.of(USES.indexOf(use) + 1), 2, bits);
        expect(cipher.seal(use, [plain])).toEqual(Float64Array.of(Number.parseInt(wanted.join(''), 2)));
      }),
    );
  });

  test('come back whole, alone and in batches of any length, and stay 48-bit numbers', () => {
    const cipher = createMacCipher(KEY);
    fc.assert(
      fc.property(fc.constantFrom(...USES), fc.array(mac, { maxLength: 50 }), fc.nat(5000), (use, some, more) => {
        const macs = [0, 2 ** 48 - 1, ...some, ...Array.from({ length: more }, (_, i) => i * 0x1_0001_0001)];
        const sealed = cipher.seal(use, macs);
        expect([...cipher.open(use, sealed)]).toEqual(macs);
        expect(sealed.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 48)).toBe(true);
        expect(cipher.seal(use, macs.slice(-1))[0]).toBe(sealed[macs.length - 1]);
        expect(cipher.seal(use, macs, 2)).toEqual(sealed.subarray(0, 2));
      }),
      { numRuns: 30 },
    );
  });

  test('are different numbers for different addresses, neighbours too, and show nothing of their maker', () => {
    const cipher = createMacCipher(KEY);
    const neighbours = Array.from({ length: 100_000 }, (_, i) => 0xac86_7400_0000 + i);
    const sealed = cipher.seal('wifi', neighbours);
    expect(new Set(sealed).size).toBe(neighbours.length);
    // Were the maker's 24 bits to show through, or a half to stay as it is, there would be few different ones.
    for (const half of [(n: number) => Math.floor(n / 2 ** 24), (n: number) => n % 2 ** 24])
      expect(new Set(sealed.map(half)).size).toBeGreaterThan(99_000);
  });

  test('are other numbers for another use and under another key', () => {
    const macs = [1, 2, 3];
    const other = createMacCipher(Buffer.alloc(32, 8)).seal('wifi', macs);
    const found = [...USES.map((use) => createMacCipher(KEY).seal(use, macs)), other].flatMap((sealed) => [...sealed]);
    expect(new Set(found).size).toBe(12);
  });
});

test('the name of a key tells it from others and is not the key', () => {
  const name = stationKeyName(KEY);
  expect([name.length, name.equals(stationKeyName(KEY)), name.equals(stationKeyName(Buffer.alloc(32)))]).toEqual([
    8,
    true,
    false,
  ]);
  expect(KEY.includes(name)).toBe(false);
});

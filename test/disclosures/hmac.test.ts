import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hmacHex, hmacKey } from '../../src/disclosures/hmac.ts';

const byNode = (key: Uint8Array, head: Uint8Array, text: string) =>
  createHmac('sha256', key).update(head).update(text).digest('hex');

describe('the HMAC of the ledger', () => {
  it("is Node's, for keys and texts of any length, one after the other under one key", () => {
    for (const keyBytes of [0, 1, 32, 63, 64, 65, 200]) {
      const bytes = randomBytes(keyBytes);
      const key = hmacKey(bytes);
      for (let i = 0; i < 60; i++) {
        const head = randomBytes(randomInt(2) * 32);
        const letters = ['a', 'é', '€', '\u{1f43a}', '\ud800'][randomInt(5)];
        const text = letters.repeat(randomInt(i % 10 === 0 ? 3_000 : 200));
        expect([keyBytes, text.length, hmacHex(key, head, text)]).toEqual([
          keyBytes,
          text.length,
          byNode(bytes, head, text),
        ]);
      }
    }
  });

  it('is that of RFC 4231, test case 2', () => {
    expect(hmacHex(hmacKey(Buffer.from('Jefe')), Buffer.alloc(0), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });
});

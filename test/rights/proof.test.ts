import { expect, test } from 'vitest';
import { answerChallenge } from '../../src/rights/proof.ts';

test('a proof is what docs/applications.md works out with openssl: keyed by the bytes, not by their text', () => {
  const proofKey = Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8', 'base64url');
  expect(proofKey).toHaveLength(32);
  expect(answerChallenge(proofKey, 'consent', 'AZrPZ0mABgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxg')).toBe(
    'sLOqOg5YTv3o723zJU3JwqyP0W39d9EdTS64CXz_lvM',
  );
});

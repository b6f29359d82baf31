import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  answerChallenge,
  answersChallenge,
  makeNonce,
  PROOF_ACTIONS,
  readNonce,
  readProof,
} from '../../src/rights/proof.ts';

test('a proof is what docs/applications.md works out with openssl: keyed by the bytes, not by their text', () => {
  const proofKey = Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8', 'base64url');
  expect(proofKey).toHaveLength(32);
  expect(answerChallenge(proofKey, 'consent', 'AZrPZ0mABgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxg')).toBe(
    'sLOqOg5YTv3o723zJU3JwqyP0W39d9EdTS64CXz_lvM',
  );
});

const KEY = Buffer.alloc(32, 1);
const OTHER_KEY = Buffer.alloc(32, 2);
const UNTIL = Date.UTC(2026, 10, 22, 1, 2, 3, 456);

test('a challenge says for what it is and until when, and is none of another phone’s, changed anywhere, or cut', () => {
  for (const action of PROOF_ACTIONS) {
    const nonce = makeNonce(KEY, action, UNTIL, randomBytes);
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readNonce(KEY, nonce)).toEqual({ action, expiresAt: UNTIL });
    expect(readNonce(OTHER_KEY, nonce)).toBeNull();
    expect(makeNonce(KEY, action, UNTIL, randomBytes)).not.toBe(nonce);
  }
  const bytes = Buffer.from(makeNonce(KEY, 'erasure', UNTIL, randomBytes), 'base64url');
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i] ^= 1;
    expect([i, readNonce(KEY, changed.toString('base64url'))]).toEqual([i, null]);
  }
  for (const other of [
    bytes.subarray(1),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    Buffer.alloc(0),
  ])
    expect(readNonce(KEY, other.toString('base64url'))).toBeNull();
});

test('a challenge is answered by the key it was made for, for its action, and by nothing else', () => {
  const nonce = makeNonce(KEY, 'erasure', UNTIL, randomBytes);
  const answer = answerChallenge(KEY, 'erasure', nonce);
  expect(answersChallenge(KEY, 'erasure', nonce, answer)).toBe(true);
  const another = makeNonce(KEY, 'erasure', UNTIL, randomBytes);
  for (const [key, action, of, given] of [
    [OTHER_KEY, 'erasure', nonce, answer],
    [KEY, 'consent', nonce, answer],
    [KEY, 'erasure', another, answer],
    [KEY, 'erasure', nonce, answer.slice(1)],
    [KEY, 'erasure', nonce, `${answer}A`],
    [KEY, 'erasure', nonce, ''],
  ] as const)
    expect(answersChallenge(key, action, of, given)).toBe(false);
});

test('a proof is a challenge and its answer with a point between them, or none', () => {
  const [nonce, answer] = ['n'.repeat(43), 'a'.repeat(43)];
  expect(readProof(`${nonce}.${answer}`)).toEqual({ nonce, answer });
  for (const other of [
    undefined,
    [`${nonce}.${answer}`],
    '',
    nonce,
    `${nonce}.`,
    `${nonce}.${answer}=`,
    ` ${nonce}.${answer}`,
  ])
    expect(readProof(other)).toBeNull();
});

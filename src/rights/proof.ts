// Step-up proof: what shows that whoever asks holds the phone, not merely a token that leaked (R2). The phone got a proof key
// once, when it registered; it never travels again. A challenge names one action and one device, lives five minutes and is
// used up by the first answer, right or wrong, so that nobody can try twice; every failure looks the same. Promises: pure.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What may need proof. */
export const PROOF_ACTIONS = [
  'erasure',
  'rectification',
  'lifting',
  'objection',
  'profile',
  'token',
  'consent',
  'applicationTokens',
] as const;
export type ProofAction = (typeof PROOF_ACTIONS)[number];

/** Time for a slow phone on 2G to compute one HMAC and send it. */
export const CHALLENGE_MS = 5 * 60_000;
export const NONCE_BYTES = 32;
/** 43 characters of base64url are 256 bits. */
const PROOF = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** The answer to a challenge: base64url of HMAC-SHA256 under the proof key over `action.nonce`. */
export function answerChallenge(proofKey: Uint8Array, action: ProofAction, nonce: string): string {
  return createHmac('sha256', proofKey).update(`${action}.${nonce}`).digest('base64url');
}

/** The header `honeyguide-proof: <nonce>.<answer>`; null if it isn't one. */
export function readProof(header: unknown): { nonce: string; answer: string } | null {
  const match = typeof header === 'string' ? PROOF.exec(header) : null;
  return match === null ? null : { nonce: match[1], answer: match[2] };
}

export function answersChallenge(proofKey: Uint8Array, action: ProofAction, nonce: string, answer: string): boolean {
  const [given, wanted] = [Buffer.from(answer), Buffer.from(answerChallenge(proofKey, action, nonce))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** What is kept of a nonce. */
export function hashNonce(nonce: string): Buffer {
  return createHash('sha256').update(nonce).digest();
}

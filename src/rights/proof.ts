// Step-up proof: what shows that whoever asks holds the phone, not merely a token that leaked (R2). The phone got a proof key
// once, when it registered; it never travels again. A challenge belongs to one action and one device, lives five minutes and is
// used up by the first answer, right or wrong, so that nobody can try twice; every failure looks the same. It says itself that
// it is ours and until when, so that none is kept and whoever asks for many takes nobody's away. Promises: pure.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../devices/device-key.ts';
import { MINUTE_MS } from '../time/spans.ts';

/** What may need proof. Nonces go by the place: add at the end. */
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
export const CHALLENGE_MS = 5 * MINUTE_MS;
/** A nonce: when it ends (ms, 6 bytes), its action's place above (1), 9 random bytes, and 16 of an HMAC over these. */
const [END_BYTES, RANDOM_BYTES, MARK_BYTES] = [6, 9, 16];
const BODY_BYTES = END_BYTES + 1 + RANDOM_BYTES;
/** 43 characters of base64url are 256 bits. */
const PROOF = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** A challenge for an action of the device whose key it is (`challengeKeyOf`). */
export function makeNonce(challengeKey: Uint8Array, action: ProofAction, expiresAt: number, random: Random): string {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUIntBE(expiresAt, 0, END_BYTES);
  body[END_BYTES] = PROOF_ACTIONS.indexOf(action);
  random(RANDOM_BYTES).copy(body, END_BYTES + 1);
  return Buffer.concat([body, markOf(challengeKey, body)]).toString('base64url');
}

/** For what a nonce is and until when (ms); null if it was not made by `makeNonce` for this device. */
export function readNonce(challengeKey: Uint8Array, nonce: string): { action: ProofAction; expiresAt: number } | null {
  const bytes = Buffer.from(nonce, 'base64url');
  if (bytes.length !== BODY_BYTES + MARK_BYTES) return null;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!timingSafeEqual(bytes.subarray(BODY_BYTES), markOf(challengeKey, body))) return null;
  return { action: PROOF_ACTIONS[body[END_BYTES]], expiresAt: body.readUIntBE(0, END_BYTES) };
}

function markOf(challengeKey: Uint8Array, body: Uint8Array): Buffer {
  return createHmac('sha256', challengeKey).update(body).digest().subarray(0, MARK_BYTES);
}

/** The answer to a challenge: base64url of HMAC-SHA256 under the proof key over `action.nonce`. */
export function answerChallenge(proofKey: Uint8Array, action: ProofAction, nonce: string): string {
  return createHmac('sha256', proofKey).update(`${action}.${nonce}`).digest('base64url');
}

/** The header `honeyguide-proof: <nonce>.<answer>`; null if it isn't one. */
export function readProof(header: unknown): { nonce: string; answer: string } | null {
  const match = typeof header === 'string' ? PROOF.exec(header) : null;
  return match === null ? null : { nonce: match[1], answer: match[2] };
}

/** True if `answer` is the right one to `nonce` for that action, in constant time. Until when the nonce is good `readNonce` says. */
export function answersChallenge(proofKey: Uint8Array, action: ProofAction, nonce: string, answer: string): boolean {
  const [given, wanted] = [Buffer.from(answer), Buffer.from(answerChallenge(proofKey, action, nonce))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** What is kept of a nonce. */
export function hashNonce(nonce: string): Buffer {
  return createHash('sha256').update(nonce).digest();
}

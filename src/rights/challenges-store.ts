// Challenges: made and read with the device's own key, and kept nowhere until one is answered. Promises: of those that were
// answered a hash is kept until they could not be answered any more, by the statement that finds out whether it was there, so that
// of two answers at once one counts at most; an expired one is none.
import type { ClientBase, Pool } from 'pg';
import { challengeKeyOf, proofKeyOf, type Random } from '../devices/device-key.ts';
import {
  answersChallenge,
  CHALLENGE_MS,
  hashNonce,
  makeNonce,
  type ProofAction,
  readNonce,
  readProof,
} from './proof.ts';

/** Whose request it is. */
export type Person = { readonly device: string; readonly key: Uint8Array };

export function openChallenge(
  { key }: Person,
  action: ProofAction,
  nowMs: number,
  random: Random,
): { nonce: string; expiresAt: number } {
  const expiresAt = nowMs + CHALLENGE_MS;
  return { nonce: makeNonce(challengeKeyOf(key), action, expiresAt, random), expiresAt };
}

/** True if `header` answers a challenge of this device for this action, for the first time. It can't be answered again. */
export async function takeProof(
  db: Pool | ClientBase,
  { device, key }: Person,
  action: ProofAction,
  header: unknown,
  nowMs: number,
): Promise<boolean> {
  const proof = readProof(header);
  const asked = proof === null ? null : readNonce(challengeKeyOf(key), proof.nonce);
  if (proof === null || asked === null || asked.expiresAt <= nowMs) return false;
  const { rowCount } = await db.query(
    'insert into challenges (nonce_hash, device, action, expires_at) values ($1, $2, $3, $4) on conflict do nothing',
    [hashNonce(proof.nonce), device, asked.action, asked.expiresAt],
  );
  return (
    rowCount === 1 && asked.action === action && answersChallenge(proofKeyOf(key), action, proof.nonce, proof.answer)
  );
}

/**
 * True if `header` is a right answer to a challenge of the device whose key it is, whatever the action, answered before or not:
 * whoever sent it holds the phone.
 */
export function isFromPhone(deviceKey: Uint8Array, header: unknown, nowMs: number): boolean {
  const proof = readProof(header);
  const asked = proof === null ? null : readNonce(challengeKeyOf(deviceKey), proof.nonce);
  if (proof === null || asked === null || asked.expiresAt <= nowMs) return false;
  return answersChallenge(proofKeyOf(deviceKey), asked.action, proof.nonce, proof.answer);
}

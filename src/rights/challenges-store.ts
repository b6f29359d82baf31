// Challenges in the store. Promises: only a hash of the nonce is kept; an answer takes the row away in the statement that finds
// it, so that of two answers at once one counts at most; an expired one is invisible before it is deleted.
import type { ClientBase, Pool } from 'pg';
import { proofKeyOf, type Random } from '../devices/device-key.ts';
import { answersChallenge, CHALLENGE_MS, hashNonce, NONCE_BYTES, type ProofAction, readProof } from './proof.ts';

/** Open at once for one device; a new one ends the oldest. */
const MAX_OPEN = 5;

/** Whose request it is. */
export type Person = { readonly device: string; readonly key: Uint8Array };

export async function openChallenge(
  db: Pool | ClientBase,
  device: string,
  action: ProofAction,
  nowMs: number,
  random: Random,
): Promise<{ nonce: string; expiresAt: number }> {
  const nonce = random(NONCE_BYTES).toString('base64url');
  const expiresAt = nowMs + CHALLENGE_MS;
  await db.query(
    `delete from challenges where device = $1 and nonce_hash not in
       (select nonce_hash from challenges where device = $1 and expires_at > $2 order by expires_at desc limit ${MAX_OPEN - 1})`,
    [device, nowMs],
  );
  await db.query('insert into challenges (nonce_hash, device, action, expires_at) values ($1, $2, $3, $4)', [
    hashNonce(nonce),
    device,
    action,
    expiresAt,
  ]);
  return { nonce, expiresAt };
}

/** True if `header` answers an open challenge of this device for this action. The challenge is gone afterwards. */
export async function takeProof(
  db: Pool | ClientBase,
  person: Person,
  action: ProofAction,
  header: unknown,
  nowMs: number,
): Promise<boolean> {
  const proof = readProof(header);
  if (proof === null) return false;
  const { rows } = await db.query(
    'delete from challenges where nonce_hash = $1 and device = $2 returning action, expires_at > $3 as fresh',
    [hashNonce(proof.nonce), person.device, nowMs],
  );
  const right = answersChallenge(proofKeyOf(person.key), action, proof.nonce, proof.answer);
  return right && rows.length === 1 && rows[0].fresh === true && rows[0].action === action;
}

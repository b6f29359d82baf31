// The header in which a phone proves more than its token, as routes document and read it. What proves it is rights/proof.ts.
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

export const ProofHeader = Type.Object({
  'honeyguide-proof': Type.Optional(
    Type.String({
      description:
        'Where the token is not enough: answer to a challenge (POST /v1/me/challenges), `<nonce>.<base64url(HMAC-SHA256(key, action + "." + nonce))>`; the key is `proofKey` decoded from base64url, 32 bytes',
    }),
  ),
});
/** As Node names it. */
export const PROOF_HEADER = 'honeyguide-proof';

/** What a request has in it; null = nothing. */
export function proofOf({ headers }: FastifyRequest): string | null {
  const proof = headers[PROOF_HEADER];
  return typeof proof === 'string' ? proof : null;
}

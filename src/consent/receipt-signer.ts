// Signs receipts (compact JWS, EdDSA over Ed25519) and publishes the key they are checked with. Promises: the same receipt has
// the same signature; the key's name is its RFC 7638 thumbprint, so that a checker can tell which of several keys it was.
import { createPrivateKey } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import type { Receipt } from './receipt.ts';

export type ReceiptSigner = {
  readonly keyId: string;
  /** What /.well-known/jwks.json answers. */
  readonly jwks: { readonly keys: readonly JWK[] };
  sign(receipt: Receipt): Promise<string>;
};

/** PKCS #8 of an Ed25519 key is this and its 32 bytes (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RECEIPT_TYPE = 'consent-receipt+jws';

/** `seed`: 32 secret bytes. */
export async function createReceiptSigner(seed: Uint8Array): Promise<ReceiptSigner> {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const { kty, crv, x } = await exportJWK(key);
  const keyId = await calculateJwkThumbprint({ kty, crv, x });
  const published = { kty, crv, x, kid: keyId, alg: 'EdDSA', use: 'sig' };
  return {
    keyId,
    jwks: { keys: [published] },
    sign: (receipt) =>
      new CompactSign(Buffer.from(JSON.stringify(receipt)))
        .setProtectedHeader({ alg: 'EdDSA', kid: keyId, typ: RECEIPT_TYPE })
        .sign(key),
  };
}

/** What a receipt of ours says. Checks no signature: for receipts out of our own store, which may be older than the key. */
export function readReceipt(jws: string): Receipt {
  return JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString()) as Receipt;
}

// Signs receipts (compact JWS, EdDSA over Ed25519) and names the key they are checked with. Promises: the same receipt has
// the same signature; the key's name is its RFC 7638 thumbprint, so that a checker can tell which of several keys it was.
import { createPrivateKey } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK } from 'jose';
import type { Receipt } from './receipt.ts';

/** A public key of Ed25519 as a JWK (RFC 8037). */
export type ReceiptKey = {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  /** RFC 7638. */
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
};

export type ReceiptSigner = {
  readonly publicKey: ReceiptKey;
  sign(receipt: Receipt): Promise<string>;
};

/** PKCS #8 of an Ed25519 key is this and its 32 bytes (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RECEIPT_TYPE = 'consent-receipt+jws';

/** `seed`: 32 secret bytes. */
export async function createReceiptSigner(seed: Uint8Array): Promise<ReceiptSigner> {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const { kty, crv, x } = await exportJWK(key);
  const kid = await calculateJwkThumbprint({ kty, crv, x });
  return {
    publicKey: receiptKeyOf({ kid, x: x! }),
    sign: (receipt) =>
      new CompactSign(Buffer.from(JSON.stringify(receipt)))
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: RECEIPT_TYPE })
        .sign(key),
  };
}

/** A key that was kept, as it is published. */
function receiptKeyOf({ kid, x }: Pick<ReceiptKey, 'kid' | 'x'>): ReceiptKey {
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}

/** What /.well-known/jwks.json answers: the key in use, and those before it, each once. */
export function jwksOf(inUse: ReceiptKey, kept: readonly Pick<ReceiptKey, 'kid' | 'x'>[]) {
  return { keys: [inUse, ...kept.filter(({ kid }) => kid !== inUse.kid).map(receiptKeyOf)] };
}

/** The name of the key that signed a receipt, from its own header. */
export function receiptKeyId(jws: string): string {
  return JSON.parse(Buffer.from(jws.split('.')[0], 'base64url').toString()).kid;
}

/** What a receipt of ours says. Checks no signature: for receipts out of our own store, which may be older than the key. */
export function readReceipt(jws: string): Receipt {
  return JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString()) as Receipt;
}

// The public keys that receipts were ever signed with: a receipt outlives the key that signed it, which the operator may change.
// Promises: public halves only; a key is there as soon as a receipt of it can be, because the transaction that makes the receipt
// keeps it.
import type { ClientBase, Pool } from 'pg';
import type { ReceiptKey } from './receipt-signer.ts';

/** Keeps the key by which a receipt is signed; nothing to do if it is kept. `nowMs` = epoch ms. */
export async function keepReceiptKey(client: ClientBase | Pool, { kid, x }: ReceiptKey, nowMs: number): Promise<void> {
  await client.query(
    'insert into receipt_keys (kid, x, first_used_at) values ($1, $2, $3) on conflict (kid) do nothing',
    [kid, x, nowMs],
  );
}

/** Every key that was kept, the newest first. */
export async function listReceiptKeys(db: Pool): Promise<Pick<ReceiptKey, 'kid' | 'x'>[]> {
  const { rows } = await db.query('select kid, x from receipt_keys order by first_used_at desc, kid');
  return rows;
}

// By which handles recipients know a device that was shown to them by its own token. Promises: a handle is there from the moment
// its token is, and stays as long as the device, whatever becomes of the token: an application that was handed an older one is
// told of an erasure by a name it can recompute (else it is told that somebody was erased, and cannot know whom to erase).
import type { ClientBase } from 'pg';
import { noticeHandle, OWN_TOKENS } from '../rights/notice-handle.ts';

/** A token a month for as long as the ledger knows who was shown what: three years. */
export const OWN_HANDLES = 40;

/** In the transaction that makes the token. */
export async function keepOwnHandle(
  client: ClientBase,
  device: string,
  tokenHash: Uint8Array,
  issuedAt: number,
): Promise<void> {
  await client.query(
    'insert into notice_handles (device, application, handle, issued_at) values ($1, $2, $3, $4) on conflict do nothing',
    [device, OWN_TOKENS, noticeHandle(tokenHash), issuedAt],
  );
}

/** Before tokens of the device end: also of those that were made before handles were kept; the newest OWN_HANDLES stay. */
export async function keepOwnHandles(client: ClientBase, device: string): Promise<void> {
  const { rows } = await client.query<{ token_hash: Buffer; created_at: number }>(
    'select token_hash, created_at::float8 as created_at from device_tokens where device = $1',
    [device],
  );
  for (const { token_hash, created_at } of rows) await keepOwnHandle(client, device, token_hash, created_at);
  await client.query(
    `delete from notice_handles where device = $1 and application = $2 and handle not in (select handle from notice_handles
       where device = $1 and application = $2 order by issued_at desc, handle limit ${OWN_HANDLES})`,
    [device, OWN_TOKENS],
  );
}

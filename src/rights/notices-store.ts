// Notices to recipients (GDPR 19): whoever was shown where somebody is hears that it was corrected, restricted or erased.
// Promises: no position, no device id; a notice names the device by hashes that only who presented its token can recompute,
// so that it tells nothing to anybody else; each one is a row of the ledger. The word for an erasure is the same whether the
// person asked, went away or turned out to be a child (attack: learning who is a child).
import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { ledgerSubject } from '../devices/device-key.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import type { Person } from './challenges-store.ts';

export type NoticeKind = 'rectified' | 'restricted' | 'erased' | 'withdrawn';

/** What a recipient computes of a token it presented: SHA-256 of `honeyguide notice ` and the SHA-256 of the token in hex. */
export function noticeHandle(tokenHash: Uint8Array): string {
  return createHash('sha256')
    .update(`honeyguide notice ${Buffer.from(tokenHash).toString('hex')}`)
    .digest('hex');
}

/** The handles of a device by all its tokens of now. */
export async function noticeHandles(db: Pool | ClientBase, device: string): Promise<string[]> {
  const { rows } = await db.query(
    `select token_hash from device_tokens where device = $1
     union all select token_hash from application_tokens where device = $1`,
    [device],
  );
  return rows.map((row) => noticeHandle(row.token_hash));
}

/**
 * The handles by which one application knows it: its own tokens; the device's only for who was given none (attack: two
 * recipients that hold no token in common compare their notices).
 */
async function handlesFor(client: ClientBase, device: string, application: string): Promise<string[]> {
  const { rows } = await client.query(
    `with own as (select token_hash from application_tokens where device = $1 and application = $2)
     select token_hash from own
     union all select token_hash from device_tokens where device = $1 and not exists (select from own)`,
    [device, application],
  );
  return rows.map((row) => noticeHandle(row.token_hash));
}

/** Tells every application that was shown something of this device, or just `only`. Returns how many. In the caller's transaction. */
export async function notifyRecipients(
  client: ClientBase,
  chain: Chain,
  person: Person,
  kind: NoticeKind,
  nowMs: number,
  only: string | null = null,
): Promise<number> {
  const subject = ledgerSubject(person.key);
  const { rows } = await client.query(
    'select distinct application from ledger where subject = $1 and kind = any($2) and application = coalesce($3::text, application) order by 1',
    [subject, [KIND.precise, KIND.region], only],
  );
  if (rows.length === 0) return 0;
  for (const { application } of rows) {
    const handles = await handlesFor(client, person.device, application);
    await client.query('insert into recipient_notices (application, kind, handles, at) values ($1, $2, $3, $4)', [
      application,
      kind,
      handles,
      nowMs,
    ]);
    chain.append({ at: nowMs, kind: KIND.notice, application, subject, detail: kind });
  }
  return rows.length;
}

export type Notice = { readonly id: number; readonly kind: string; readonly handles: string[]; readonly at: number };

/** For the registry: notices are for reading soon. */
export const NOTICE_MS = 90 * 86_400_000;

/** Notices of an application after number `after`, oldest first; they count as read from then on. */
export async function readNotices(
  db: Pool,
  application: string,
  after: number,
  limit: number,
  nowMs: number,
): Promise<Notice[]> {
  const { rows } = await db.query(
    `update recipient_notices set read_at = coalesce(read_at, $4) where id in (select id from recipient_notices
       where application = $1 and id > $2 and at > $4 - ${NOTICE_MS} order by id limit $3)
     returning id::float8, kind, handles, at::float8`,
    [application, after, limit, nowMs],
  );
  return rows.sort((a, b) => a.id - b.id);
}

// Notices to recipients (GDPR 19): whoever was shown where somebody is hears that it was corrected, restricted, erased or no longer consented to.
// Promises: no position, no device id; a notice names the device by the hash of one token, which only who presented that can recompute,
// so that it tells nothing to anybody else, nor who presented two of them that they are one phone's; whom it tells is a row of the ledger. The word for an erasure is the same whether the
// person asked, went away or turned out to be a child, and so is its time: notices say the day on which answers ended, and a day's
// are handed over together, the next morning, in no order (attacks: learning who is a child from the 45 minutes between the
// last answer and the erasure; finding out with another recipient, by the moment or the number, whom both know).
import type { ClientBase, Pool } from 'pg';
import { ledgerSubject } from '../devices/device-key.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type { Person } from './challenges-store.ts';
import { NAMED_IN_NOTICES, noticeHandle, OWN_TOKENS, ownHandlesOf } from './notice-handle.ts';
import { NOTICE_MS } from './registry-evidence.ts';
import { FIRST_UUID } from './uuid.ts';

type NoticeKind = 'rectified' | 'restricted' | 'erased' | 'withdrawn';

/** A day (UTC) takes notices until so long after its end: a child found out at its last minute is erased by then. */
const CLOSED_MS = 3 * HOUR_MS;
/** And is handed over from then on: an hour later, because no two gateways have the same time. */
const DELIVERED_MS = CLOSED_MS + HOUR_MS;

const startOfDay = (ms: number): number => ms - (ms % DAY_MS);

/** The handles of a device by which it is known, and those by which notices named it that are held still. */
export async function noticeHandles(db: Pool | ClientBase, device: string): Promise<string[]> {
  const { unsorted, byHolder } = await readHandles(db, device);
  return [...new Set([...unsorted, ...[...byHolder.values()].flat()])];
}

/** Handles by whoever was shown the device by them; `unsorted` are of tokens of which nobody noted who presented them. */
async function readHandles(
  db: Pool | ClientBase,
  device: string,
): Promise<{ unsorted: string[]; byHolder: Map<string, string[]> }> {
  const tokens = await db.query<{ token_hash: Buffer }>('select token_hash from device_tokens where device = $1', [
    device,
  ]);
  const kept = await db.query<{ application: string; handles: string[] }>(
    'select application, array_agg(handle order by handle) as handles from notice_handles where device = $1 group by 1',
    [device],
  );
  const byHolder = new Map(kept.rows.map((row) => [row.application, row.handles]));
  const unsorted = tokens.rows.map((row) => noticeHandle(row.token_hash)).concat(byHolder.get(OWN_TOKENS) ?? []);
  byHolder.delete(OWN_TOKENS);
  return { unsorted: [...new Set(unsorted)].sort(), byHolder };
}

/**
 * Tells every application that was shown something of this device, or just `only`, in a notice for each token by which it was. `sinceMs` =
 * when answers to them ended, if that was before now. Returns how many applications. In the caller's transaction.
 */
export async function notifyRecipients(
  client: ClientBase,
  chain: Chain,
  person: Person,
  kind: NoticeKind,
  nowMs: number,
  { only = null, sinceMs = nowMs }: { readonly only?: string | null; readonly sinceMs?: number } = {},
): Promise<number> {
  const subject = ledgerSubject(person.key);
  const applications = only === null ? await shownTo(client, subject) : await shownToOne(client, subject, only);
  if (applications.length === 0) return 0;
  const at = Math.max(startOfDay(sinceMs), startOfDay(nowMs - CLOSED_MS));
  const { unsorted, byHolder } = await readHandles(client, person.device);
  const named = new Set<string>();
  let told = 0;
  for (const application of applications) {
    // By what it presented and no more (attack: two recipients that never held a token in common compare their notices).
    const known = [application, ownHandlesOf(application)].flatMap((holder) => byHolder.get(holder) ?? []);
    const handles = known.length > 0 ? known : unsorted;
    if (handles.length === 0) continue;
    // One for each (attack: a recipient puts the phone that ended its token together with the one that came back).
    await client.query(
      `insert into recipient_notices (application, kind, handles, at)
       select $1, $2, array[handle], $4 from unnest($3::text[]) as handle`,
      [application, kind, handles, at],
    );
    told++;
    for (const handle of handles) named.add(handle);
    chain.append({ at: nowMs, kind: KIND.notice, application, subject, detail: kind });
  }
  await keepNamed(client, person.device, [...named], nowMs);
  return told;
}

/**
 * Keeps by which handles notices name a device, as long as one does: the person's own copy finds its notices by them, whatever became
 * of the tokens since.
 */
async function keepNamed(client: ClientBase, device: string, handles: readonly string[], nowMs: number): Promise<void> {
  await client.query('delete from notice_handles where device = $1 and application = $2 and issued_at < $3', [
    ...[device, NAMED_IN_NOTICES, nowMs - NOTICE_MS],
  ]);
  await client.query(
    `insert into notice_handles (device, application, handle, issued_at) select $1, $2, unnest($3::text[]), $4
     on conflict (device, application, handle) do update set issued_at = excluded.issued_at`,
    [device, NAMED_IN_NOTICES, handles, nowMs],
  );
}

/**
 * Who was shown something of a subject. From one application to the next by the index: one step for each, however many rows
 * there are (attack: a recipient that asks all day makes a withdrawal slow, and everybody wait for the lock it holds).
 */
async function shownTo(client: ClientBase, subject: Buffer): Promise<string[]> {
  const steps = (kind: number) => {
    const from = `from ledger where subject = $1 and kind = ${kind}`;
    return `select application from (with recursive shown (application) as (
        (select application ${from} order by application limit 1)
        union all select (select application ${from} and application > shown.application order by application limit 1)
        from shown where shown.application is not null)
      select application from shown where application is not null) as of_kind`;
  };
  const { rows } = await client.query(`${steps(KIND.precise)} union ${steps(KIND.region)} order by 1`, [subject]);
  return rows.map((row) => row.application);
}

async function shownToOne(client: ClientBase, subject: Buffer, application: string): Promise<string[]> {
  const any = (kind: number) =>
    `exists (select from ledger where subject = $1 and application = $2 and kind = ${kind})`;
  const { rows } = await client.query(`select ${any(KIND.precise)} or ${any(KIND.region)} as any`, [
    subject,
    application,
  ]);
  return rows[0].any === true ? [application] : [];
}

/** `at` is the start of a day (UTC). */
export type Notice = {
  readonly id: string;
  readonly kind: string;
  readonly handles: string[];
  readonly at: number;
};
/** The last notice that was read. */
export type NoticeCursor = Pick<Notice, 'at' | 'id'>;

const BEGINNING: NoticeCursor = { at: 0, id: FIRST_UUID };

/** Notices of an application behind `after`, day by day; they count as read from then on. Only days that are handed over. */
export async function readNotices(
  db: Pool,
  application: string,
  after: NoticeCursor | null,
  limit: number,
  nowMs: number,
): Promise<Notice[]> {
  const { at, id } = after ?? BEGINNING;
  const { rows } = await db.query(
    `with page as (select id, kind, handles, at from recipient_notices
       where application = $1 and (at, id) > ($2, $3::uuid) and at > $4 and at < $5 order by at, id limit $6),
     newly_read as (update recipient_notices n set read_at = $7 from page where n.id = page.id and n.read_at is null)
     select id, kind, handles, at::float8 from page order by page.at, page.id`,
    [application, at, id, nowMs - NOTICE_MS, startOfDay(nowMs - DELIVERED_MS), limit, nowMs],
  );
  return rows;
}

// Tokens of applications in the store: each is the device towards one application, made and ended by the device itself. So an
// app need not hold what speaks for its person (attack: an app that is handed the phone's token consents to itself, reads what
// others were shown, erases). Promises: known by hash only, in a table of their own, so that what looks for devices' tokens
// never finds one; bounded in number; what ends one is in force on every replica when it is acknowledged.
import type { ClientBase, Pool } from 'pg';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { DAY_MS } from '../time/spans.ts';
import { FLAG } from './device-contract.ts';
import type { Random } from './device-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { lockDevice, ROTATION_MS } from './store.ts';
import { formatApplicationToken, hashToken, TOKEN_RANDOM_BYTES } from './token.ts';

/** Shorter than a device's: the phone makes another whenever the app starts. */
export const APPLICATION_TOKEN_TTL_MS = 90 * DAY_MS;
/** Applications of one device that hold a token at a time; more than a feature phone has room for. */
const MAX_APPLICATIONS = 64;

export type IssuedApplicationToken = {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: number;
  /** When the one that it replaces ends; null if there was none. */
  readonly oldEndsAt: number | null;
};
export type NotIssued = { readonly refused: 'gone' | 'unknownApplication' | 'tooMany' | 'proofNeeded' };
export type ApplicationToken = {
  readonly id: string;
  readonly application: string;
  /** What the application is called; null if it is registered no more. */
  readonly name: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** Who asks for one: the device by the token it presented, and whether it has proven more than that. */
type Maker = { readonly device: string; readonly tokenHash: Buffer; readonly proven: boolean };
type MakerDeps = { readonly masters: MasterKeys; readonly random: Random; readonly newId: () => string };

/**
 * A token for an application; the one it had goes on for ROTATION_MS. A token that was itself replaced makes none: what it
 * made would outlive it.
 */
export async function issueApplicationToken(
  client: ClientBase,
  chain: Chain,
  { masters, random, newId }: MakerDeps,
  maker: Maker,
  application: string,
  nowMs: number,
): Promise<IssuedApplicationToken | NotIssued> {
  const device = await lockDevice(client, masters, maker.device);
  const presented = await client.query('select 1 from device_tokens where token_hash = $1 and expires_at > $2', [
    maker.tokenHash,
    nowMs + ROTATION_MS,
  ]);
  if (device === null || presented.rows.length === 0) return { refused: 'gone' };
  if ((device.flags & FLAG.guarded) !== 0 && !maker.proven) return { refused: 'proofNeeded' };
  const registered = await client.query('select 1 from applications where id = $1', [application]);
  if (registered.rows.length === 0) return { refused: 'unknownApplication' };
  const others = await client.query(
    `select count(distinct application)::int as n from application_tokens
     where device = $1 and application <> $2 and expires_at > $3`,
    [device.id, application, nowMs],
  );
  if (others.rows[0].n >= MAX_APPLICATIONS) return { refused: 'tooMany' };
  const oldEndsAt = await replaceOld(client, device.id, application, nowMs);
  const token = formatApplicationToken(random(TOKEN_RANDOM_BYTES));
  const issued = { id: newId(), token, expiresAt: nowMs + APPLICATION_TOKEN_TTL_MS, oldEndsAt };
  await client.query(
    `insert into application_tokens (token_hash, id, device, application, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [hashToken(token), issued.id, device.id, application, nowMs, issued.expiresAt],
  );
  chain.append({
    at: nowMs,
    kind: KIND.device,
    application,
    subject: device.subject,
    detail: 'applicationTokenIssued',
  });
  // What is remembered of the old one is remembered until its old end.
  if (oldEndsAt !== null) chain.changed(device.id);
  return issued;
}

/** Leaves an application the newest of its tokens, for ROTATION_MS at most. Returns when that ends; null if there is none. */
async function replaceOld(
  client: ClientBase,
  device: string,
  application: string,
  nowMs: number,
): Promise<number | null> {
  await client.query(
    `delete from application_tokens where device = $1 and application = $2 and token_hash <> coalesce(
       (select token_hash from application_tokens where device = $1 and application = $2 and expires_at > $3
        order by expires_at desc limit 1), '')`,
    [device, application, nowMs],
  );
  const { rows } = await client.query(
    `update application_tokens set expires_at = least(expires_at, $3) where device = $1 and application = $2
     returning expires_at::float8 as "endsAt"`,
    [device, application, nowMs + ROTATION_MS],
  );
  return rows[0]?.endsAt ?? null;
}

/** Those of a device that have not ended. */
export async function listApplicationTokens(pool: Pool, device: string, nowMs: number): Promise<ApplicationToken[]> {
  const { rows } = await pool.query(
    `select t.id, t.application, a.name, t.created_at::float8 as "createdAt", t.expires_at::float8 as "expiresAt"
     from application_tokens t left join applications a on a.id = t.application
     where t.device = $1 and t.expires_at > $2 order by t.application, t.expires_at desc, t.id`,
    [device, nowMs],
  );
  return rows;
}

/** Ends one token of a device, or all of them (null). Returns how many there were. */
export async function endApplicationTokens(
  client: ClientBase,
  chain: Chain,
  device: { readonly id: string; readonly subject: Buffer },
  id: string | null,
  nowMs: number,
): Promise<number> {
  const { rows } = await client.query<{ application: string }>(
    'delete from application_tokens where device = $1 and id = coalesce($2, id) returning application',
    [device.id, id],
  );
  for (const application of new Set(rows.map((row) => row.application)))
    chain.append({
      at: nowMs,
      kind: KIND.device,
      application,
      subject: device.subject,
      detail: 'applicationTokenEnded',
    });
  if (rows.length > 0) chain.changed(device.id);
  return rows.length;
}

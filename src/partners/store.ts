// Keys in the store: added, listed, revoked, and followed by running servers. Promises: a key itself is never stored, only
// its hash; a change made by any process reaches `followKeys` within its interval, whatever transactions are open elsewhere;
// a partner's key always stands for one application.

import { setTimeout as pause } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Store } from '../storage/open.ts';
import { timedQuery } from '../storage/pool.ts';
import { transact } from '../storage/transaction.ts';
import { type KeyRingEntry, MAX_KEYS } from './key-ring.ts';
import { formatKey, formatKeyId, hashKey, KEY_ID_RANDOM_BYTES, KEY_RANDOM_BYTES, type KeyClass } from './keys.ts';
import { type RecipientRow, recipientOf } from './recipient.ts';
import { addApplication, addPartner, type NewApplication, type NewPartner } from './registry-store.ts';
import { createSlots } from './slots.ts';

export type NewKey = {
  /** Absent = one that nobody has: see newKeyId. */
  id?: string;
  class: KeyClass;
  name: string;
  dailyQuota: number | null;
  perMinute: number | null;
  /** Reports sent with it count without a second witness. Default: no. */
  trusted?: boolean;
  /** Epoch ms from which on it is no good; absent = never. */
  expiresAt?: number;
};

/** Whom a partner's key is for: an application that is there, or a new one of a new partner. */
export type KeyHolder = { readonly application: string } | NewHolder;
export type NewHolder = Partial<Omit<NewPartner, 'id' | 'name'> & Pick<NewApplication, 'purposes' | 'maxPrecision'>>;

/** A key as people list it. Times in epoch ms. */
type ListedKey = Omit<NewKey, 'id'> & {
  id: string;
  createdAt: number;
  revokedAt: number | null;
  application?: string;
};

/** Columns of a key as people list it, `k` being its row; times as numbers. */
const LISTED = `k.id, k.class, k.name, k.daily_quota as "dailyQuota", k.per_minute as "perMinute", k.trusted, k.application,
  k.created_at::float8 as "createdAt", k.revoked_at::float8 as "revokedAt", k.expires_at::float8 as "expiresAt"`;
type ListedRow = Omit<Required<ListedKey>, 'application' | 'expiresAt'> & {
  application: string | null;
  expiresAt: number | null;
};

/** The name of a key that is to be added, for whoever has to say beforehand which one it will be. */
export const newKeyId = (random: (bytes: number) => Uint8Array): string => formatKeyId(random(KEY_ID_RANDOM_BYTES));

export async function isKey(db: ClientBase, id: string): Promise<boolean> {
  return (await db.query('select from api_keys where id = $1', [id])).rows.length > 0;
}

/**
 * Adds a key and returns it; it cannot be shown again. `random` returns that many random bytes. A partner's key belongs to
 * the application that `holder` names, or to one made with it: of a partner of its own, in the key's name. Throws RangeError
 * when MAX_KEYS are in use, or there is no such application.
 */
export async function addKey(
  store: Store,
  wanted: NewKey,
  random: (bytes: number) => Uint8Array,
  nowMs: number,
  holder: KeyHolder = {},
): Promise<{ id: string; key: string; class: KeyClass; name: string; application?: string }> {
  const { id = newKeyId(random) } = wanted;
  const key = formatKey(wanted.class, random(KEY_RANDOM_BYTES));
  const { name, dailyQuota, perMinute, trusted = false, expiresAt = null } = wanted;
  const application = await transact(store.pool, async (client) => {
    const inUse = await client.query(
      'select count(*)::int as keys from api_keys where revoked_at is null and (expires_at is null or expires_at > $1)',
      [nowMs],
    );
    if (inUse.rows[0].keys >= MAX_KEYS) throw new RangeError(`${MAX_KEYS} keys are in use; revoke some first`);
    const held = wanted.class === 'partner' ? await holderOf(client, name, holder, nowMs) : null;
    await client.query(
      `insert into api_keys (id, class, name, key_hash, created_at, daily_quota, per_minute, trusted, application, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [id, wanted.class, name, hashKey(key), nowMs, dailyQuota, perMinute, trusted, held, expiresAt],
    );
    return held;
  });
  return { id, key, class: wanted.class, name, ...(application !== null && { application }) };
}

/** What a new application may be asked for where nobody said: to run the service that the person uses. */
const DEFAULT_PURPOSES = ['dpv:ServiceProvision'];

async function holderOf(client: ClientBase, name: string, holder: KeyHolder, nowMs: number): Promise<string> {
  if ('application' in holder) {
    const { rows } = await client.query('select id from applications where id = $1 for share', [holder.application]);
    if (rows.length === 0) throw new RangeError('there is no application of that ID; see `partners list`');
    return holder.application;
  }
  const { role = 'vendor', policyUrl = null, contact = null, controller = null, adFunded = false } = holder;
  const partner = await addPartner(client, { name, role, policyUrl, contact, controller, adFunded }, nowMs);
  const { purposes = DEFAULT_PURPOSES, maxPrecision = 2 } = holder;
  const application = partner && (await addApplication(client, { partner, name, purposes, maxPrecision }, nowMs));
  if (!application) throw new RangeError('too many partners have that name');
  return application;
}

/** All keys, oldest first, revoked ones too. */
export async function listKeys(store: Store): Promise<ListedKey[]> {
  const { rows } = await store.pool.query<ListedRow>(`select ${LISTED} from api_keys k order by k.created_at, k.id`);
  return rows.map(({ application, expiresAt, ...key }) => ({
    ...key,
    ...(application !== null && { application }),
    ...(expiresAt !== null && { expiresAt }),
  }));
}

/** Revokes a key for good; false if there is no such key that is still good. */
export async function revokeKey(store: Store, id: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await store.pool.query(
    'update api_keys set revoked_at = $2, changed = pg_current_xact_id() where id = $1 and revoked_at is null',
    [id, nowMs],
  );
  return rowCount === 1;
}

type KeyFollower = {
  /** Looks once, now; rejects if the store cannot be asked. */
  poll(): Promise<void>;
  stop(): void;
};

/** What a partner's key carries, `a` being the row of its application and `p` that of its partner. */
const RECIPIENT = `a.id as "appId", p.id as partner, p.role, a.purposes, a.max_precision as "maxPrecision",
  p.policy_url as "policyUrl", p.contact, p.controller, p.ad_funded as "adFunded",
  a.suspended_at::float8 as "applicationSuspendedAt", p.suspended_at::float8 as "partnerSuspendedAt"`;
type FollowedRow = ListedRow & { keyHash: Buffer; appId: string } & Omit<RecipientRow, 'application' | 'partner'> & {
    partner: string | null;
  };

/** A store that needs longer to add up the keys is not there; the next look takes another connection. */
const LOOK_MS = 5_000;
/** Well under the second within which a change has to be in effect. */
const POLL_MS = 250;

/**
 * Tells `onChange` all good keys, now (before it resolves) and whenever they change. A store that cannot be asked leaves
 * the keys as they were; `onError` is told once each time that begins.
 */
export async function followKeys(
  store: Store,
  onChange: (entries: KeyRingEntry[]) => void,
  onError: (error: unknown) => void,
  intervalMs: number = POLL_MS,
): Promise<KeyFollower> {
  const slots = createSlots(MAX_KEYS);
  let seen = '';
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    const now = await fingerprint(store);
    if (now === seen) return;
    const { rows } = await store.pool.query<FollowedRow>(
      `select ${LISTED}, k.key_hash as "keyHash", ${RECIPIENT}
       from api_keys k left join applications a on a.id = k.application left join partners p on p.id = a.partner
       where k.revoked_at is null and (k.expires_at is null or k.expires_at > $1)
       order by k.created_at, k.id limit $2`,
      [Date.now(), MAX_KEYS],
    );
    const taken = slots.assign(rows.map((row) => row.id));
    seen = now;
    if (stopped) return;
    onChange(
      rows.map((row, i) => {
        const { id, class: keyClass, name, dailyQuota, perMinute, trusted, expiresAt, partner } = row;
        const limits = { slot: taken[i], dailyQuota, perMinute, expiresAt };
        return {
          ...{ id, class: keyClass, name, ...limits, trusted, hashHex: row.keyHash.toString('hex') },
          ...(keyClass === 'partner' &&
            partner !== null && { recipient: recipientOf({ ...row, application: row.appId, partner }) }),
        };
      }),
    );
  }

  async function again(): Promise<void> {
    try {
      await poll();
      failing = false;
    } catch (error) {
      if (!failing && !stopped) onError(error);
      failing = true;
    }
    if (!stopped) timer = setTimeout(again, intervalMs);
  }

  await poll();
  timer = setTimeout(again, intervalMs);
  return {
    poll,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Lets the gateways that run on this store look once more, so that a key is good, or no longer, where the command that said so
 * has ended: a script asks at once with what it was given, and a fleet's key that is not known yet teaches as the crowd's does.
 */
export async function awaitFollowers(store: Store): Promise<void> {
  const { rowCount } = await store.pool.query('select 1 from replicas where lease_until > clock_timestamp() limit 1');
  if (rowCount !== 0) await pause(2 * POLL_MS);
}

/**
 * Differs after any change: `changed` of a row only grows. Not the feed by snapshot that stations use: there a transaction
 * that is open elsewhere holds back what was committed since, and a revoked key must not wait for it.
 */
async function fingerprint(store: Store): Promise<string> {
  const { rows } = await store.pool.query<{ print: string }>(
    timedQuery(`select count(*) || ' ' || coalesce(sum(changed::text::numeric), 0) as print from api_keys`, LOOK_MS),
  );
  return rows[0].print;
}

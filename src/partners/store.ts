// Keys in the store: added, listed, revoked, and followed by running servers. Promises: a key itself is never stored, only
// its hash; a change made by any process reaches `followKeys` within its interval, whatever transactions are open elsewhere.

import { and, count, eq, isNull, sql } from 'drizzle-orm';
import type { Store } from '../storage/open.ts';
import { timedQuery } from '../storage/pool.ts';
import { apiKeys } from '../storage/tables.ts';
import { type KeyRingEntry, MAX_KEYS } from './key-ring.ts';
import { formatKey, formatKeyId, hashKey, KEY_ID_RANDOM_BYTES, KEY_RANDOM_BYTES, type KeyClass } from './keys.ts';
import { createSlots } from './slots.ts';

export type NewKey = {
  class: KeyClass;
  name: string;
  dailyQuota: number | null;
  perMinute: number | null;
  /** Reports sent with it count without a second witness. Default: no. */
  trusted?: boolean;
};

/** A key as people list it. Times in epoch ms. */
export type ListedKey = NewKey & { id: string; createdAt: number; revokedAt: number | null };

const LISTED = {
  id: apiKeys.id,
  class: sql<KeyClass>`${apiKeys.class}`,
  name: apiKeys.name,
  dailyQuota: apiKeys.dailyQuota,
  perMinute: apiKeys.perMinute,
  createdAt: apiKeys.createdAt,
  revokedAt: apiKeys.revokedAt,
  trusted: apiKeys.trusted,
};

/**
 * Adds a key and returns it; it cannot be shown again. `random` returns that many random bytes. Throws RangeError when
 * MAX_KEYS are in use.
 */
export async function addKey(
  store: Store,
  wanted: NewKey,
  random: (bytes: number) => Uint8Array,
  nowMs: number,
): Promise<{ id: string; key: string; class: KeyClass; name: string }> {
  const [inUse] = await store.orm.select({ keys: count() }).from(apiKeys).where(isNull(apiKeys.revokedAt));
  if (inUse.keys >= MAX_KEYS) throw new RangeError(`${MAX_KEYS} keys are in use; revoke some first`);
  const id = formatKeyId(random(KEY_ID_RANDOM_BYTES));
  const key = formatKey(wanted.class, random(KEY_RANDOM_BYTES));
  await store.orm.insert(apiKeys).values({ ...wanted, id, keyHash: hashKey(key), createdAt: nowMs });
  return { id, key, class: wanted.class, name: wanted.name };
}

/** All keys, oldest first, revoked ones too. */
export function listKeys(store: Store): Promise<ListedKey[]> {
  return store.orm.select(LISTED).from(apiKeys).orderBy(apiKeys.createdAt, apiKeys.id);
}

/** Revokes a key for good; false if there is no such key that is still good. */
export async function revokeKey(store: Store, id: string, nowMs: number): Promise<boolean> {
  const revoked = await store.orm
    .update(apiKeys)
    .set({ revokedAt: nowMs, changed: sql`pg_current_xact_id()` })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return revoked.length > 0;
}

export type KeyFollower = {
  /** Looks once, now; rejects if the store cannot be asked. */
  poll(): Promise<void>;
  stop(): void;
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
    const rows = await store.orm
      .select({ ...LISTED, keyHash: apiKeys.keyHash })
      .from(apiKeys)
      .where(isNull(apiKeys.revokedAt))
      .orderBy(apiKeys.createdAt, apiKeys.id)
      .limit(MAX_KEYS);
    const taken = slots.assign(rows.map((row) => row.id));
    seen = now;
    if (stopped) return;
    onChange(
      rows.map(({ id, class: keyClass, name, dailyQuota, perMinute, trusted, keyHash }, i) => {
        const limits = { slot: taken[i], dailyQuota, perMinute };
        return { id, class: keyClass, name, ...limits, trusted, hashHex: keyHash.toString('hex') };
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
 * Differs after any change: `changed` of a row only grows. Not the feed by snapshot that stations use: there a transaction
 * that is open elsewhere holds back what was committed since, and a revoked key must not wait for it.
 */
async function fingerprint(store: Store): Promise<string> {
  const { rows } = await store.pool.query<{ print: string }>(
    timedQuery(`select count(*) || ' ' || coalesce(sum(changed::text::numeric), 0) as print from api_keys`, LOOK_MS),
  );
  return rows[0].print;
}

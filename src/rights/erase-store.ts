// Erasure (GDPR 17, S2). First, in one transaction in the ledger's order: the device's key is destroyed, its tokens end, every
// replica forgets it, recipients are told. From then on nothing sealed about it can be read, in backups of the data neither.
// Then its rows go, table by table from the registry, then a scan of all tables must find no trace, then only a tombstone of
// hashes is left. Promises: every step can be repeated, so that an erasure that was cut off anywhere goes on where it stopped;
// nothing is half shown meanwhile, because access ended first. A legal hold on a row of the device keeps its key, that
// row and disclosures under law until the hold ends; everything else goes at once.
import { createHash, createHmac } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import { ledgerSubject } from '../devices/device-key.ts';
import { type MasterKeys, openDeviceKey } from '../devices/master-keys.ts';
import type { Device, Profile } from '../devices/profile.ts';
import type { Chain, InChain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { allowDeletes } from '../storage/append-only.ts';
import { transact } from '../storage/transaction.ts';
import type { Person } from './challenges-store.ts';
import { notifyRecipients } from './notices-store.ts';
import { inTimeSql, REGISTRY } from './registry.ts';
import { REQUEST_KINDS } from './request.ts';
import { type RequestTotal, requestsDetail } from './request-totals.ts';
import { heldSql } from './retention-store.ts';
import { heldMarker, type ToldHold, toldHold } from './told-holds-store.ts';
import { findTraces } from './traces-store.ts';

type EraseCause = 'asked' | 'child' | 'unused' | 'operator';

/**
 * Whose data goes. Without a key: who was erased after the backup was made from which the rest came back. Nothing sealed about them
 * opens, and recipients were told by the erasure before; what is left in plain goes.
 */
export type Leaving = Pick<Person, 'device'> & { readonly key: Uint8Array | null };

export type EraseDeps = {
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly masters: MasterKeys;
  /** Secret under which tombstones and suppressed tokens are hashed. */
  readonly markerKey: Uint8Array;
  readonly now: () => number;
  /** Changes profile or flags under the ledger's lock: devices/store.ts. */
  readonly changeDevice: (
    client: ClientBase,
    chain: Chain,
    id: string,
    edit: (device: Device) => { readonly flags?: number; readonly profile?: Profile } | null,
    detail: string,
    nowMs: number,
  ) => Promise<Device | null>;
  /** Takes the device out of counts that are not released yet. */
  readonly forgetVisits?: (client: ClientBase, person: Pick<Person, 'device'>) => Promise<void>;
  /** Told of each step once it is durable. */
  readonly onStep?: (step: string) => Promise<void> | void;
};

/** What is left of an erased device's id. */
export function erasureMarker(markerKey: Uint8Array, device: string): Buffer {
  return createHmac('sha256', markerKey).update(`device ${device}`).digest();
}

/** What is left of an erased device's token, of which `tokenHash` is the SHA-256. */
export function suppressionMarker(markerKey: Uint8Array, tokenHash: Uint8Array): Buffer {
  return createHmac('sha256', markerKey).update('token ').update(tokenHash).digest();
}

function hashCode(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}

/** The device with its key; null if it is gone, or its key is. */
export async function findPerson(db: Pool | ClientBase, masters: MasterKeys, device: string): Promise<Person | null> {
  const { rows } = await db.query('select device, master_key, wrapped from device_keys where device = $1', [device]);
  const key = rows.length === 0 ? null : openDeviceKey(masters, rows[0]);
  return key === null ? null : { device, key };
}

/**
 * Ends access and destroys the key. `code` is what the person may ask by how far it is; `still` is SQL that is true of a device `t`
 * at `$1` (epoch ms) that is to be erased yet, looked at under the ledger's lock. False if there is no such device, or its erasure had
 * begun. Resolves when it is in force on every replica.
 */
export async function beginErasure(
  deps: EraseDeps,
  person: Leaving,
  cause: EraseCause,
  code: string,
  still = 'true',
): Promise<boolean> {
  const marker = erasureMarker(deps.markerKey, person.device);
  const begun = await deps.inChain(async (client, chain) => {
    const nowMs = deps.now();
    const { rows } = await client.query(
      `update devices t set flags = t.flags | $3, version = t.version + 1
       where t.id = $2 and t.flags & $3 = 0 and $1::int8 is not null and (${still}) returning t.id`,
      [nowMs, person.device, FLAG.erasing],
    );
    if (rows.length === 0) return false;
    await client.query(
      `insert into erasures (marker, code_hash, device, cause, step, master_key, started_at)
       values ($1, $2, $3, $4, 'begun', (select master_key from device_keys where device = $3), $5)
       on conflict (marker) do update set code_hash = excluded.code_hash, device = excluded.device, cause = excluded.cause,
         step = 'begun', master_key = excluded.master_key, started_at = excluded.started_at, done_at = null`,
      [marker, hashCode(code), person.device, cause, nowMs],
    );
    const marked = await client.query('select marked_at::float8 as at from child_marks where device = $1', [
      person.device,
    ]);
    const { device, key } = person;
    if (key !== null)
      await notifyRecipients(client, chain, { device, key }, 'erased', nowMs, { sinceMs: marked.rows[0]?.at });
    await deps.forgetVisits?.(client, person);
    const held = await isHeld(client, person.device, nowMs);
    await suppressTokens(client, deps.markerKey, person.device, held, nowMs);
    await client.query('delete from device_tokens where device = $1', [person.device]);
    await client.query('delete from application_tokens where device = $1', [person.device]);
    if (!held) await client.query('delete from device_keys where device = $1', [person.device]);
    const row = { at: nowMs, kind: KIND.rights, subject: key === null ? null : ledgerSubject(key) };
    const requests = await countRequests(client, person.device);
    if (requests.length > 0) chain.append({ ...row, detail: requestsDetail(requests) });
    chain.append({ ...row, detail: `erasure begun: ${cause}` });
    chain.changed(person.device);
    return true;
  });
  if (begun) await deps.onStep?.('begun');
  return begun;
}

/** How many requests the device's person made, by year (UTC) and kind: the report counts them still when they are gone. */
async function countRequests(client: ClientBase, device: string): Promise<RequestTotal[]> {
  const { rows } = await client.query<RequestTotal>(
    `select extract(year from to_timestamp(received_at / 1000) at time zone 'UTC')::int as year, kind, count(*)::int as n
     from rights_requests where device = $1 and kind = any($2) group by 1, 2 order by 1, 2`,
    [device, REQUEST_KINDS],
  );
  return rows;
}

/**
 * Whoever presents a token of an erased device gets an empty export, as long as the token would have been good: whatever the cause
 * (attack: of two phones that were erased the one that still gets an answer was a child's). Tokens of applications open no
 * export, before or after.
 */
async function suppressTokens(
  client: ClientBase,
  markerKey: Uint8Array,
  device: string,
  held: boolean,
  nowMs: number,
): Promise<void> {
  const { rows } = await client.query(
    'select token_hash, expires_at::float8 as "expiresAt" from device_tokens where device = $1 and expires_at > $2',
    [device, nowMs],
  );
  for (const { token_hash, expiresAt } of rows) {
    const markers = [suppressionMarker(markerKey, token_hash)];
    // Theirs is a copy of nothing that says of what is held.
    if (held) markers.push(heldMarker(markerKey, device, token_hash));
    await client.query(
      'insert into suppressions (marker, at, expires_at) select unnest($1::bytea[]), $2, $3 on conflict do nothing',
      [markers, nowMs, expiresAt],
    );
  }
}

/** True for a token of a device that was erased. */
export async function isSuppressed(
  db: Pool,
  markerKey: Uint8Array,
  tokenHash: Uint8Array,
  nowMs: number,
): Promise<boolean> {
  const { rows } = await db.query('select 1 from suppressions where marker = $1 and expires_at > $2', [
    suppressionMarker(markerKey, tokenHash),
    nowMs,
  ]);
  return rows.length > 0;
}

/** A hold on any row of the device that has not ended. */
async function isHeld(client: ClientBase | Pool, device: string, nowMs: number): Promise<boolean> {
  const { rows } = await client.query(
    'select exists (select from legal_holds where device = $1 and ends_at > $2) as held',
    [device, nowMs],
  );
  return rows[0].held === true;
}

/**
 * Goes on with every erasure that is not done. Resolves with how many got done; a hold leaves some for later. One that fails
 * keeps none of the others back; its error is thrown when they are done.
 */
export async function advanceErasures(deps: EraseDeps, signal?: AbortSignal): Promise<number> {
  const { rows } = await deps.pool.query('select device from erasures where device is not null order by started_at');
  let done = 0;
  const errors: unknown[] = [];
  for (const { device } of rows) {
    if (signal?.aborted) break;
    try {
      if (await advanceErasure(deps, device)) done++;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return done;
}

/**
 * What stays while something is held: its key, the device, the holds themselves, and the disclosures they are for, which could
 * else be neither approved nor hidden by their gag.
 */
const WITH_HOLDS = ['device_keys', 'devices', 'legal_holds', 'legal_disclosures'];

/** Goes on with one erasure; true when it is done. */
export async function advanceErasure(deps: EraseDeps, device: string): Promise<boolean> {
  const { pool } = deps;
  const nowMs = deps.now();
  const held = await isHeld(pool, device, nowMs);
  for (const [table, entry] of Object.entries(REGISTRY)) {
    if (entry.subject?.by !== 'device' || entry.survivesErasure !== undefined) continue;
    if (held && WITH_HOLDS.includes(table)) continue;
    const sql = `delete from ${table} t where t.${entry.subject.column} = $2 and ($1::int8 is null or not ${heldSql(table, entry)})`;
    await transact(pool, async (client) => {
      await allowDeletes(client, 'erasure');
      await client.query(sql, [nowMs, device]);
    });
    await note(deps, device, table);
  }
  if (held) return false;
  // The row that drives this is the last that knows the device.
  const traces = (await findTraces(pool, device)).filter((one) => one !== 'erasures.device');
  if (traces.length > 0) throw new Error(`an erasure left traces in ${traces.join(', ')}`);
  await deps.onStep?.('scanned');
  await pool.query("update erasures set device = null, step = 'done', done_at = $2 where device = $1", [device, nowMs]);
  await deps.onStep?.('done');
  return true;
}

async function note({ pool, onStep }: EraseDeps, device: string, step: string): Promise<void> {
  await pool.query('update erasures set step = $2 where device = $1', [device, step]);
  await onStep?.(step);
}

export type ErasureStatus = {
  readonly state: 'in progress' | 'done';
  readonly startedAt: number;
  readonly doneAt: number | null;
  /** What it waits for, where that is a hold. */
  readonly held: ToldHold | null;
};

/** How far the erasure is that goes by this code; null if none does, or its time is over. */
export async function erasureStatus(db: Pool, code: string, nowMs: number): Promise<ErasureStatus | null> {
  const { rows } = await db.query(
    `select device, started_at::float8 as "startedAt", done_at::float8 as "doneAt" from erasures t
     where code_hash = $1 and ${inTimeSql('erasures', '$2')}`,
    [hashCode(code), nowMs],
  );
  if (rows.length === 0) return null;
  const { device, ...times } = rows[0];
  const held = device === null ? null : await toldHold(db, device, nowMs);
  return { state: times.doneAt === null ? 'in progress' : 'done', ...times, held };
}

/** Tables whose columns the planner may have sampled values about a device from. */
const SAMPLED = Object.entries(REGISTRY).flatMap(([table, { subject }]) => (subject?.by === 'device' ? [table] : []));

/**
 * Takes the dead rows of destroyed keys off the disk, if any were destroyed since, and has the planner draw its samples anew:
 * they hold ids and hashes of who was in the tables when they were drawn. Whoever needs the keys waits as long as a copy of them
 * takes (a second for a million devices), nobody for the samples; false if a table could not be had within a second, and is
 * to be tried again. A table that was left empty keeps its samples until it has rows.
 */
export async function compactKeys(db: Pool, sinceMs: number): Promise<boolean> {
  const { rows } = await db.query('select exists (select from erasures where started_at > $1 or done_at > $1) as any', [
    sinceMs,
  ]);
  if (rows[0].any !== true) return true;
  const client = await db.connect();
  try {
    await client.query("set lock_timeout = '1s'");
    await client.query('vacuum full device_keys');
    for (const table of SAMPLED) await client.query(`analyze ${table}`);
    await client.query('reset lock_timeout');
    client.release();
    return true;
  } catch (error) {
    client.release(true);
    if ((error as { code?: string }).code === '55P03') return false;
    throw error;
  }
}

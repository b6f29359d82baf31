// Registered devices in the store. Promises: a token is known by its hash only; unknown, expired, ended, idle and erased are the
// same null; whatever can change a decision is written under the ledger's lock, with a row in the ledger and a sealed copy of
// the new state beside it, so that decisions can be replayed; profile and flags change here and nowhere else.
import type { ClientBase, Pool } from 'pg';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { DAY_MS, MINUTE_MS, YEAR_MS } from '../time/spans.ts';
import { FLAG, IDLE_DAYS } from './device-contract.ts';
import { DEVICE_KEY_BYTES, ledgerSubject, proofKeyOf, type Random, wrapDeviceKey } from './device-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { type Device, type DeviceRow, openDevice, type Profile, sealJson, sealProfile, stateOf } from './profile.ts';
import { formatToken, hashToken, TOKEN_RANDOM_BYTES } from './token.ts';

/** A token is good for a year; phones rotate theirs long before. */
export const TOKEN_TTL_MS = YEAR_MS;
/** How long a token goes on after it was replaced: an answer that got lost on 2G can be asked for again. */
export const ROTATION_MS = 10 * MINUTE_MS;
type DeviceSecrets = { readonly masters: MasterKeys; readonly random: Random };
type IssuedToken = { readonly token: string; readonly expiresAt: number };

export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

/** Columns of DeviceRow, where `devices` is `d` and `device_keys` is `k`. */
const DEVICE_COLUMNS = `d.id as device, k.master_key, k.wrapped, d.flags, d.created_at::float8 as created_at,
  d.last_used_day, d.sealed,
  (select coalesce(json_agg(json_build_object('id', p.id, 'at', p.at, 'withdrawnAt', p.withdrawn_at, 'precise', p.precise)
     order by p.at, p.id), '[]') from parental_consents p where p.device = d.id) as parental`;

/** From `device_tokens t` to a device that still is one. $1 = the token's hash, $2 = now, $3 = today's number. */
const BY_TOKEN = `device_tokens t join devices d on d.id = t.device join device_keys k on k.device = d.id
  where t.token_hash = $1 and t.expires_at > $2 and d.last_used_day >= $3 - ${IDLE_DAYS} and d.flags & ${FLAG.erasing} = 0`;

export type PresentedDevice = Device & { readonly tokenExpiresAt: number; readonly tokenArrived: boolean };

/** The device that a token belongs to, in one query; null if there is none (any more). */
export async function loadDevice(
  client: ClientBase | Pool,
  masters: MasterKeys,
  tokenHash: Buffer,
  nowMs: number,
): Promise<PresentedDevice | null> {
  const { rows } = await client.query(
    `select ${DEVICE_COLUMNS}, t.expires_at::float8 as token_expires_at, t.arrived from ${BY_TOKEN}`,
    [tokenHash, nowMs, dayOf(nowMs)],
  );
  if (rows.length === 0) return null;
  const [{ token_expires_at: tokenExpiresAt, arrived: tokenArrived }] = rows;
  return { ...openDevice(masters, rows[0] as DeviceRow), tokenExpiresAt, tokenArrived };
}

/** Notes that the phone has this token: from now on the one before it takes proof for what would outlive it. */
export async function noteArrival(client: ClientBase | Pool, tokenHash: Buffer): Promise<void> {
  await client.query('update device_tokens set arrived = true where token_hash = $1 and not arrived', [tokenHash]);
}

/**
 * True if another token took this one's place and reached the phone. Until it did, the old one may ask again (an answer lost on
 * 2G); afterwards only who does not have the phone would (attack: a thief takes the place of the token that replaced his).
 */
export async function isSucceeded(client: ClientBase, tokenHash: Buffer): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from device_tokens old join device_tokens successor on successor.device = old.device
       and successor.expires_at > old.expires_at and successor.arrived where old.token_hash = $1`,
    [tokenHash],
  );
  return rows.length > 0;
}

/** The device, locked until the transaction ends; null if it is not there, or being erased. */
export async function lockDevice(client: ClientBase, masters: MasterKeys, id: string): Promise<Device | null> {
  const { rows } = await client.query(
    `select ${DEVICE_COLUMNS} from devices d join device_keys k on k.device = d.id
     where d.id = $1 and d.flags & ${FLAG.erasing} = 0 for update of d`,
    [id],
  );
  return rows.length === 0 ? null : openDevice(masters, rows[0] as DeviceRow);
}

/** Keeps the device from being forgotten; at most one write a day. */
export async function touchDevice(client: ClientBase | Pool, device: Device, nowMs: number): Promise<void> {
  const today = dayOf(nowMs);
  if (device.lastUsedDay >= today) return;
  await client.query('update devices set last_used_day = $2 where id = $1 and last_used_day < $2', [device.id, today]);
}

/** Registers a device; `id` is a random UUID, `flags` are bits of FLAG. Its token and the key of its proofs are never shown again. */
export async function registerDevice(
  client: ClientBase,
  chain: Chain,
  { masters, random }: DeviceSecrets,
  id: string,
  profile: Profile,
  nowMs: number,
  flags = 0,
): Promise<IssuedToken & { proofKey: string }> {
  const key = random(DEVICE_KEY_BYTES);
  const day = dayOf(nowMs);
  await client.query('insert into device_keys (device, master_key, wrapped) values ($1, $2, $3)', [
    id,
    masters.current.name,
    wrapDeviceKey(masters.current, id, key, random),
  ]);
  await client.query('insert into devices (id, created_at, last_used_day, flags, sealed) values ($1, $2, $3, $4, $5)', [
    id,
    day * DAY_MS,
    day,
    flags,
    sealProfile(key, id, profile, random),
  ]);
  const subject = ledgerSubject(key);
  const device = { id, key, subject, flags, createdAt: day * DAY_MS, lastUsedDay: day, profile, parental: [] };
  await noteDevice(client, chain, device, 'registered', random, nowMs);
  return { ...(await issueToken(client, id, random, nowMs)), proofKey: proofKeyOf(key).toString('base64url') };
}

/** What `changeDevice` is told to do; absent fields stay. */
export type DeviceEdit = { readonly profile?: Profile; readonly flags?: number };

/**
 * Changes a device under the ledger's lock, so that it is decided on as it was or as it is, and every replica forgets it
 * before the change is acknowledged. `edit` sees the device as it is and returns what to change, or null for nothing.
 * `detail` is a word for the ledger. Resolves to the device as it is then; null if there is none.
 */
export async function changeDevice(
  client: ClientBase,
  chain: Chain,
  { masters, random }: DeviceSecrets,
  id: string,
  edit: (device: Device) => DeviceEdit | null,
  detail: string,
  nowMs: number,
): Promise<Device | null> {
  const before = await lockDevice(client, masters, id);
  const change = before === null ? null : edit(before);
  if (before === null || change === null) return before;
  const after = { ...before, ...change };
  await client.query('update devices set version = version + 1, flags = $2, sealed = $3 where id = $1', [
    id,
    after.flags,
    sealProfile(after.key, id, after.profile, random),
  ]);
  await noteDevice(client, chain, after, detail, random, nowMs);
  chain.changed(id);
  return after;
}

/** Changes what no decision is made on; null if there is no such device. */
export async function noteProfile(
  client: ClientBase,
  { masters, random }: DeviceSecrets,
  id: string,
  edit: (profile: Profile) => Profile,
): Promise<Device | null> {
  const before = await lockDevice(client, masters, id);
  if (before === null) return null;
  const profile = edit(before.profile);
  await client.query('update devices set version = version + 1, sealed = $2 where id = $1', [
    id,
    sealProfile(before.key, id, profile, random),
  ]);
  return { ...before, profile };
}

/** Notes in the ledger and in the history of consent what a device is from now on. Returns the number of the event. */
export async function noteDevice(
  client: ClientBase,
  chain: Chain,
  device: Device,
  detail: string,
  random: Random,
  nowMs: number,
): Promise<number> {
  const seq = chain.append({ at: nowMs, kind: KIND.device, subject: device.subject, detail });
  await client.query(
    `insert into consent_events
       (seq, device, record, application, purpose, at, state, precision, scopes, sources, policy_version, sealed)
     values ($1, $2, $2, '', '', $3, 'device', 0, '{}', 0, '', $4)`,
    [seq, device.id, nowMs, sealJson(device.key, `consent_events.sealed ${device.id}`, stateOf(device), random)],
  );
  return seq;
}

/**
 * A new token in place of the presented one, which is good for ROTATION_MS more; any other of the device ends. What
 * applications hold stays: to replace a credential takes nothing back. Null if the presented one has ended meanwhile.
 */
export async function rotateToken(
  client: ClientBase,
  chain: Chain,
  random: Random,
  device: Device,
  tokenHash: Buffer,
  nowMs: number,
): Promise<IssuedToken | null> {
  const presented = await client.query(
    `update device_tokens set expires_at = least(expires_at, $2)
     where token_hash = $1 and expires_at > $3 returning token_hash`,
    [tokenHash, nowMs + ROTATION_MS, nowMs],
  );
  if (presented.rows.length === 0) return null;
  await client.query('delete from device_tokens where device = $1 and token_hash <> $2', [device.id, tokenHash]);
  const issued = await issueToken(client, device.id, random, nowMs);
  chain.append({ at: nowMs, kind: KIND.device, subject: device.subject, detail: 'tokenRotated' });
  chain.changed(device.id);
  return issued;
}

/** Ends every token of a device, those of applications too: nobody can speak for it any more, nor be told where it was last. */
export async function endTokens(client: ClientBase, chain: Chain, device: Device, nowMs: number): Promise<void> {
  await client.query('delete from device_tokens where device = $1', [device.id]);
  await client.query('delete from application_tokens where device = $1', [device.id]);
  await client.query('delete from last_locations where device = $1', [device.id]);
  chain.append({ at: nowMs, kind: KIND.device, subject: device.subject, detail: 'tokensEnded' });
  chain.changed(device.id);
}

async function issueToken(client: ClientBase, device: string, random: Random, nowMs: number): Promise<IssuedToken> {
  const token = formatToken(random(TOKEN_RANDOM_BYTES));
  const tokenHash = hashToken(token);
  const expiresAt = nowMs + TOKEN_TTL_MS;
  await client.query('insert into device_tokens (token_hash, device, created_at, expires_at) values ($1, $2, $3, $4)', [
    tokenHash,
    device,
    nowMs,
    expiresAt,
  ]);
  return { token, expiresAt };
}

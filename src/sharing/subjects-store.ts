// Everything that decisions about devices stand on, read in one query for many requests: the device behind each token, what it
// granted, and its coarse state. Promises: read inside a transaction under the ledger's lock, it is as it was before or after
// every change of mind; a token that is unknown, ended, another application's, or of an idle or erased device is simply not in
// the result (DESIGN 6.5), nor is the own token of a device that is guarded.
import type { ClientBase, Pool } from 'pg';
import type { Grant } from '../consent/decide.ts';
import { FLAG, IDLE_DAYS } from '../devices/device-contract.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { type Device, type DeviceRow, openDevice, openJson } from '../devices/profile.ts';
import { binaryBytes, binaryTexts } from '../storage/binary-array.ts';
import { queryPrepared } from '../storage/prepared.ts';
import type { KeptState } from './coarse-region.ts';

export type Subject = {
  readonly device: Device;
  readonly tokenExpiresAt: number;
  readonly grant: Grant | null;
  /** When the grant's last yes was given (epoch ms). */
  readonly givenAt: number | null;
  readonly coarse: KeptState | null | typeof FORGOTTEN;
  /** The policy in force, for decisions that stand on no grant. */
  readonly policyVersion: string | null;
};
/** Its region was forgotten in this tick (rights/me-store.ts) and has no successor before the next. */
export const FORGOTTEN = 'forgotten';
/** What is kept of this device does not open. */
export const DAMAGED = 'damaged';

/** For whom: SHA-256 of a token, and who asks for what. */
export type Named = {
  readonly tokenHash: Buffer;
  /** A token of an application; absent, a device's own. */
  readonly isBound?: boolean;
  readonly application: string;
  readonly purpose: string;
};

const DAY_MS = 86_400_000;
export const coarseLabel = (device: string): string => `coarse_states.sealed ${device}`;

type Row = DeviceRow & {
  readonly i: number;
  readonly token_expires_at: number;
  readonly coarse: Buffer | null;
  readonly policy_version: string | null;
  readonly grant: Grant | null;
  readonly given_at: number | null;
};

/** `tokens` is the join that leads to `t`: whose token it is, until when, and flags of a device that bar it. */
const queryOver = (
  tokens: string,
): string => `select q.i::int as i, d.id as device, k.master_key, k.wrapped, d.flags, d.created_at::float8 as created_at,
    d.last_used_day, d.sealed, t.expires_at::float8 as token_expires_at, c.sealed as coarse,
    (select p.version from policies p where p.effective_at <= $4 order by p.effective_at desc limit 1) as policy_version,
    (select coalesce(json_agg(json_build_object('id', o.id, 'at', o.at, 'withdrawnAt', o.withdrawn_at, 'precise', o.precise)
       order by o.at), '[]') from parental_consents o where o.device = d.id) as parental,
    case when g.device is not null then json_build_object('state', g.state, 'precision', g.precision, 'scopes', g.scopes,
       'sources', g.sources, 'policyVersion', g.policy_version, 'expiresAt', g.expires_at, 'suspendedAt', g.suspended_at,
       'parental', g.parental, 'eventSeq', g.event_seq) end as "grant",
    g.given_at::float8 as given_at
  from unnest($1::bytea[], $2::text[], $3::text[]) with ordinality as q(token_hash, application, purpose, i)
  ${tokens}
  join devices d on d.id = t.device and d.last_used_day >= $5 - ${IDLE_DAYS} and d.flags & t.barred = 0
  join device_keys k on k.device = d.id
  left join grants g on g.device = d.id and g.application = q.application and g.purpose = q.purpose
  left join coarse_states c on c.device = d.id and c.expires_at > $4`;

const OWN = `select own.device, own.expires_at, ${FLAG.erasing | FLAG.guarded} as barred
  from device_tokens own where own.token_hash = q.token_hash and own.expires_at > $4`;
/** Good for its application only, and while its device has a token of its own, which could end it. */
const BOUND = `select bound.device, least(bound.expires_at, max(own.expires_at)), ${FLAG.erasing}
  from application_tokens bound join device_tokens own on own.device = bound.device and own.expires_at > $4
  where bound.token_hash = q.token_hash and bound.application = q.application and bound.expires_at > $4
  group by bound.device, bound.expires_at`;
const DEVICES = queryOver(`cross join lateral (${OWN}) t`);
/** For batches with tokens of applications: two more look-ups a token, which other batches need not pay for. */
const DEVICES_AND_APPLICATIONS = queryOver(`cross join lateral (${OWN} union all ${BOUND}) t`);

/** One entry for each of `named`, in their order; null where nobody is known by the token. `onDamaged` hears of the rest. */
export async function loadSubjects(
  client: ClientBase,
  open: (row: DeviceRow) => Device,
  named: readonly Named[],
  nowMs: number,
  onDamaged: (error: unknown) => void,
): Promise<(Subject | null | typeof DAMAGED)[]> {
  const [name, query] = named.some((one) => one.isBound)
    ? ['subjects by any token', DEVICES_AND_APPLICATIONS]
    : ['subjects', DEVICES];
  const { rows } = await queryPrepared<Row>(client, name, query, [
    binaryBytes(
      'bytea',
      named.map((one) => one.tokenHash),
    ),
    binaryTexts(named.map((one) => one.application)),
    binaryTexts(named.map((one) => one.purpose)),
    nowMs,
    Math.floor(nowMs / DAY_MS),
  ]);
  const subjects: (Subject | null | typeof DAMAGED)[] = named.map(() => null);
  for (const row of rows) subjects[row.i - 1] = unlessDamaged(() => subjectOf(row, open(row)), onDamaged);
  return subjects;
}

function subjectOf(row: Row, device: Device): Subject {
  return {
    device,
    tokenExpiresAt: row.token_expires_at,
    grant: row.grant,
    givenAt: row.given_at,
    policyVersion: row.policy_version,
    coarse: coarseOf(row.coarse, device),
  };
}

function coarseOf(sealed: Buffer | null, device: Device): Subject['coarse'] {
  if (sealed === null) return null;
  return sealed.length === 0 ? FORGOTTEN : openJson<KeptState>(device.key, coarseLabel(device.id), sealed);
}

/** `open()`, or DAMAGED, of which `onDamaged` hears. */
export function unlessDamaged<T>(open: () => T, onDamaged: (error: unknown) => void): T | typeof DAMAGED {
  try {
    return open();
  } catch (error) {
    onDamaged(error);
    return DAMAGED;
  }
}

/** What a phone lets us use (bits of SOURCE), and when its token ends. */
export type Switches = { readonly device: string; readonly sources: number; readonly untilMs: number };

/** The switches of the phones behind tokens, in their order; null where nobody is known. Read as they are now. */
export async function loadSwitches(
  pool: Pool,
  masters: MasterKeys,
  tokenHashes: readonly Buffer[],
  nowMs: number,
  onDamaged: (error: unknown) => void,
): Promise<(Switches | null | typeof DAMAGED)[]> {
  const { rows } = await pool.query<DeviceRow & { readonly i: number; readonly token_expires_at: number }>(
    `select q.i::int as i, d.id as device, k.master_key, k.wrapped, d.flags, d.created_at::float8 as created_at,
       d.last_used_day, d.sealed, t.expires_at::float8 as token_expires_at, '[]'::json as parental
     from unnest($1::bytea[]) with ordinality as q(token_hash, i)
     join device_tokens t on t.token_hash = q.token_hash and t.expires_at > $2
     join devices d on d.id = t.device and d.last_used_day >= $3 - ${IDLE_DAYS} and d.flags & ${FLAG.erasing} = 0
     join device_keys k on k.device = d.id`,
    [tokenHashes, nowMs, Math.floor(nowMs / DAY_MS)],
  );
  const switches: (Switches | null | typeof DAMAGED)[] = tokenHashes.map(() => null);
  for (const row of rows)
    switches[row.i - 1] = unlessDamaged(() => {
      const { sources } = openDevice(masters, row).profile;
      return { device: row.device, sources, untilMs: row.token_expires_at };
    }, onDamaged);
  return switches;
}

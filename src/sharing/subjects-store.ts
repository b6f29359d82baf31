// Everything that decisions about devices stand on, read in one query for many requests: the device behind each token, what it
// granted, its coarse state, and the ledger's head in the same snapshot. Promises: it is as it was before or after every change
// of mind, which move the head: read under the ledger's lock it stays so, and else as long as the head is that one; a token that is unknown, ended, another application's, or of an idle or erased device is simply not in
// the result (DESIGN 6.5), nor is the own token of a device that is guarded.
import type { ClientBase } from 'pg';
import type { Grant, GrantState } from '../consent/decide.ts';
import { FLAG, IDLE_DAYS, type ParentalConsent } from '../devices/device-contract.ts';
import { type Device, type DeviceRow, openJson } from '../devices/profile.ts';
import type { Head } from '../disclosures/rows-store.ts';
import { binaryBytes, binaryTexts } from '../storage/binary-array.ts';
import { queryPrepared } from '../storage/prepared.ts';
import { DAY_MS } from '../time/spans.ts';
import { isAheadTick, regionTime } from './ahead-tick-contract.ts';
import type { KeptState, ReadState } from './coarse-region.ts';
import { digestOf, type Opened, type OpenedDevices } from './opened-devices.ts';

export type Subject = {
  readonly device: Device;
  readonly tokenExpiresAt: number;
  readonly grant: Grant | null;
  /** When the grant's last yes was given (epoch ms). */
  readonly givenAt: number | null;
  readonly coarse: ReadState | null | typeof FORGOTTEN;
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

export const coarseLabel = (device: string): string => `coarse_states.sealed ${device}`;

/** What a batch is decided on, as it was in one moment. */
export type Standing = {
  /** The ledger's end in that moment. */
  readonly head: Head;
  /** The policy in force, for decisions that stand on no grant. */
  readonly policyVersion: string | null;
  /** One for each ask, in their order; null where nobody is known by the token. */
  readonly subjects: (Subject | null | typeof DAMAGED)[];
};

/** And the time (epoch ms) that regions go by, where coarse states were wanted. */
export type Reading = Standing & { readonly regionMs: number };

type Row = Pick<DeviceRow, 'master_key' | 'wrapped' | 'sealed'> & {
  /** 0 is the head's. */
  readonly i: number;
  readonly told: string;
  readonly coarse: Buffer | null;
  readonly coarse_tick: number | null;
  readonly coarse_until: number | null;
};
type ToldOfHead = [seq: string, hash: string, policyVersion: string | null, storeMs: number | null, touched: number];

/**
 * What is told of a device is told in one text, which costs both ends a third of as many columns, and nothing at all here while
 * it is the same. Only the last of its fields is free text.
 * `tokens` is the join that leads to `t`: whose token it is, until when, and flags of a device that bar it. Ciphertexts of which
 * we know the digest stay where they are.
 */
const queryOver = (tokens: string): string => `select 0 as i, json_build_array(h.seq::text, encode(h.hash, 'hex'),
      ${policyAt('$5')}, case when $7::boolean then floor(extract(epoch from now()) * 1000) end, h.touched)::text as told,
    null::bytea as master_key, null::bytea as wrapped, null::bytea as sealed, null::bytea as coarse, null::int as coarse_tick,
    null::float8 as coarse_until from ledger_head h
  union all
  select q.i::int, ${TOLD},
    case when not e.is_known then k.master_key end, case when not e.is_known then k.wrapped end,
    case when not e.is_known then d.sealed end, c.sealed, c.tick, c.expires_at::float8
  from unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[]) with ordinality as q(token_hash, application, purpose, known, i)
  ${tokens}
  ${behindTokens('$6')}
  left join coarse_states c on $7::boolean and c.device = d.id`;

/** The policy in force at a time. */
export const policyAt = (now: string): string =>
  `(select p.version from policies p where p.effective_at <= ${now} order by p.effective_at desc limit 1)`;

/** All that decisions about a device for an application and purpose stand on and is not sealed. */
export const TOLD = `concat(d.id, '|', d.flags, '|', d.created_at, '|', d.last_used_day, '|', t.expires_at, '|',
      (select json_agg(json_build_object('id', o.id, 'at', o.at, 'withdrawnAt', o.withdrawn_at, 'precise', o.precise)
         order by o.at) from parental_consents o where o.device = d.id), '|',
      g.state, '|', g.precision, '|', array_to_string(g.scopes, ' '), '|', g.sources, '|', g.expires_at, '|', g.suspended_at, '|',
      g.parental, '|', g.event_seq, '|', g.given_at, '|', g.policy_version)`;

/** From `t` on: the device and its keys, whether `q.known` is the digest of what they seal, and the grant to who asks. */
export const behindTokens = (today: string): string => `join devices d
    on d.id = t.device and d.last_used_day >= ${today} - ${IDLE_DAYS} and d.flags & t.barred = 0
  join device_keys k on k.device = d.id
  cross join lateral (
    select q.known <> '' and q.known = sha256(k.master_key || k.wrapped || d.sealed) as is_known offset 0) e
  left join grants g on g.device = d.id and g.application = q.application and g.purpose = q.purpose`;

const ownTokens = (now: string): string =>
  `select own.device, own.expires_at, ${FLAG.erasing | FLAG.guarded} as barred
  from device_tokens own where own.token_hash = q.token_hash and own.expires_at > ${now}`;
/** Good for its application only, and while its device has a token of its own, which could end it. */
const boundTokens = (
  now: string,
): string => `select bound.device, least(bound.expires_at, max(own.expires_at)), ${FLAG.erasing}
  from application_tokens bound join device_tokens own on own.device = bound.device and own.expires_at > ${now}
  where bound.token_hash = q.token_hash and bound.application = q.application and bound.expires_at > ${now}
  group by bound.device, bound.expires_at`;

/**
 * The joins that lead from `q` to `t`. Batches with tokens of applications pay for two more look-ups a token; others don't. A token
 * is looked up by its hash, whatever the planner thinks of reading all that are good (`offset 0`): which it did, for each batch,
 * where there were a few thousand.
 */
export const tokenJoin = (now: string, hasBound: boolean): string =>
  `cross join lateral (${ownTokens(now)}${hasBound ? ` union all ${boundTokens(now)}` : ''} offset 0) t`;

const DEVICES = queryOver(tokenJoin('$5', false));
const DEVICES_AND_APPLICATIONS = queryOver(tokenJoin('$5', true));

export type SubjectDeps = {
  readonly openDevice: (row: DeviceRow) => Device;
  readonly opened: OpenedDevices;
  /** Hears of devices that do not open. */
  readonly onDamaged: (error: unknown) => void;
  /** The store's time, where it is a test's own; what the store said is passed in. */
  readonly storeMs?: (saidMs: number) => number;
};

const NOTHING_KNOWN = Buffer.alloc(0);

/** Reads what the asks of a batch are decided on; coarse states only if they are wanted. Sent before it returns. */
export function readStanding(
  deps: SubjectDeps,
  client: ClientBase,
  asks: readonly Named[],
  nowMs: number,
  withCoarse: boolean,
): Promise<Reading> {
  const { distinct, placeOf } = foldCopies(asks);
  const reading = readDistinct(deps, client, distinct, nowMs, withCoarse);
  if (distinct.length === asks.length) return reading;
  return reading.then(({ subjects, ...rest }) => ({ ...rest, subjects: placeOf.map((at) => subjects[at]) }));
}

/**
 * Asks without their copies, and the place of each among them. Two hundred copies of one are read and opened once: else what else
 * is decided with them would wait for longer, and whoever sent them would learn from that whether the token is anybody's (A12).
 */
function foldCopies(asks: readonly Named[]): { distinct: Named[]; placeOf: number[] } {
  const places = new Map<string, number>();
  const distinct: Named[] = [];
  const placeOf = asks.map((ask) => {
    const name = `${ask.tokenHash.toString('latin1')}${ask.application} ${ask.purpose}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, distinct.length);
    return distinct.push(ask) - 1;
  });
  return { distinct, placeOf };
}

async function readDistinct(
  { openDevice, opened, onDamaged, storeMs = (said) => said }: SubjectDeps,
  client: ClientBase,
  asks: readonly Named[],
  nowMs: number,
  withCoarse: boolean,
): Promise<Reading> {
  const reading = opened.begin();
  const tokens = asks.map(({ tokenHash }) => tokenHash.toString('base64url'));
  const known = tokens.map(opened.find);
  const { rows } = await queryRows(client, asks, known, nowMs, withCoarse);
  const subjects: Standing['subjects'] = asks.map(() => null);
  const head = rows.find((row) => row.i === 0);
  if (head === undefined) throw new Error('the ledger has no head');
  const [seq, hash, policyVersion, saidMs, touched] = JSON.parse(head.told) as ToldOfHead;
  const ofStoreMs = saidMs === null ? nowMs : storeMs(saidMs);
  const regionMs = regionTime(nowMs, ofStoreMs);
  for (const row of rows) {
    const at = row.i - 1;
    if (at < 0) continue;
    subjects[at] = unlessDamaged(() => {
      const one = open(row, known[at], openDevice);
      if (one !== known[at]) opened.remember(reading, tokens[at], one);
      return withRegion(one.subject, row, regionMs, ofStoreMs);
    }, onDamaged);
  }
  return { head: { seq: Number(seq), hash: Buffer.from(hash, 'hex'), touched }, policyVersion, regionMs, subjects };
}

/** The head's row and one for each ask whose token is somebody's. */
function queryRows(
  client: ClientBase,
  asks: readonly Named[],
  known: readonly (Opened | null)[],
  nowMs: number,
  withCoarse: boolean,
) {
  const [name, query] = asks.some((one) => one.isBound)
    ? ['subjects by any token', DEVICES_AND_APPLICATIONS]
    : ['subjects', DEVICES];
  const hashes = asks.map((one) => one.tokenHash);
  const digests = known.map((one) => one?.digest ?? NOTHING_KNOWN);
  return queryPrepared<Row>(client, name, query, [
    ...[binaryBytes('bytea', hashes), binaryTexts(asks.map((one) => one.application))],
    ...[binaryTexts(asks.map((one) => one.purpose)), binaryBytes('bytea', digests)],
    ...[nowMs, Math.floor(nowMs / DAY_MS), withCoarse],
  ]);
}

/** The subject with the region that it was told to be in, where the row has one whose time is not over. */
function withRegion(subject: Subject, row: Row, regionMs: number, storeMs: number): Subject {
  const { coarse, coarse_tick: tick, coarse_until: untilMs } = row;
  if (coarse === null || tick === null || untilMs === null || untilMs <= regionMs) return subject;
  return { ...subject, coarse: coarseOf(coarse, subject.device, isAheadTick(tick, regionMs, storeMs)) };
}

/** `known` if that is what the store says now, to the letter. */
function open(row: Row, known: Opened | null, openDevice: (row: DeviceRow) => Device): Opened {
  if (known !== null && row.sealed === null && row.told === known.told) return known;
  const [device, flags, createdAt, lastUsedDay, tokenExpiresAt, parental, ...ofGrant] = row.told.split('|');
  const facts = {
    ...{ flags: Number(flags), createdAt: Number(createdAt), lastUsedDay: Number(lastUsedDay) },
    parental: parental === '' ? [] : (JSON.parse(parental) as ParentalConsent[]),
  };
  const isKnown = known !== null && row.sealed === null;
  if (isKnown && known.subject.device.id !== device) throw new Error('a token that changed hands');
  const opened = isKnown
    ? { ...known.subject.device, ...facts }
    : openDevice({ ...row, ...facts, device, created_at: facts.createdAt, last_used_day: facts.lastUsedDay });
  return {
    digest: isKnown ? known.digest : digestOf(row),
    told: row.told,
    subject: { device: opened, tokenExpiresAt: Number(tokenExpiresAt), ...grantOf(ofGrant), coarse: null },
  };
}

function grantOf(fields: readonly string[]): Pick<Subject, 'grant' | 'givenAt'> {
  const [state, precision, scopes, sources, expiresAt, suspendedAt, parental, eventSeq, givenAt, ...policyVersion] =
    fields;
  if (state === '') return { grant: null, givenAt: null };
  const grant: Grant = {
    ...{
      state: state as GrantState,
      precision: Number(precision),
      sources: Number(sources),
      eventSeq: Number(eventSeq),
    },
    ...{ scopes: scopes === '' ? [] : scopes.split(' '), policyVersion: policyVersion.join('|') },
    ...{ expiresAt: numberOrNull(expiresAt), suspendedAt: numberOrNull(suspendedAt), parental: parental || null },
  };
  return { grant, givenAt: numberOrNull(givenAt) };
}

function numberOrNull(text: string): number | null {
  return text === '' ? null : Number(text);
}

/** Forgotten in a tick that has not begun is forgotten long enough. */
function coarseOf(sealed: Buffer, device: Device, isAhead: boolean): Subject['coarse'] {
  if (sealed.length === 0) return isAhead ? null : FORGOTTEN;
  const state = openJson<KeptState>(device.key, coarseLabel(device.id), sealed);
  return isAhead ? { ...state, isAhead } : state;
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

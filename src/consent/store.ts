// Consent in the store: records, their events, and the state these amount to. Promises: events are only ever added, each under
// the number of its row in the ledger; the state is written in the same transaction, under the ledger's lock, so that every
// precise answer was decided wholly before or wholly after a change (DESIGN 6.7); what has expired is over for every reader,
// whether or not somebody has noted it. What was shown, who acted and the receipt are sealed under the device's key.
import type { ClientBase, Pool } from 'pg';
import { type Device, openJson, sealJson } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import { consentDetail } from '../disclosures/consent-row-contract.ts';
import { KIND, PRECISION, type Precision } from '../disclosures/entry.ts';
import { type Recipient, type RecipientRow, recipientOf } from '../partners/recipient.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import { inTimeSql } from '../rights/registry.ts';
import type { Grant, Terms } from './decide.ts';
import { type Capture, type ConsentEvent, type DeviceEvent, isLive } from './events.ts';
import { heldFrom } from './judge.ts';
import type { Party } from './receipt.ts';

/** Columns of a Grant, where `grants` is `g`. */
const GRANT_COLUMNS = `g.state, g.precision, g.scopes, g.sources, g.policy_version as "policyVersion",
  g.expires_at::float8 as "expiresAt", g.suspended_at::float8 as "suspendedAt", g.parental,
  g.event_seq::float8 as "eventSeq"`;

export type StoredGrant = Grant & {
  readonly application: string;
  readonly purpose: string;
  readonly record: string;
  readonly givenAt: number;
};
const STORED = `${GRANT_COLUMNS}, g.application, g.purpose, g.record, g.given_at::float8 as "givenAt"`;

/** The device's record for an application and purpose; null if there never was one. */
export async function loadGrant(
  client: ClientBase | Pool,
  device: string,
  application: string,
  purpose: string,
): Promise<StoredGrant | null> {
  const { rows } = await client.query(
    `select ${STORED} from grants g where g.device = $1 and g.application = $2 and g.purpose = $3`,
    [device, application, purpose],
  );
  return rows[0] ?? null;
}

/** The records of a device that its person may still see: those whose time is over are not there, whether or not they were swept. */
export async function listGrantsInTime(
  client: ClientBase | Pool,
  device: string,
  nowMs: number,
): Promise<StoredGrant[]> {
  const { rows } = await client.query(
    `select ${STORED} from grants g join grants t using (device, application, purpose)
     where device = $1 and ${inTimeSql('grants', '$2')} order by application, purpose`,
    [device, nowMs],
  );
  return rows;
}

/** All records of a device. */
export async function listGrants(client: ClientBase | Pool, device: string): Promise<StoredGrant[]> {
  const { rows } = await client.query(
    `select ${STORED} from grants g where g.device = $1 order by g.application, g.purpose`,
    [device],
  );
  return rows;
}

/** An application and whose it is; null if there is none of that name. */
export async function findApplication(
  client: ClientBase | Pool,
  application: string,
): Promise<{ recipient: Recipient; party: Party } | null> {
  const { rows } = await client.query(
    `select a.id as application, a.partner, p.role, a.purposes, a.max_precision as "maxPrecision", p.policy_url as "policyUrl",
       p.contact, p.controller, p.ad_funded as "adFunded", a.suspended_at::float8 as "applicationSuspendedAt",
       p.suspended_at::float8 as "partnerSuspendedAt", a.name as "applicationName", p.name as "partnerName"
     from applications a join partners p on p.id = a.partner where a.id = $1`,
    [application],
  );
  if (rows.length === 0) return null;
  const { applicationName, partnerName, partner, role, policyUrl, contact, controller } = rows[0];
  return {
    recipient: recipientOf(rows[0] as RecipientRow),
    party: { application, applicationName, partner, partnerName, role, policyUrl, contact, controller },
  };
}

type NewEvent = Terms & {
  readonly record: string;
  readonly application: string;
  readonly purpose: string;
  readonly at: number;
  readonly givenAt: number;
};

/** Adds the event's row to the ledger; returns its number. */
export function appendConsent(chain: Chain, device: Device, event: NewEvent): number {
  return chain.append({
    at: event.at,
    kind: KIND.consent,
    application: event.application,
    subject: device.subject,
    purpose: event.purpose,
    basis: 'consent',
    precision: event.precision as Precision,
    policyVersion: event.policyVersion,
    detail: consentDetail({ ...event, device: device.id }),
  });
}

/** Writes an event and the state it leads to. `seq` is its row in the ledger, written in the same transaction. */
export async function writeEvent(
  client: ClientBase,
  device: Device,
  event: NewEvent & { readonly seq: number; readonly capture: Capture },
  policies: readonly PolicyVersion[],
  random: (bytes: number) => Buffer,
): Promise<void> {
  const { seq, record, application, purpose, state, precision, scopes, sources, policyVersion, expiresAt } = event;
  await client.query(
    `insert into consent_events (seq, device, record, application, purpose, at, state, precision, scopes, sources,
       policy_version, expires_at, sealed)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[seq, device.id, record, application, purpose, event.at, state, precision, scopes, sources, policyVersion],
      expiresAt,
      sealJson(device.key, labelOf(device.id), event.capture, random),
    ],
  );
  const held = isLive(state) ? heldFrom(event, policies) : null;
  // Before the grant changes: a place that was found while it asked for that may have been found under it, by any source it let. One whose time was over
  // asked for it no more, though the same is said again.
  const keeps = isLive(state) && precision === PRECISION.precise && scopes.includes('last-location');
  await client.query(
    `delete from last_locations where device = $1 and exists (select from grants
       where device = $1 and application = $2 and purpose = $3 and ${KEEPS_LAST_LOCATION}
         and (not $4::boolean or sources & ~$5::int <> 0 or expires_at <= $6))`,
    [device.id, application, purpose, keeps, sources, event.at],
  );
  await client.query(
    `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version, given_at,
       expires_at, suspended_at, parental, event_seq)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (device, application, purpose) do update set state = excluded.state, precision = excluded.precision,
       scopes = excluded.scopes, sources = excluded.sources, policy_version = excluded.policy_version,
       given_at = excluded.given_at, expires_at = excluded.expires_at, suspended_at = excluded.suspended_at,
       parental = excluded.parental, event_seq = excluded.event_seq`,
    [
      ...[device.id, application, purpose, record, state, precision, scopes, sources, policyVersion, event.givenAt],
      ...[expiresAt, held, event.parental, seq],
    ],
  );
  await dropLastLocation(client, device.id, event.at);
}

const KEEPS_LAST_LOCATION = `state in ('given', 'reconfirmed') and precision = ${PRECISION.precise} and 'last-location' = any(scopes)`;

/** In the transaction of a change that the last place should not outlive. */
export async function forgetLastLocation(client: ClientBase, device: string): Promise<void> {
  await client.query('delete from last_locations where device = $1', [device]);
}

/** After a change of a device's grants, in the same transaction: forgets the last place unless a grant still asks for it. */
export async function dropLastLocation(client: ClientBase, device: string, nowMs: number): Promise<void> {
  await client.query(
    `delete from last_locations where device = $1 and not exists (
       select from grants where device = $1 and ${KEEPS_LAST_LOCATION} and expires_at > $2)`,
    [device, nowMs],
  );
}

const labelOf = (device: string) => `consent_events.sealed ${device}`;
const EVENT_COLUMNS = `seq::float8 as seq, record, application, purpose, at::float8 as at, state, precision, scopes, sources,
  policy_version as "policyVersion", expires_at::float8 as "expiresAt", sealed`;

/** Events of one record, the last `limit` of them, oldest first. */
export async function listEvents(
  client: ClientBase | Pool,
  device: Device,
  record: string,
  limit: number,
): Promise<ConsentEvent[]> {
  const { rows } = await client.query(
    `select ${EVENT_COLUMNS} from consent_events where device = $1 and record = $2 order by seq desc limit $3`,
    [device.id, record, limit],
  );
  return rows.reverse().map((row) => openEvent(device, row));
}

/** Everything that happened to the consents of a device, and to the device itself, in order: enough to replay decisions. */
export async function readHistory(
  client: ClientBase | Pool,
  device: Device,
): Promise<{ events: ConsentEvent[]; devices: DeviceEvent[] }> {
  const { rows } = await client.query(`select ${EVENT_COLUMNS} from consent_events where device = $1 order by seq`, [
    device.id,
  ]);
  const events = rows.filter((row) => row.state !== 'device').map((row) => openEvent(device, row));
  const devices = rows
    .filter((row) => row.state === 'device')
    .map(({ seq, at, sealed }) => ({
      seq,
      at,
      device: openJson<DeviceEvent['device']>(device.key, labelOf(device.id), sealed),
    }));
  return { events, devices };
}

/** Events of a device that a receipt was given for and whose time is not over, the last first; what a parent's withdrawal ended had none once. */
export async function listReceipts(
  client: ClientBase | Pool,
  device: Device,
  limit: number,
  nowMs: number,
): Promise<ConsentEvent[]> {
  const { rows } = await client.query(
    `select ${EVENT_COLUMNS} from consent_events t where device = $1 and state not in ('device', 'expired')
       and ${inTimeSql('consent_events', '$3')} order by seq desc limit $2`,
    [device.id, limit, nowMs],
  );
  return rows.map((row) => openEvent(device, row)).filter(({ capture }) => capture.receipt !== null);
}

/** One event of the device; null if there is none of that number in that record, or its time is over. */
export async function findEvent(
  client: ClientBase | Pool,
  device: Device,
  record: string,
  seq: number,
  nowMs: number,
): Promise<ConsentEvent | null> {
  const { rows } = await client.query(
    `select ${EVENT_COLUMNS} from consent_events t where seq = $2 and device = $1 and record::text = $3 and state <> 'device'
       and ${inTimeSql('consent_events', '$4')}`,
    [device.id, seq, record, nowMs],
  );
  return rows.length === 0 ? null : openEvent(device, rows[0]);
}

function openEvent(device: Device, row: Omit<ConsentEvent, 'capture'> & { sealed: Buffer }): ConsentEvent {
  const { sealed, ...event } = row;
  return { ...event, capture: openJson<Capture>(device.key, labelOf(device.id), sealed) };
}

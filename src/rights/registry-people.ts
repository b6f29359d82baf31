// The registry's part about people: their devices, consent, and who receives. The order is the order of erasure: what gives
// access first, what is evidence of the rest last.
import { IDLE_DAYS } from '../devices/device-contract.ts';
import { DAY_MS, YEAR_MS } from '../time/spans.ts';
import type { TableEntry } from './registry.ts';
import { list } from './registry-list.ts';

/** Evidence of consent and of what was shown: three years after its end, the general limitation period of civil claims in
 * Germany (BGB 195) and near the median of the EU; privacy.md S1. */
export const EVIDENCE_MS = 3 * YEAR_MS;

const ofDevice = { by: 'device', column: 'device' } as const;

/** When the consent of a grant is, or was, over: a yes at its end, what was taken back when it was; of a refusal, null. */
const endOfGrant = (g: string): string => `case when ${g}.state not in ('refused', 'objected') then greatest(
  case when ${g}.state in ('given', 'reconfirmed') then ${g}.expires_at end, coalesce(
    (select max(e.at) from consent_events e where e.device = ${g}.device and e.record = ${g}.record), ${g}.expires_at, 0)) end`;
/** When what an event `t` says was over: something else was said, or of the device there is another state. Null for the last. */
const SUCCEEDED = `(select n.at from consent_events n where n.device = t.device and n.record = t.record and n.seq > t.seq
  order by n.seq limit 1)`;
/** The grant that an event `t` led to, if it stands. */
const OF_GRANT = 'from grants g where g.device = t.device and g.record = t.record';
/** A grant that is held keeps what it rests on. */
const IS_HELD = `exists (select from legal_holds h where h.table_name = 'grants' and h.ends_at > $1::int8
  and h.row_key = concat_ws('/', g.device::text, g.application, g.purpose))`;
/** Of a grant `g`: in force at `$1`, not waiting for re-consent, and asking for the last place to be kept. */
const ASKS_FOR_LAST_PLACE = `g.state in ('given', 'reconfirmed') and g.precision = 2 and 'last-location' = any(g.scopes)
  and g.expires_at > $1::int8 and (g.suspended_at is null or g.suspended_at > $1::int8)`;

export const PEOPLE_TABLES: Readonly<Record<string, TableEntry>> = {
  device_keys: {
    room: 'devices',
    what: 'the key under which everything sealed about a device (or in a complaint) lies, itself wrapped',
    columns: { ...list('device', 'pseudonymous'), ...list('master_key wrapped', 'secret') },
    key: ['device'],
    life: {
      kind: 'when',
      sql: 'not exists (select from devices d where d.id = t.device) and not exists (select from complaints c where c.id = t.device)',
      says: 'as long as the device or complaint whose data it opens',
    },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  device_tokens: {
    room: 'devices',
    what: 'tokens of the device, as hashes',
    columns: {
      ...list('device', 'pseudonymous'),
      ...list('token_hash', 'secret'),
      ...list('created_at expires_at arrived', 'personal'),
    },
    key: ['token_hash'],
    life: { kind: 'until', column: 'expires_at' },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  application_tokens: {
    room: 'devices',
    what: 'tokens by which the device lets one application ask about it, as hashes',
    columns: {
      ...list('id device', 'pseudonymous'),
      ...list('token_hash', 'secret'),
      ...list('application created_at expires_at', 'personal'),
    },
    key: ['token_hash'],
    life: { kind: 'until', column: 'expires_at' },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  notice_handles: {
    room: 'rights',
    what: 'hashes of tokens by which recipients know the device, so that they can be told of corrections and erasure: an application, of its tokens that it presented; `own` before it, of the device’s own; `named in notices`, those of notices that are held',
    columns: { ...list('device handle', 'pseudonymous'), ...list('application issued_at', 'personal') },
    key: ['device', 'application', 'handle'],
    life: {
      kind: 'lasts',
      because:
        'as long as the device; of each application the newest 1,100 of its tokens that it presented and the newest forty of the device’s own; what notices name, 90 days and until the next one',
    },
    endedBy: 'erasure',
    subject: ofDevice,
  },
  last_locations: {
    room: 'devices',
    what: 'the last position, kept only while a grant needs it',
    columns: { ...list('device', 'pseudonymous'), ...list('expires_at', 'personal'), ...list('sealed', 'sealed') },
    key: ['device'],
    life: {
      kind: 'when',
      sql: `t.expires_at <= $1::int8 or not exists (select from grants g where g.device = t.device and ${ASKS_FOR_LAST_PLACE})`,
      says: '24 hours at most, and no longer than a consent that asks for it is in force',
      ends: 't.expires_at',
    },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  coarse_states: {
    room: 'devices',
    what: 'the region the device is told to be in',
    columns: { ...list('device', 'pseudonymous'), ...list('tick expires_at', 'personal'), ...list('sealed', 'sealed') },
    key: ['device'],
    life: { kind: 'until', column: 'expires_at' },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  grants: {
    room: 'consent',
    what: 'what was consented to or refused, as it stands',
    columns: {
      ...list('device record', 'pseudonymous'),
      ...list('application purpose state precision scopes sources policy_version given_at expires_at', 'personal'),
      ...list('suspended_at parental event_seq', 'personal'),
    },
    key: ['device', 'application', 'purpose'],
    life: {
      kind: 'when',
      // None is over that was given less than that ago: what came after is looked up of old ones only.
      sql: `t.given_at <= $1::int8 - ${EVIDENCE_MS} and ${endOfGrant('t')} <= $1::int8 - ${EVIDENCE_MS}`,
      says: 'refusals as long as the device; everything else three years after its end',
      ends: `${EVIDENCE_MS} + ${endOfGrant('t')}`,
    },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  consent_events: {
    room: 'consent',
    what: 'every giving, refusing and withdrawing of consent, with its receipt',
    columns: {
      ...list('device record', 'pseudonymous'),
      ...list('seq application purpose at state precision scopes sources policy_version expires_at', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['seq'],
    life: {
      kind: 'when',
      // The last of a grant goes when the grant is over, swept or not, and the last state of a device with it.
      sql: `t.at <= $1::int8 - ${EVIDENCE_MS} and coalesce(${SUCCEEDED}, case
        when t.state = 'device' then case when not exists (select from devices d where d.id = t.device) then t.at end
        when exists (select ${OF_GRANT}) then (select case when not ${IS_HELD} then ${endOfGrant('g')} end ${OF_GRANT})
        else t.at end) <= $1::int8 - ${EVIDENCE_MS}`,
      says: 'each three years after something else was said; the last of a consent as long as that, of a device that is used as long as the device',
      ends: `${EVIDENCE_MS} + coalesce(${SUCCEEDED}, case when t.state = 'device' then null
        when exists (select ${OF_GRANT}) then (select ${endOfGrant('g')} ${OF_GRANT}) else t.at end)`,
    },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  receipt_keys: {
    room: 'consent',
    what: 'public keys that receipts were signed with, so that each can be checked whatever key is in use now',
    columns: list('kid x first_used_at', 'anonymous'),
    key: ['kid'],
    life: { kind: 'lasts', because: 'people keep receipts as long as they like; one row for each key there ever was' },
    endedBy: 'nothing',
  },
  parental_consents: {
    room: 'consent',
    what: "a parent's consent for a child's device",
    columns: {
      ...list('id device', 'pseudonymous'),
      ...list('at method precise withdrawn_at', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'withdrawn_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  child_marks: {
    room: 'rights',
    what: "since when the device is known to be a child's without a parent's consent",
    columns: { ...list('device', 'pseudonymous'), ...list('marked_at', 'personal') },
    key: ['device'],
    life: { kind: 'lasts', because: 'as long as the device, which is erased within the hour unless a parent consents' },
    endedBy: 'erasure',
    subject: ofDevice,
  },
  challenges: {
    room: 'rights',
    what: 'questions that only the phone can answer, once answered, as hashes: so that none is answered twice',
    columns: {
      ...list('device', 'pseudonymous'),
      ...list('nonce_hash', 'secret'),
      ...list('action expires_at', 'personal'),
    },
    key: ['nonce_hash'],
    life: { kind: 'until', column: 'expires_at' },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  rights_requests: {
    room: 'rights',
    what: 'requests for access, correction, restriction, objection and erasure, and what came of them',
    columns: {
      ...list('id device', 'pseudonymous'),
      ...list('kind state received_at due_at extended_at ended_at', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'ended_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  legal_approvals: {
    room: 'rights',
    what: 'who approved a disclosure under law, security or protection of rights',
    columns: { ...list('disclosure', 'pseudonymous'), ...list('staff at', 'personal') },
    key: ['disclosure', 'staff'],
    life: {
      kind: 'when',
      sql: 'not exists (select from legal_disclosures l where l.id = t.disclosure)',
      says: 'as long as the disclosure they approve',
    },
    endedBy: 'sweep',
  },
  legal_disclosures: {
    room: 'rights',
    what: 'disclosures under law, for security or to protect rights',
    columns: {
      ...list('id device', 'pseudonymous'),
      ...list('basis requested_by requested_at ends_at gag_until executed_at', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'ends_at', ttlMs: EVIDENCE_MS },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  privacy_changes: {
    room: 'disclosures',
    what: 'that something about the device changed, so that every replica forgets what it remembers',
    columns: { ...list('seq at application', 'personal'), ...list('device', 'pseudonymous') },
    key: ['seq'],
    life: { kind: 'after', column: 'at', ttlMs: DAY_MS },
    endedBy: 'sweep',
    subject: ofDevice,
  },
  devices: {
    room: 'devices',
    what: 'the device: jurisdiction, age band, switches, preferences',
    columns: {
      ...list('id', 'pseudonymous'),
      ...list('created_at last_used_day version flags', 'personal'),
      ...list('sealed', 'sealed'),
    },
    key: ['id'],
    life: { kind: 'days', column: 'last_used_day', days: IDLE_DAYS },
    endedBy: 'erasure',
    subject: { by: 'device', column: 'id' },
  },
  policies: {
    room: 'policy',
    what: 'versions of the privacy policy',
    columns: list('version effective_at published_at material widens', 'anonymous'),
    key: ['version'],
    life: { kind: 'lasts', because: 'for good: older versions stay readable' },
    endedBy: 'nothing',
  },
  policy_texts: {
    room: 'policy',
    what: 'texts of the privacy policy',
    columns: list('version language sha256 text', 'anonymous'),
    key: ['version', 'language'],
    life: { kind: 'lasts', because: 'for good: older versions stay readable' },
    endedBy: 'nothing',
  },
  partners: {
    room: 'partners',
    what: 'who receives: companies, not people',
    columns: list('id name role policy_url contact controller ad_funded created_at suspended_at', 'anonymous'),
    key: ['id'],
    life: { kind: 'lasts', because: 'as long as a receipt or ledger row may name it' },
    endedBy: 'nothing',
  },
  applications: {
    room: 'partners',
    what: 'applications of partners',
    columns: list('id partner name purposes max_precision created_at suspended_at', 'anonymous'),
    key: ['id'],
    life: { kind: 'lasts', because: 'as long as a receipt or ledger row may name it' },
    endedBy: 'nothing',
  },
};

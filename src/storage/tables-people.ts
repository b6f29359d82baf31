// The tables that are about people: their devices, what they consented to, and who receives. Promises: names and types only.
// Whatever describes a person beyond a state that queries need is in a column called `sealed`: AES-256-GCM under the key of
// its device (devices/device-key.ts), so that destroying that key destroys it, in backups too.
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, timeMs } from './columns.ts';

/** Registered phones. `sealed` = jurisdiction, age band, switches, preferences; `version` counts changes of the row. */
export const devices = pgTable(
  'devices',
  {
    id: uuid('id').primaryKey(),
    /** Floored to the day. */
    createdAt: timeMs('created_at').notNull(),
    /** UTC day number of the last use, for forgetting what nobody uses. */
    lastUsedDay: integer('last_used_day').notNull(),
    version: integer('version').notNull().default(1),
    /** Bits: 1 restricted, 2 objected to counts, 4 marked as a child, 8 being erased, 16 guarded. */
    flags: smallint('flags').notNull().default(0),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('devices_last_used_idx').on(t.lastUsedDay)],
);

/** The key of each device, wrapped by the master key named `masterKey` (first 8 bytes of its SHA-256). Erasure begins here. */
export const deviceKeys = pgTable('device_keys', {
  device: uuid('device').primaryKey(),
  masterKey: bytea('master_key').notNull(),
  wrapped: bytea('wrapped').notNull(),
});

/** Tokens by SHA-256. Two are good while one replaces the other. */
export const deviceTokens = pgTable(
  'device_tokens',
  {
    tokenHash: bytea('token_hash').primaryKey(),
    device: uuid('device').notNull(),
    createdAt: timeMs('created_at').notNull(),
    expiresAt: timeMs('expires_at').notNull(),
    /** The phone has it: it was presented at a person's own routes. */
    arrived: boolean('arrived').notNull().default(false),
  },
  (t) => [index('device_tokens_device_idx').on(t.device), index('device_tokens_expires_idx').on(t.expiresAt)],
);

/** Tokens that speak for a device towards one application only, by SHA-256; good while the device has a token of its own. */
export const applicationTokens = pgTable(
  'application_tokens',
  {
    tokenHash: bytea('token_hash').primaryKey(),
    /** What the device calls it when it revokes it. */
    id: uuid('id').notNull(),
    device: uuid('device').notNull(),
    application: text('application').notNull(),
    createdAt: timeMs('created_at').notNull(),
    expiresAt: timeMs('expires_at').notNull(),
  },
  (t) => [index('application_tokens_device_idx').on(t.device), index('application_tokens_expires_idx').on(t.expiresAt)],
);

/** The region each device is told to be in; the greater tick wins. `sealed` = region, day, changes, map version, sources; empty = forgotten in this tick. */
export const coarseStates = pgTable(
  'coarse_states',
  {
    device: uuid('device').primaryKey(),
    tick: integer('tick').notNull(),
    expiresAt: timeMs('expires_at').notNull(),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('coarse_states_expires_idx').on(t.expiresAt)],
);

/** The last position of devices with a live grant that needs it. */
export const lastLocations = pgTable(
  'last_locations',
  { device: uuid('device').primaryKey(), expiresAt: timeMs('expires_at').notNull(), sealed: bytea('sealed').notNull() },
  (t) => [index('last_locations_expires_idx').on(t.expiresAt)],
);

/** Everything that happened to consent, never updated; `seq` is the number of its row in the ledger. */
export const consentEvents = pgTable(
  'consent_events',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    device: uuid('device').notNull(),
    /** One record per device, application and purpose. */
    record: uuid('record').notNull(),
    application: text('application').notNull(),
    purpose: text('purpose').notNull(),
    at: timeMs('at').notNull(),
    /** given, refused, withdrawn, expired, invalidated, reconfirmed, objected. */
    state: text('state').notNull(),
    /** 0 none, 1 region, 2 precise. */
    precision: smallint('precision').notNull(),
    scopes: text('scopes').array().notNull(),
    /** Bits: 1 gps, 2 cell, 4 wifi, 8 bluetooth, 16 ip. */
    sources: smallint('sources').notNull(),
    policyVersion: text('policy_version').notNull(),
    expiresAt: timeMs('expires_at'),
    /** What was shown and how it was captured, the parent, the signed receipt. */
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('consent_events_device_idx').on(t.device, t.seq)],
);

/** Public halves of the keys that receipts were signed with (Ed25519): `kid` = RFC 7638, `x` = base64url. */
export const receiptKeys = pgTable('receipt_keys', {
  kid: text('kid').primaryKey(),
  x: text('x').notNull(),
  firstUsedAt: timeMs('first_used_at').notNull(),
});

/** The state that the events amount to, one row per record, kept in the same transaction. */
export const grants = pgTable(
  'grants',
  {
    device: uuid('device').notNull(),
    application: text('application').notNull(),
    purpose: text('purpose').notNull(),
    record: uuid('record').notNull(),
    state: text('state').notNull(),
    precision: smallint('precision').notNull(),
    scopes: text('scopes').array().notNull(),
    sources: smallint('sources').notNull(),
    policyVersion: text('policy_version').notNull(),
    givenAt: timeMs('given_at').notNull(),
    expiresAt: timeMs('expires_at'),
    /** Set while a material change of policy waits for re-consent. */
    suspendedAt: timeMs('suspended_at'),
    /** The parental consent it stands on, for children. */
    parental: uuid('parental'),
    eventSeq: bigint('event_seq', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.device, t.application, t.purpose] })],
);

/** Verifiable consent of parents. `sealed` = the parent, evidence hash, jurisdiction. */
export const parentalConsents = pgTable(
  'parental_consents',
  {
    id: uuid('id').primaryKey(),
    device: uuid('device').notNull(),
    at: timeMs('at').notNull(),
    method: text('method').notNull(),
    /** The parent named precise positions; without that a child's precision ends at `region`. */
    precise: boolean('precise').notNull(),
    withdrawnAt: timeMs('withdrawn_at'),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('parental_consents_device_idx').on(t.device)],
);

/** Policy versions, never changed once published. */
export const policies = pgTable('policies', {
  version: text('version').primaryKey(),
  effectiveAt: timeMs('effective_at').notNull(),
  publishedAt: timeMs('published_at').notNull(),
  material: boolean('material').notNull(),
  /** What a material version widens: any of purposes, recipients, precision; consents that this touches are suspended. */
  widens: text('widens').array().notNull(),
});

export const policyTexts = pgTable(
  'policy_texts',
  {
    version: text('version').notNull(),
    language: text('language').notNull(),
    sha256: bytea('sha256').notNull(),
    text: text('text').notNull(),
  },
  (t) => [primaryKey({ columns: [t.version, t.language] })],
);

/** Who receives: app vendors, licensees, and the operator's own analytics, all through the same gate. */
export const partners = pgTable(
  'partners',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    role: text('role').notNull(),
    /** Without all three of these it is inactive: nothing precise (privacy policy C8). */
    policyUrl: text('policy_url'),
    contact: text('contact'),
    controller: text('controller'),
    adFunded: boolean('ad_funded').notNull().default(false),
    createdAt: timeMs('created_at').notNull(),
    suspendedAt: timeMs('suspended_at'),
  },
  (t) => [check('partners_role_check', sql`${t.role} in ('vendor', 'licensee', 'operator')`)],
);

/** A partner's applications: what a person consents to is one of these, never its vendor. */
export const applications = pgTable(
  'applications',
  {
    id: text('id').primaryKey(),
    partner: text('partner').notNull(),
    name: text('name').notNull(),
    /** DPV purposes it may name; the first is what a request without one means. */
    purposes: text('purposes').array().notNull(),
    /** The finest it may ever get: 1 region, 2 precise. */
    maxPrecision: smallint('max_precision').notNull().default(2),
    createdAt: timeMs('created_at').notNull(),
    suspendedAt: timeMs('suspended_at'),
  },
  (t) => [index('applications_partner_idx').on(t.partner)],
);

// The tables of what people ask for, and of what is done to people under law or by staff. Promises: names and types only; what
// lives how long is in rights/registry.ts. Free text is sealed under the key of the device, or of the complaint, it is about.
import { index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytea, timeMs } from './columns.ts';

/** Requests of data subjects. `sealed` = what was asked, why it was refused or extended. */
export const rightsRequests = pgTable(
  'rights_requests',
  {
    id: uuid('id').primaryKey(),
    device: uuid('device').notNull(),
    kind: text('kind').notNull(),
    /** As in rights/request.ts. */
    state: text('state').notNull(),
    receivedAt: timeMs('received_at').notNull(),
    dueAt: timeMs('due_at').notNull(),
    extendedAt: timeMs('extended_at'),
    endedAt: timeMs('ended_at'),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('rights_requests_device_idx').on(t.device), index('rights_requests_state_idx').on(t.state)],
);

/** Questions that only the phone can answer, by hash; gone when answered, rightly or not. */
export const challenges = pgTable(
  'challenges',
  {
    nonceHash: bytea('nonce_hash').primaryKey(),
    device: uuid('device').notNull(),
    action: text('action').notNull(),
    expiresAt: timeMs('expires_at').notNull(),
  },
  (t) => [index('challenges_device_idx').on(t.device), index('challenges_expires_idx').on(t.expiresAt)],
);

/** Rows that law forbids to delete for now. `rowKey` = the row's primary key, its columns as text joined by `/`. */
export const legalHolds = pgTable(
  'legal_holds',
  {
    id: uuid('id').primaryKey(),
    tableName: text('table_name').notNull(),
    rowKey: text('row_key').notNull(),
    /** Whom the row is about, if it is about somebody. */
    device: uuid('device'),
    reason: text('reason').notNull(),
    placedBy: text('placed_by').notNull(),
    placedAt: timeMs('placed_at').notNull(),
    endsAt: timeMs('ends_at').notNull(),
  },
  (t) => [index('legal_holds_row_idx').on(t.tableName, t.rowKey), index('legal_holds_device_idx').on(t.device)],
);

/** Erasures at work; once done the device is gone from the row, and what is left is a tombstone of hashes. */
export const erasures = pgTable(
  'erasures',
  {
    /** HMAC of the device's id under a secret outside the database: recognises it in a restored backup. */
    marker: bytea('marker').primaryKey(),
    /** SHA-256 of the code by which the person may ask how far it is. */
    codeHash: bytea('code_hash').notNull(),
    device: uuid('device'),
    /** asked, child, unused, operator. */
    cause: text('cause').notNull(),
    step: text('step').notNull(),
    /** Name of the master key that the destroyed key was wrapped by: while it is in use, whole dumps from before open. */
    masterKey: bytea('master_key'),
    startedAt: timeMs('started_at').notNull(),
    doneAt: timeMs('done_at'),
  },
  (t) => [uniqueIndex('erasures_code_idx').on(t.codeHash), index('erasures_device_idx').on(t.device)],
);

/** Tokens of devices that were erased, as HMACs: they get an empty export, and nothing else. */
export const suppressions = pgTable('suppressions', {
  marker: bytea('marker').primaryKey(),
  at: timeMs('at').notNull(),
  expiresAt: timeMs('expires_at').notNull(),
});

/** Since when a device is known to be a child's without a parent's consent. */
export const childMarks = pgTable('child_marks', {
  device: uuid('device').primaryKey(),
  markedAt: timeMs('marked_at').notNull(),
});

/** What recipients are told of a withdrawal, correction, restriction or erasure of what they received (GDPR 19); never a place. */
export const recipientNotices = pgTable(
  'recipient_notices',
  {
    /** Random: says nothing of what other recipients were told. */
    id: uuid('id').primaryKey().defaultRandom(),
    application: text('application').notNull(),
    kind: text('kind').notNull(),
    /** Hashes that a recipient can compute from the tokens it presented (rights/notices-store.ts). */
    handles: text('handles').array().notNull(),
    /** Floored to the day. */
    at: timeMs('at').notNull(),
    readAt: timeMs('read_at'),
  },
  (t) => [index('recipient_notices_application_idx').on(t.application, t.at, t.id)],
);

/** By which handles an application knows a device, whether the tokens they are made of are good still or not. */
export const noticeHandles = pgTable(
  'notice_handles',
  {
    device: uuid('device').notNull(),
    application: text('application').notNull(),
    handle: text('handle').notNull(),
    issuedAt: timeMs('issued_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.device, t.application, t.handle] })],
);

/** `sealed` = what it is about, how to answer, and the answer, under a key of its own in `device_keys`. */
export const complaints = pgTable(
  'complaints',
  {
    id: uuid('id').primaryKey(),
    ticketHash: bytea('ticket_hash').notNull(),
    state: text('state').notNull(),
    jurisdiction: text('jurisdiction'),
    receivedAt: timeMs('received_at').notNull(),
    dueAt: timeMs('due_at').notNull(),
    endedAt: timeMs('ended_at'),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [uniqueIndex('complaints_ticket_idx').on(t.ticketHash)],
);

/** Who may do what by the command line. */
export const staff = pgTable('staff', {
  id: text('id').primaryKey(),
  roles: text('roles').array().notNull(),
  keyHash: bytea('key_hash').notNull(),
  addedAt: timeMs('added_at').notNull(),
  endedAt: timeMs('ended_at'),
});

/** Disclosures under law, for security, to protect rights. `sealed` = reference, authority, statute, fields, period. */
export const legalDisclosures = pgTable(
  'legal_disclosures',
  {
    id: uuid('id').primaryKey(),
    device: uuid('device').notNull(),
    basis: text('basis').notNull(),
    requestedBy: text('requested_by').notNull(),
    requestedAt: timeMs('requested_at').notNull(),
    /** May be carried out until then. */
    endsAt: timeMs('ends_at').notNull(),
    /** Kept from the person until then. */
    gagUntil: timeMs('gag_until'),
    executedAt: timeMs('executed_at'),
    sealed: bytea('sealed').notNull(),
  },
  (t) => [index('legal_disclosures_device_idx').on(t.device)],
);

export const legalApprovals = pgTable(
  'legal_approvals',
  {
    disclosure: uuid('disclosure').notNull(),
    staff: text('staff').notNull(),
    at: timeMs('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.disclosure, t.staff] })],
);

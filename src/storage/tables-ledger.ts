// The tables of the ledger and of what keeps answers and changes of mind in one order. Promises: names and types only; who
// may write, and under which lock, is the business of the disclosures room.
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea, timeMs } from './columns.ts';

/** What was shown to whom, and what was decided about people. Append-only and chained; never a place. */
export const ledger = pgTable(
  'ledger',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    at: timeMs('at').notNull(),
    /** As numbered in disclosures/entry.ts. */
    kind: smallint('kind').notNull(),
    application: text('application'),
    /** HMAC of the device under its own key: means nothing once that key is destroyed. */
    subject: bytea('subject'),
    purpose: text('purpose'),
    basis: text('basis'),
    /** 0 none, 1 region, 2 precise. */
    precision: smallint('precision'),
    /** The consent event it stands on. */
    eventSeq: bigint('event_seq', { mode: 'number' }),
    policyVersion: text('policy_version'),
    tick: integer('tick'),
    detail: text('detail'),
    /** HMAC-SHA256 over the hash before and this row. */
    hash: bytea('hash').notNull(),
  },
  (t) => [
    index('ledger_subject_idx').on(t.subject, t.seq),
    index('ledger_at_idx').using('brin', t.at),
    // A region that is repeated within its tick discloses nothing new: one row.
    uniqueIndex('ledger_region_idx').on(t.subject, t.application, t.purpose, t.tick).where(sql`${t.kind} = 2`),
    // With the one above: who was shown something of a subject, found by a few steps however many rows there are.
    index('ledger_precise_idx').on(t.subject, t.application).where(sql`${t.kind} = 1`),
  ],
);

/** Both ends of the chain. Whoever writes the ledger holds this row locked until its transaction ends. */
export const ledgerHead = pgTable(
  'ledger_head',
  {
    only: boolean('only').primaryKey().default(true),
    /** The last row and its hash. */
    seq: bigint('seq', { mode: 'number' }).notNull().default(0),
    hash: bytea('hash').notNull(),
    /** Counts what was decided in the ledger's order and wrote no row. */
    touched: bigint('touched', { mode: 'number' }).notNull().default(0),
    /** The last row that was dropped for age, and its hash: where a check begins. */
    droppedSeq: bigint('dropped_seq', { mode: 'number' }).notNull().default(0),
    droppedHash: bytea('dropped_hash').notNull(),
  },
  (t) => [check('ledger_head_one_row', sql`${t.only}`)],
);

/** Regions given without a device token: a number per application and tick, so that the ledger is no track. */
export const disclosureCounts = pgTable(
  'disclosure_counts',
  {
    application: text('application').notNull(),
    tick: integer('tick').notNull(),
    outcome: smallint('outcome').notNull(),
    count: bigint('count', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.application, t.tick, t.outcome] })],
);

/** What every replica must forget about a device (null = about everyone), for an application (null = for all), before a change of mind is acknowledged. */
export const privacyChanges = pgTable('privacy_changes', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  device: uuid('device'),
  application: text('application'),
  at: timeMs('at').notNull(),
});

/** Gateways that answer from memory, up to which change each has forgotten, and until when it may go on without asking. */
export const replicas = pgTable('replicas', {
  id: uuid('id').primaryKey(),
  seen: bigint('seen', { mode: 'number' }).notNull(),
  /** By the clock of the store. */
  leaseUntil: timestamp('lease_until', { withTimezone: true }).notNull(),
});

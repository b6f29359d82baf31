// The tables of published counts. Promises: names and types only; what may be published, and when, is sharing/counts.
import { integer, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core';
import { bytea, timeMs } from './columns.ts';

/**
 * In which regions somebody was, in a window whose counts are not out yet, and in how many ticks. `tag` = HMAC of the device
 * under the window's salt: it says nothing once that is gone, and never ties two windows together.
 */
export const visits = pgTable(
  'visits',
  {
    /** Six hours, numbered since 1970. */
    window: integer('window_no').notNull(),
    tag: bytea('tag').notNull(),
    /** As privacy/region-key.ts has it. */
    region: integer('region').notNull(),
    ticks: smallint('ticks').notNull(),
  },
  (t) => [primaryKey({ columns: [t.window, t.tag, t.region] })],
);

/** The salt of each open window; deleted with its visits. */
export const visitSalts = pgTable('visit_salts', {
  window: integer('window_no').primaryKey(),
  salt: bytea('salt').notNull(),
});

/** Windows that are out, or will never be: a row is the one draw there is. Also the ledger of the privacy budget. */
export const countReleases = pgTable('count_releases', {
  window: integer('window_no').primaryKey(),
  releasedAt: timeMs('released_at').notNull(),
  mapVersion: text('map_version').notNull(),
  /** Thousandths of epsilon that were spent; 0 = the budget did not allow it, nothing was drawn. */
  epsilonMilli: integer('epsilon_milli').notNull(),
});

/** What everybody is told: noisy counts of distinct devices. */
export const regionCounts = pgTable(
  'region_counts',
  {
    window: integer('window_no').notNull(),
    region: integer('region').notNull(),
    count: integer('count').notNull(),
  },
  (t) => [primaryKey({ columns: [t.window, t.region] })],
);

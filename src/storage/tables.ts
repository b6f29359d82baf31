// The tables, in the words of drizzle-kit, which writes `schema/migrations` from them. Promises: names and types only; what
// a row means and who may write it is the business of the room that owns it.
// Change feed: every writer of a row with `changed` sets it to pg_current_xact_id(); whoever follows reads the rows from
// its last pg_snapshot_xmin up to the present one, so that no transaction is skipped by committing late.

import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  type ExtraConfigColumn,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea, timeMs, xid8 } from './columns.ts';

const changed = () => xid8('changed').notNull().default(sql`pg_current_xact_id()`);

/** What is believed of a station. Position null = the station is known, where it stands is not. */
const evidence = () => ({
  lat: doublePrecision('lat'),
  lon: doublePrecision('lon'),
  radiusM: doublePrecision('radius_m'),
  samples: integer('samples'),
  weight: doublePrecision('weight'),
  /** 1 = satellite fixes, 2 = positions from elsewhere. */
  source: smallint('source'),
  createdAt: timeMs('created_at'),
  modifiedAt: timeMs('modified_at'),
  lastSeenAt: timeMs('last_seen_at'),
  blockedAt: timeMs('blocked_at'),
  blockCount: smallint('block_count').notNull().default(0),
  changed: changed(),
});

/** Cell towers by full identity; `radio` as numbered in radio/cell.ts, `area` = LAC or TAC, `psc` = scrambling code or PCI. */
export const cells = pgTable(
  'cells',
  {
    radio: smallint('radio').notNull(),
    mcc: smallint('mcc').notNull(),
    mnc: smallint('mnc').notNull(),
    area: integer('area').notNull(),
    cellId: bigint('cell_id', { mode: 'number' }).notNull(),
    psc: smallint('psc'),
    ...evidence(),
  },
  (t) => [
    primaryKey({ columns: [t.radio, t.mcc, t.mnc, t.area, t.cellId] }),
    index('cells_changed_idx').on(t.changed),
    index('cells_empty_idx').on(t.changed).where(sql`${t.lat} is null`),
  ],
);

/** Location and tracking areas, derived from their cells; `cells` counts them. */
export const areas = pgTable(
  'areas',
  {
    radio: smallint('radio').notNull(),
    mcc: smallint('mcc').notNull(),
    mnc: smallint('mnc').notNull(),
    area: integer('area').notNull(),
    cells: integer('cells'),
    ...evidence(),
  },
  (t) => [primaryKey({ columns: [t.radio, t.mcc, t.mnc, t.area] }), index('areas_changed_idx').on(t.changed)],
);

const macEvidence = () => ({ mac: bigint('mac', { mode: 'number' }).primaryKey(), ...evidence() });

const macIndexes = (name: string) => (t: Record<'changed' | 'lat' | 'blockedAt', ExtraConfigColumn>) => [
  index(`${name}_changed_idx`).on(t.changed),
  // What waits to be deleted (stations/empty-store.ts).
  index(`${name}_empty_idx`).on(t.changed).where(sql`${t.lat} is null`),
  // Whose silence after a move ends next (stations/feed.ts); few ever have one.
  index(`${name}_blocked_idx`).on(t.blockedAt).where(sql`${t.blockedAt} is not null`),
];

/**
 * Wi-Fi access points by BSSID, a 48-bit number, encrypted (privacy/mac-cipher.ts) like every `mac` column; `loudest_dbm` is the
 * strongest one was ever reported with.
 */
export const wifiStations = pgTable(
  'wifi_stations',
  { ...macEvidence(), loudestDbm: smallint('loudest_dbm') },
  macIndexes('wifi_stations'),
);
/** Bluetooth beacons by MAC, a 48-bit number, encrypted. */
export const bluetoothStations = pgTable('bluetooth_stations', macEvidence(), macIndexes('bluetooth_stations'));

/** Keys of phone makers, partners and submitters: only the SHA-256 of what was shown once. Null quota = none set. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    class: text('class').notNull(),
    name: text('name').notNull(),
    keyHash: bytea('key_hash').notNull().unique(),
    createdAt: timeMs('created_at').notNull(),
    revokedAt: timeMs('revoked_at'),
    dailyQuota: integer('daily_quota'),
    perMinute: integer('per_minute'),
    /** Reports sent with it count without a second witness. */
    trusted: boolean('trusted').notNull().default(false),
    /** Whose key it is, for keys of partners: a row of `applications`. */
    application: text('application'),
    expiresAt: timeMs('expires_at'),
    changed: changed(),
  },
  (t) => [
    check('api_keys_class_check', sql`${t.class} in ('device', 'partner', 'submit')`),
    index('api_keys_changed_idx').on(t.changed),
  ],
);

/** One row that tells this store from every other: a snapshot written against another one is not ours. */
export const storeMeta = pgTable(
  'store_meta',
  {
    only: boolean('only').primaryKey().default(true),
    store: uuid('store').notNull().defaultRandom(),
    /** Name of the key under which addresses are encrypted here; null = nothing is encrypted yet. */
    stationKey: bytea('station_key'),
  },
  (t) => [check('store_meta_one_row', sql`${t.only}`)],
);

/**
 * Which life of the server this is. UNLOGGED in the migration (drizzle-kit has no word for it), so that PostgreSQL empties it
 * whenever it recovers from a crash or a standby takes over: then transactions may be lost and their numbers used again.
 */
export const feedEpoch = pgTable(
  'feed_epoch',
  {
    only: boolean('only').primaryKey().default(true),
    epoch: uuid('epoch').notNull().defaultRandom(),
  },
  (t) => [check('feed_epoch_one_row', sql`${t.only}`)],
);

/** How far an import of a file came, so that running it again goes on from there; deleted when the file is done. */
export const importProgress = pgTable('import_progress', {
  /** SHA-256 of the file's path, size and time of change: a changed file starts anew. */
  source: text('source').primaryKey(),
  bytesDone: bigint('bytes_done', { mode: 'number' }).notNull(),
  linesDone: bigint('lines_done', { mode: 'number' }).notNull(),
});

/** Up to which transaction a reader of the change feed has worked, for readers whose work lives in the store. */
export const feedPositions = pgTable('feed_positions', {
  reader: text('reader').primaryKey(),
  upto: xid8('upto').notNull(),
});

/**
 * Reports on their way into the map, one row each, packed by observations/payload.ts. Kept for a week, folded or not. Holds
 * no address, key, token or name; `contributor` and `payload` are forgotten when the row is folded.
 */
export const inbox = pgTable(
  'inbox',
  {
    /** 128 bits of SHA-256 over contributor and payload: what is sent again after a lost answer changes nothing. */
    digest: uuid('digest').primaryKey(),
    /** Order of arrival. */
    id: bigint('id', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    /** Floored to the hour. */
    receivedAt: timeMs('received_at').notNull(),
    contributor: bigint('contributor', { mode: 'number' }),
    /** From a source whose word counts alone: a fleet's key. */
    trusted: boolean('trusted').notNull(),
    /** Whose observation it is, as numbered in observations/provenance.ts. */
    provenance: smallint('provenance').notNull().default(4),
    /** Encrypted (observations/sealed-payload.ts); empty once it is folded. */
    payload: bytea('payload').notNull(),
    foldedAt: timeMs('folded_at'),
  },
  (t) => [
    index('inbox_pending_idx').on(t.id).where(sql`${t.foldedAt} is null`),
    index('inbox_received_idx').using('brin', t.receivedAt),
  ],
);

/** The random key of each UTC day under which contributors are counted; deleted after two days. */
export const contributorKeys = pgTable('contributor_keys', {
  day: integer('day').primaryKey(),
  key: bytea('key').notNull(),
});

/**
 * What was heard of a station, as stations/whereabouts-bytes.ts packs it: kept apart from what is answered, so that collecting
 * evidence moves neither the change feed nor the index. `lastDay` is the last UTC day number on which it was heard.
 */
/** `witnessDay` is the first day of arrival whose contributors `state` tells apart, null when it tells none; 0 = not known. */
const learning = () => ({
  lastDay: integer('last_day').notNull(),
  witnessDay: integer('witness_day').default(0),
  state: bytea('state').notNull(),
});

/** Access points and beacons; `kind` as numbered in stations/index-contract.ts. */
export const macLearning = pgTable(
  'mac_learning',
  { kind: smallint('kind').notNull(), mac: bigint('mac', { mode: 'number' }).notNull(), ...learning() },
  (t) => [
    primaryKey({ columns: [t.kind, t.mac] }),
    index('mac_learning_witness_idx').on(t.witnessDay).where(sql`${t.witnessDay} is not null`),
  ],
);

export const cellLearning = pgTable(
  'cell_learning',
  {
    radio: smallint('radio').notNull(),
    mcc: smallint('mcc').notNull(),
    mnc: smallint('mnc').notNull(),
    area: integer('area').notNull(),
    cellId: bigint('cell_id', { mode: 'number' }).notNull(),
    ...learning(),
  },
  (t) => [
    primaryKey({ columns: [t.radio, t.mcc, t.mnc, t.area, t.cellId] }),
    index('cell_learning_witness_idx').on(t.witnessDay).where(sql`${t.witnessDay} is not null`),
  ],
);

/**
 * How far off answers were for reports that were asked of the map before it learnt them, as positioning/error-bytes.ts packs it:
 * counts by class, no places; hashed tags of today's contributors. One row.
 */
export const calibration = pgTable(
  'calibration',
  { only: boolean('only').primaryKey().default(true), state: bytea('state').notNull() },
  (t) => [check('calibration_one_row', sql`${t.only}`)],
);

/** Access points and beacons whose owners had them removed: HMAC of the address, never learnt or imported again; the request's `code`. */
export const barredStations = pgTable('barred_stations', {
  macHash: bytea('mac_hash').primaryKey(),
  code: text('code').unique(),
  barredAt: timeMs('barred_at').notNull(),
});

/** Requests for removal that wait for their proof; `code` is what their owner and the operator call them. */
export const bssidRemovals = pgTable('bssid_removals', {
  mac: bigint('mac', { mode: 'number' }).primaryKey(),
  code: text('code').notNull().unique(),
  requestedAt: timeMs('requested_at').notNull(),
});

/** Addresses that were reported with a name that refuses, as HMACs: proof for removal, for a short while. */
export const optOutSightings = pgTable('opt_out_sightings', {
  macHash: bytea('mac_hash').primaryKey(),
  seenAt: timeMs('seen_at').notNull(),
});

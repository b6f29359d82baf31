// The registry's part about the map of stations, keys and the store itself. None of its rows is about one device. Addresses of
// access points are personal all the same (privacy.md D1): their owners have POST /v1/privacy/bssid-removal.
import { DAY_MS, YEAR_MS } from '../time/spans.ts';
import type { TableEntry } from './registry.ts';
import { list } from './registry-list.ts';

/** How long a request to remove an access point waits for its proof, and how long a proof counts: time to rename a network and have a phone pass by. */
export const REQUEST_TTL_MS = 30 * DAY_MS;
export const PROOF_TTL_MS = 7 * DAY_MS;

const EVIDENCE = list(
  'lat lon radius_m samples weight source created_at modified_at last_seen_at blocked_at block_count changed',
  'anonymous',
);
const FORGOTTEN = {
  kind: 'lasts',
  because:
    'as long as it is heard: the job `forget stations` takes the position off learnt ones after FORGET_AFTER_DAYS, and forgets what one contributor alone heard after 180; imported ones stay while the operator keeps them; a row without a position goes 14 days after',
} as const;

export const MAP_TABLES: Readonly<Record<string, TableEntry>> = {
  cells: {
    room: 'stations',
    what: 'cell towers and where they are believed to stand',
    columns: { ...list('radio mcc mnc area cell_id psc', 'anonymous'), ...EVIDENCE },
    key: ['radio', 'mcc', 'mnc', 'area', 'cell_id'],
    life: FORGOTTEN,
    endedBy: 'own job',
  },
  areas: {
    room: 'stations',
    what: 'location areas, derived from their cells',
    columns: { ...list('radio mcc mnc area cells', 'anonymous'), ...EVIDENCE },
    key: ['radio', 'mcc', 'mnc', 'area'],
    life: { kind: 'lasts', because: 'as long as their cells, from which they are derived' },
    endedBy: 'own job',
  },
  wifi_stations: {
    room: 'stations',
    what: 'access points, where they are believed to stand and how loud they were reported at most; no contributor, no name',
    columns: { ...list('mac', 'personal'), ...list('loudest_dbm', 'anonymous'), ...EVIDENCE },
    key: ['mac'],
    life: FORGOTTEN,
    endedBy: 'own job',
  },
  bluetooth_stations: {
    room: 'stations',
    what: 'beacons and where they are believed to stand',
    columns: { ...list('mac', 'personal'), ...EVIDENCE },
    key: ['mac'],
    life: FORGOTTEN,
    endedBy: 'own job',
  },
  mac_learning: {
    room: 'stations',
    what: 'what was heard of access points and beacons',
    columns: { ...list('mac', 'personal'), ...list('kind last_day witness_day state', 'anonymous') },
    key: ['kind', 'mac'],
    life: FORGOTTEN,
    endedBy: 'own job',
  },
  cell_learning: {
    room: 'stations',
    what: 'what was heard of cell towers',
    columns: list('radio mcc mnc area cell_id last_day witness_day state', 'anonymous'),
    key: ['radio', 'mcc', 'mnc', 'area', 'cell_id'],
    life: FORGOTTEN,
    endedBy: 'own job',
  },
  inbox: {
    room: 'observations',
    what: 'reports on their way into the map, emptied when it has learnt from them; the contributor is a number that means nothing after two days',
    columns: {
      ...list('payload', 'personal'),
      ...list('digest contributor', 'pseudonymous'),
      ...list('id received_at trusted provenance folded_at', 'anonymous'),
    },
    key: ['digest'],
    life: { kind: 'after', column: 'received_at', ttlMs: 7 * DAY_MS },
    endedBy: 'own job',
  },
  contributor_keys: {
    room: 'observations',
    what: 'the random key of each day under which contributors are counted',
    columns: { ...list('day', 'anonymous'), ...list('key', 'secret') },
    key: ['day'],
    life: { kind: 'days', column: 'day', days: 1 },
    endedBy: 'own job',
  },
  calibration: {
    room: 'positioning',
    what: 'how far off answers were, counts by class; hashed tags of the contributors of the day being counted',
    columns: { ...list('only', 'anonymous'), ...list('state', 'pseudonymous') },
    key: ['only'],
    life: {
      kind: 'lasts',
      because: 'as long as the map: tags go when the next day begins, counts fade by half in ten days of reports',
    },
    endedBy: 'nothing',
  },
  barred_stations: {
    room: 'rights',
    what: 'access points that are never learnt again, as keyed hashes',
    columns: { ...list('mac_hash code', 'pseudonymous'), ...list('barred_at', 'anonymous') },
    key: ['mac_hash'],
    life: { kind: 'lasts', because: 'for good: forgetting it would put the access point back on the map' },
    endedBy: 'nothing',
  },
  bssid_removals: {
    room: 'rights',
    what: 'requests to remove an access point that wait for their proof',
    columns: { ...list('mac code', 'personal'), ...list('requested_at', 'anonymous') },
    key: ['mac'],
    life: { kind: 'after', column: 'requested_at', ttlMs: REQUEST_TTL_MS },
    endedBy: 'sweep',
  },
  opt_out_sightings: {
    room: 'rights',
    what: 'access points seen with a name that refuses, as keyed hashes',
    columns: { ...list('mac_hash', 'pseudonymous'), ...list('seen_at', 'anonymous') },
    key: ['mac_hash'],
    life: { kind: 'after', column: 'seen_at', ttlMs: PROOF_TTL_MS },
    endedBy: 'sweep',
  },
  api_keys: {
    room: 'partners',
    what: 'keys of phone makers, partners and submitters: business data, the key itself as a hash',
    columns: {
      ...list('id class name created_at revoked_at daily_quota per_minute trusted application expires_at', 'anonymous'),
      ...list('changed', 'anonymous'),
      ...list('key_hash', 'secret'),
    },
    key: ['id'],
    life: { kind: 'after', column: 'revoked_at', ttlMs: 3 * YEAR_MS },
    endedBy: 'sweep',
  },
  store_meta: {
    room: 'storage',
    what: 'one row that tells this store from every other, and the name of the key at rest',
    columns: list('only store station_key', 'anonymous'),
    key: ['only'],
    life: { kind: 'lasts', because: 'as long as the store' },
    endedBy: 'nothing',
  },
  feed_epoch: {
    room: 'storage',
    what: 'one row that a crash of PostgreSQL empties',
    columns: list('only epoch', 'anonymous'),
    key: ['only'],
    life: { kind: 'lasts', because: 'as long as the store' },
    endedBy: 'nothing',
  },
  import_progress: {
    room: 'stations',
    what: 'how far an import came',
    columns: list('source bytes_done lines_done', 'anonymous'),
    key: ['source'],
    life: { kind: 'lasts', because: 'until the import is done' },
    endedBy: 'own job',
  },
  feed_positions: {
    room: 'stations',
    what: 'up to which change a reader of the feed has worked',
    columns: list('reader upto', 'anonymous'),
    key: ['reader'],
    life: { kind: 'lasts', because: 'as long as the reader' },
    endedBy: 'nothing',
  },
};

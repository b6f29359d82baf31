// The fold's SQL: what is known of many stations in one query, and what is known afterwards in two. Promises: no query per
// station; published rows that were read are locked until the transaction ends, so that an import that runs beside waits
// instead of being overruled unseen, and in the order of keys, as imports lock them; every published row that is written
// enters the change feed; addresses are encrypted on their way. Opens no transaction.
import type { ClientBase } from 'pg';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { binaryArray, binaryBytes } from '../storage/binary-array.ts';
import type { LearntStation } from './fold.ts';
import { unknownStation } from './fold.ts';
import { MAC_KIND } from './index-contract.ts';
import type { StationKind } from './sighting.ts';
import { type CellIdentity, type Evidence, type MacIdentity, SOURCE } from './station.ts';
import { STATION_TABLES } from './store.ts';
import { witnessDays } from './whereabouts.ts';
import { decodeLearning, encodeLearning } from './whereabouts-bytes.ts';

export type Identity = MacIdentity | CellIdentity;

/**
 * A station before or after the fold; `published` = there is a row that answers could come from (`psc` of cells with it); `damaged` = what
 * was learnt of it cannot be read.
 */
export type KnownStation = { identity: Identity; station: LearntStation; published: boolean; damaged?: true };

type Learning = { table: string; keys: string; fixed: string };
const LEARNING: Readonly<Record<StationKind, Learning>> = {
  wifi: { table: 'mac_learning', keys: 'kind, mac', fixed: `${MAC_KIND.wifi}, ` },
  bluetooth: { table: 'mac_learning', keys: 'kind, mac', fixed: `${MAC_KIND.bluetooth}, ` },
  cell: { table: 'cell_learning', keys: 'radio, mcc, mnc, area, cell_id', fixed: '' },
};

/** What else is published of access points: an import says nothing of it, so that it stays. */
const LOUDEST = { column: 'loudestDbm', name: 'loudest_dbm', type: 'int2' } as const;
const publishedOf = (kind: StationKind) => [...STATION_TABLES[kind].rest, ...(kind === 'wifi' ? [LOUDEST] : [])];

const keysOf = (kind: StationKind) => STATION_TABLES[kind].key;
const keyNames = (kind: StationKind) => keysOf(kind).map(({ name }) => name);
const keyArrays = (kind: StationKind) => keysOf(kind).map((c, i) => `$${i + 1}::${c.type}[]`);

function loadSql(kind: StationKind): string {
  const names = keyNames(kind);
  const same = (alias: string) => names.map((name) => `${alias}.${name} = u.${name}`).join(' and ');
  const { table, fixed } = LEARNING[kind];
  const ofKind = fixed === '' ? '' : `l.kind = ${fixed.replace(', ', '')} and `;
  // float8 holds epoch milliseconds exactly and arrives as a number.
  const rest = STATION_TABLES[kind].rest.map(({ name }) => `s.${name}::float8 as ${name}`);
  return `select u.i::int4 as i, l.state, s.found, ${rest.join(', ')}
    from unnest(${keyArrays(kind).join(', ')}) with ordinality as u(${names.join(', ')}, i)
    left join ${table} l on ${ofKind}${same('l')}
    left join lateral (
      select e.*, true as found from ${STATION_TABLES[kind].table} e where ${same('e')} for no key update
    ) s on true`;
}

function saveSql(kind: StationKind): string {
  const { table, keys, fixed } = LEARNING[kind];
  const n = keyNames(kind).length;
  return `insert into ${table} as e (${keys}, last_day, witness_day, state)
    select ${fixed}u.* from unnest(${keyArrays(kind).join(', ')}, $${n + 1}::int4[], $${n + 2}::int4[], $${n + 3}::bytea[]) as u
    on conflict (${keys}) do update
    set last_day = excluded.last_day, witness_day = excluded.witness_day, state = excluded.state`;
}

function publishSql(kind: StationKind): string {
  const { table, key } = STATION_TABLES[kind];
  const rest = publishedOf(kind);
  const all = [...key, ...rest];
  const sets = rest.map(({ name }) => `${name} = excluded.${name}`).join(', ');
  return `insert into ${table} as e (${all.map(({ name }) => name).join(', ')})
    select u.* from unnest(${all.map((c, i) => `$${i + 1}::${c.type}[]`).join(', ')}) as u
    on conflict (${keyNames(kind).join(', ')}) do update set ${sets}, changed = pg_current_xact_id()`;
}

const perKind = (sql: (kind: StationKind) => string) => ({
  wifi: sql('wifi'),
  bluetooth: sql('bluetooth'),
  cell: sql('cell'),
});
const LOAD = perKind(loadSql);
const SAVE = perKind(saveSql);
const PUBLISH = perKind(publishSql);

type Fields = { readonly [field: string]: unknown };

/** Identities as the store's keys have them, and the order in which the store is told of them: that of the keys. */
function keysInOrder(macs: MacCipher, kind: StationKind, identities: readonly Identity[]) {
  const all = identities.map((_, i) => i);
  // Cells come in the order of their keys.
  if (kind === 'cell') return { keys: identities as readonly Fields[], order: all };
  const sealed = macs.seal(
    kind,
    (identities as readonly MacIdentity[]).map(({ mac }) => mac),
  );
  return { keys: Array.from(sealed, (mac): Fields => ({ mac })), order: all.sort((a, b) => sealed[a] - sealed[b]) };
}

/** One binary array a column; `fields[column]` null or undefined = NULL. */
function columns(
  wanted: readonly { column: string; type: Parameters<typeof binaryArray>[0] }[],
  rows: readonly Fields[],
  order: readonly number[],
) {
  return wanted.map(({ column, type }) =>
    binaryArray(
      type,
      Float64Array.from(rows, (row) => (row[column] as number | null | undefined) ?? Number.NaN),
      order,
      order.length,
    ),
  );
}

/** What is known of each identity, in their order; of one never heard of, `unknownStation()`. Cells in the order of their keys. */
export async function loadStations(
  client: ClientBase,
  macs: MacCipher,
  kind: StationKind,
  identities: readonly Identity[],
): Promise<KnownStation[]> {
  const known = identities.map((identity): KnownStation => ({ identity, station: unknownStation(), published: false }));
  if (identities.length === 0) return known;
  const { keys, order } = keysInOrder(macs, kind, identities);
  const { rows } = await client.query(LOAD[kind], columns(keysOf(kind), keys, order));
  for (const row of rows) {
    const one = known[order[row.i - 1]];
    if (row.state !== null && !readLearning(one, row.state)) one.damaged = true;
    if (row.found === true) {
      one.published = true;
      one.station.believed = readEvidence(row);
      // Of states that did not note it: the row is taken for the fold's.
      if (one.station.learnt) one.station.publishedAt ??= one.station.believed.modifiedAt;
      if (one.identity.type === 'cell') one.identity = { ...one.identity, psc: one.identity.psc ?? row.psc };
    }
  }
  return known;
}

/** False if the bytes are no state, or one of a version to come: all that is heard with it is still to be learnt. */
function readLearning(one: KnownStation, state: Buffer): boolean {
  try {
    const { createdAt, ...heard } = decodeLearning(state);
    one.station = { believed: { ...one.station.believed, createdAt }, ...heard };
    return true;
  } catch {
    return false;
  }
}

function readEvidence(row: Record<string, number | null>): Evidence {
  return {
    lat: row.lat,
    lon: row.lon,
    radiusM: row.radius_m,
    samples: row.samples,
    weight: row.weight,
    source: row.source === SOURCE.gnss ? 'gnss' : row.source === SOURCE.query ? 'query' : null,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    lastSeenAt: row.last_seen_at,
    blockedAt: row.blocked_at,
    blockCount: row.block_count ?? 0,
  };
}

/** Keeps what was heard of stations. */
export async function saveLearning(
  client: ClientBase,
  macs: MacCipher,
  kind: StationKind,
  stations: readonly KnownStation[],
): Promise<void> {
  if (stations.length === 0) return;
  const { keys, order } = keysInOrder(macs, kind, identitiesOf(stations));
  const rows = stations.map(({ station: { whereabouts } }, i) => {
    return { ...keys[i], lastDay: whereabouts.lastDay, witnessDay: witnessDays(whereabouts)?.first };
  });
  const states = order.map((i) => {
    const { believed, ...heard } = stations[i].station;
    return encodeLearning({ ...heard, createdAt: believed.createdAt });
  });
  const days = ['lastDay', 'witnessDay'].map((column) => ({ column, type: 'int4' as const }));
  const arrays = columns([...keysOf(kind), ...days], rows, order);
  await client.query(SAVE[kind], [...arrays, binaryBytes('bytea', states)]);
}

/** Writes what answers are made of. */
export async function publishStations(
  client: ClientBase,
  macs: MacCipher,
  kind: StationKind,
  stations: readonly KnownStation[],
): Promise<void> {
  if (stations.length === 0) return;
  const all = [...keysOf(kind), ...publishedOf(kind)];
  const { keys, order } = keysInOrder(macs, kind, identitiesOf(stations));
  const rows = stations.map(({ station: { believed, whereabouts } }, i) => ({
    ...keys[i],
    ...believed,
    loudestDbm: whereabouts.loudestDbm || null,
    source: believed.source === null ? null : SOURCE[believed.source],
  }));
  await client.query(PUBLISH[kind], columns(all, rows, order));
}

const identitiesOf = (stations: readonly KnownStation[]) => stations.map(({ identity }) => identity);

// Stations in the store: batches in, pages out. Promises: newer evidence wins (a row of unknown age never replaces a dated
// one; among equals the one that comes last), blocks are never lifted by an import, and a row that would change nothing is
// not written: not locked, not logged, not in the change feed; addresses are encrypted on their way. Does not open
// transactions: the caller decides what belongs together.

import type { ClientBase } from 'pg';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { binaryArray, type ElementType } from '../storage/binary-array.ts';
import type { ColumnName, StationBatch, StationColumns } from './columns.ts';
import { orderForStore } from './columns-order.ts';
import { STATION_TYPES, type StationType } from './station.ts';

type Column = { column: ColumnName; name: string; type: ElementType };

const column = (name: ColumnName, sql: string, type: ElementType): Column => ({ column: name, name: sql, type });
const AREA_KEY = [
  column('radio', 'radio', 'int2'),
  column('mcc', 'mcc', 'int2'),
  column('mnc', 'mnc', 'int2'),
  column('area', 'area', 'int4'),
];
const MAC_KEY = [column('mac', 'mac', 'int8')];
const EVIDENCE = [
  column('lat', 'lat', 'float8'),
  column('lon', 'lon', 'float8'),
  column('radiusM', 'radius_m', 'float8'),
  column('samples', 'samples', 'int4'),
  column('weight', 'weight', 'float8'),
  column('source', 'source', 'int2'),
  column('createdAt', 'created_at', 'int8'),
  column('modifiedAt', 'modified_at', 'int8'),
  column('lastSeenAt', 'last_seen_at', 'int8'),
  column('blockedAt', 'blocked_at', 'int8'),
  column('blockCount', 'block_count', 'int2'),
];
const PSC = column('psc', 'psc', 'int2');

/** Table, primary key and the rest of the columns of each type. */
export const STATION_TABLES: Readonly<Record<StationType, { table: string; key: Column[]; rest: Column[] }>> = {
  cell: { table: 'cells', key: [...AREA_KEY, column('cellId', 'cell_id', 'int8')], rest: [PSC, ...EVIDENCE] },
  area: { table: 'areas', key: AREA_KEY, rest: EVIDENCE },
  wifi: { table: 'wifi_stations', key: MAC_KEY, rest: EVIDENCE },
  bluetooth: { table: 'bluetooth_stations', key: MAC_KEY, rest: EVIDENCE },
};

/** What a row says after a newer one came: what the newer one does not know of identity and blocks stays. */
function merged(name: string): string {
  switch (name) {
    case 'psc':
      return 'coalesce(i.psc, e.psc)';
    case 'created_at':
      return 'least(i.created_at, e.created_at)';
    case 'blocked_at':
      return 'greatest(i.blocked_at, e.blocked_at)';
    case 'block_count':
      return 'greatest(i.block_count, e.block_count)';
    default:
      return `i.${name}`;
  }
}

/** SQLSTATE of a row whose key is taken. */
const UNIQUE_VIOLATION = '23505';

type WriteSql = { insertNew: string; insert: string; update: string };

function writeSql(type: StationType): WriteSql {
  const { table, key, rest } = STATION_TABLES[type];
  const names = [...key, ...rest].map(({ name }) => name);
  // In the select list unnest streams its rows; in FROM it would first store them, at thrice the cost.
  const incoming = `select ${[...key, ...rest].map((c, i) => `unnest($${i + 1}::${c.type}[]) as ${c.name}`).join(', ')}`;
  const sameStation = key.map(({ name }) => `e.${name} = i.${name}`).join(' and ');
  const changes = rest.map(({ name }) => `${merged(name)} is distinct from e.${name}`).join(' or ');
  const insertNew = `insert into ${table} (${names.join(', ')}) ${incoming}`;
  return {
    insertNew,
    insert: `${insertNew} on conflict do nothing`,
    update: `update ${table} e
      set ${rest.map(({ name }) => `${name} = ${merged(name)}`).join(', ')}, changed = pg_current_xact_id()
      from (${incoming}) i
      where ${sameStation} and coalesce(i.modified_at, -1) >= coalesce(e.modified_at, -1) and (${changes})
        ${type === 'area' ? 'and coalesce(e.cells, 0) = 0' : ''}`,
  };
}

// Two statements, not ON CONFLICT DO UPDATE: that one locks, logs and dirties every row it meets, also those it then leaves
// as they are, so that running an import again would write as much as running it first.
const WRITE: Readonly<Record<StationType, WriteSql>> = {
  cell: writeSql('cell'),
  area: writeSql('area'),
  wifi: writeSql('wifi'),
  bluetooth: writeSql('bluetooth'),
};

/**
 * Opens a transaction for batches. Stations are looked up by key, never by reading the whole table, whatever the planner
 * thinks of a table it has no statistics of; statements that run for milliseconds are not compiled; and the commit need not
 * wait for the disk, since an import that is lost with the power is run again.
 */
export const BEGIN_BATCH = ['begin', ...['seqscan', 'hashjoin', 'mergejoin'].map((plan) => `enable_${plan}`)]
  .concat('jit', 'synchronous_commit')
  .map((setting, i) => (i === 0 ? setting : `set local ${setting} = off`))
  .join('; ');

type StationWriter = {
  /** Writes a batch within a transaction opened with BEGIN_BATCH; resolves with how many stations it added or changed. */
  write(client: ClientBase, batch: StationBatch): Promise<number>;
};

/**
 * A writer for one import. It begins by taking cells for new ones, which costs the store what COPY does, and stops doing so
 * with the first one that is there already. (Only cells: the store's log would name what it met twice, and a MAC must not
 * stand there.)
 */
export function createStationWriter(macs: MacCipher): StationWriter {
  let takenForNew = true;

  async function insertAsNew(client: ClientBase, arrays: (Buffer | null)[]): Promise<boolean> {
    await client.query('savepoint all_new');
    try {
      await client.query(WRITE.cell.insertNew, arrays);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      await client.query('rollback to savepoint all_new');
      return false;
    }
  }

  return {
    async write(client, batch) {
      let written = 0;
      for (const type of STATION_TYPES) {
        if (batch[type].count === 0) continue;
        const columns = sealColumns(macs, type, batch[type]);
        const { key, rest } = STATION_TABLES[type];
        const keys = key.map((c) => c.column);
        const order = orderForStore(columns, keys);
        const arrays = [...key, ...rest].map((c) => binaryArray(c.type, columns[c.column], order, order.length));
        if (type === 'cell' && takenForNew) {
          takenForNew = await insertAsNew(client, arrays);
          if (takenForNew) {
            written += order.length;
            continue;
          }
        }
        const inserted = (await client.query(WRITE[type].insert, arrays)).rowCount ?? 0;
        const updated = inserted < order.length ? ((await client.query(WRITE[type].update, arrays)).rowCount ?? 0) : 0;
        written += inserted + updated;
      }
      return written;
    },
  };
}

/** The batch's columns as the store keeps them: the same, but for addresses. */
function sealColumns(macs: MacCipher, type: StationType, columns: StationColumns): StationColumns {
  if (type !== 'wifi' && type !== 'bluetooth') return columns;
  return { ...columns, mac: macs.seal(type, columns.mac, columns.count) };
}

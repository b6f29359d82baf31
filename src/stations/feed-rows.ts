// Stations as the store packs them for the index: one byte string a page instead of a dozen values a row, which halves the
// time of reading millions. Promises: the pack expression and its reader agree (both are made from one list of fields);
// numbers up to 2^53. What a row means for the index (a position to answer with, or nothing) is decided in `applyRow`.
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { DAY_MS } from '../time/spans.ts';
import { BLOCK_MS, isBlocked, unknownStation } from './fold.ts';
import { MAC_KIND, STATION_FLAG } from './index-contract.ts';
import type { IndexedStation, StationIndex } from './index-writer.ts';
import type { Evidence } from './station.ts';

type FieldType = 'int2' | 'int4' | 'int8' | 'float8';
const BYTES: Record<FieldType, number> = { int2: 2, int4: 4, int8: 8, float8: 8 };
type Field = { readonly name: string; readonly type: FieldType; readonly sql: string };

/** `none` stands for null; in numbers that can't be it. */
function field(name: string, type: FieldType, none?: string): Field {
  return { name, type, sql: none === undefined ? `${type}send(${name})` : `${type}send(coalesce(${name}, ${none}))` };
}

const EVIDENCE: readonly Field[] = [
  field('lat', 'float8', `'NaN'`),
  field('lon', 'float8', `'NaN'`),
  field('radius_m', 'float8', '0'),
  field('samples', 'int4', '0'),
  field('source', 'int2', '0::int2'),
  field('created_at', 'int8', '-1'),
  field('last_seen_at', 'int8', '-1'),
  field('blocked_at', 'int8', '-1'),
  field('block_count', 'int2'),
];
const AREA_KEY = [field('radio', 'int2'), field('mcc', 'int2'), field('mnc', 'int2'), field('area', 'int4')];
const MAC_KEY = [field('mac', 'int8')];

/** Tables of stations: what identifies a row, and what else of it the index wants. */
const FEED_TABLES = {
  cells: { key: [...AREA_KEY, field('cell_id', 'int8')], more: [field('psc', 'int2', '-1::int2')] },
  areas: { key: AREA_KEY, more: [] as Field[] },
  wifi_stations: { key: MAC_KEY, more: [field('loudest_dbm', 'int2', '1::int2')] },
  bluetooth_stations: { key: MAC_KEY, more: [] as Field[] },
} as const;
export type FeedTable = keyof typeof FEED_TABLES;
export const FEED_TABLE_NAMES = Object.keys(FEED_TABLES) as FeedTable[];

function fieldsOf(table: FeedTable): readonly Field[] {
  return [...FEED_TABLES[table].key, ...FEED_TABLES[table].more, ...EVIDENCE];
}

/** SQL that packs a row of the table into bytes. */
export function packSql(table: FeedTable): string {
  return fieldsOf(table)
    .map(({ sql }) => sql)
    .join(' || ');
}

/** Names of the columns of the primary key, and their types, in order. */
export function keyColumns(table: FeedTable): readonly { readonly name: string; readonly type: string }[] {
  return FEED_TABLES[table].key;
}

/** Values of one unpacked row, by position: the key, what else, the evidence. Reused from row to row. */
type UnpackedRow = { readonly values: Float64Array; readonly keyLength: number };

/** Calls back with each row of a page, in its order, from byte `from` on. */
export function unpackRows(table: FeedTable, page: Buffer, visit: (row: UnpackedRow) => void, from = 0): void {
  const types = fieldsOf(table).map(({ type }) => type);
  const values = new Float64Array(types.length);
  const row = { values, keyLength: FEED_TABLES[table].key.length };
  for (let at = from; at < page.length; ) {
    for (let i = 0; i < types.length; i++) {
      const type = types[i];
      if (type === 'float8') values[i] = page.readDoubleBE(at);
      else if (type === 'int4') values[i] = page.readInt32BE(at);
      else if (type === 'int2') values[i] = page.readInt16BE(at);
      else values[i] = page.readInt32BE(at) * 2 ** 32 + page.readUInt32BE(at + 4);
      at += BYTES[type];
    }
    visit(row);
  }
}

/** The key of the last row of a page, as text; null if the page is empty. */
export function lastKey(table: FeedTable, page: Buffer): readonly string[] | null {
  let key: string[] | null = null;
  const visit = ({ values, keyLength }: UnpackedRow) => {
    key = Array.from(values.subarray(0, keyLength), String);
  };
  unpackRows(table, page, visit, Math.max(0, page.length - rowBytes(table)));
  return key;
}

const rowBytes = (table: FeedTable) => fieldsOf(table).reduce((sum, { type }) => sum + BYTES[type], 0);

/** Decrypts the addresses of a page, in place; pages of cells and areas have none. */
export function openAddresses(table: FeedTable, page: Buffer, macs: MacCipher): void {
  if (table !== 'wifi_stations' && table !== 'bluetooth_stations') return;
  const step = rowBytes(table);
  // An int8 whose first two bytes are zero.
  const sealed = Float64Array.from({ length: page.length / step }, (_, i) => page.readUIntBE(i * step + 2, 6));
  const opened = macs.open(table === 'wifi_stations' ? 'wifi' : 'bluetooth', sealed);
  for (let i = 0; i < opened.length; i++) page.writeUIntBE(opened[i], i * step + 2, 6);
}

/** DESIGN 6, attack A10 d: an access point that moved answers nothing for so long. */
export const MOVED_MS = 30 * DAY_MS;

/** What of a row `applyRow` looks at, without an object a row. */
const station: IndexedStation = { lat: 0, lon: 0, radiusM: 0, samples: 0, lastSeenDay: 0, flags: 0, detail: -1 };
const block: Evidence = unknownStation().believed;

/** Makes the index agree with a row: written if it has a position to answer with, else removed. */
export function applyRow(
  index: StationIndex,
  table: FeedTable,
  { values, keyLength }: UnpackedRow,
  nowMs: number,
): void {
  const e = values.length - EVIDENCE.length;
  block.createdAt = orNull(values[e + 5]);
  block.blockedAt = orNull(values[e + 7]);
  block.blockCount = values[e + 8];
  const sinceBlockMs = block.blockedAt === null ? Number.POSITIVE_INFINITY : nowMs - block.blockedAt;
  const isMac = keyLength === 1;
  station.lat = values[e];
  station.lon = values[e + 1];
  station.radiusM = values[e + 2];
  station.samples = values[e + 3];
  station.lastSeenDay = Math.max(0, Math.floor(values[e + 6] / DAY_MS));
  station.detail = table === 'cells' ? values[keyLength] : table === 'wifi_stations' ? -values[keyLength] : -1;
  station.flags =
    (values[e + 4] === 1 ? STATION_FLAG.gnss : 0) | (isMac && sinceBlockMs < MOVED_MS ? STATION_FLAG.moved : 0);
  const answers = sinceBlockMs >= BLOCK_MS && !isBlocked(block, nowMs);
  if (!(answers && write(index, table, values))) removeStation(index, table, values);
}

function write(index: StationIndex, table: FeedTable, values: Float64Array): boolean {
  if (table === 'cells') return index.upsertCell(values[0], values[1], values[2], values[3], values[4], station);
  if (table === 'areas') return index.upsertArea(values[0], values[1], values[2], values[3], station);
  return index.upsertMac(macKind(table), values[0], station);
}

function removeStation(index: StationIndex, table: FeedTable, values: Float64Array): boolean {
  if (table === 'cells') return index.removeCell(values[0], values[1], values[2], values[3], values[4]);
  if (table === 'areas') return index.removeArea(values[0], values[1], values[2], values[3]);
  return index.removeMac(macKind(table), values[0]);
}

function macKind(table: FeedTable): 1 | 2 {
  return table === 'wifi_stations' ? MAC_KIND.wifi : MAC_KIND.bluetooth;
}

function orNull(value: number): number | null {
  return value < 0 ? null : value;
}

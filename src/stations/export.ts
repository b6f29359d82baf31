// Writes stations out: all of them as NDJSON, or cells as the CSV of OpenCelliD. Promises: memory of one page, short queries
// that a running server doesn't feel, every station that was there all the time exactly once, in the order of the store's
// keys (encrypted addresses, so in no order that means anything).
// Does not promise one moment in time: a station written meanwhile may be told as it was before or after.

import type { Pool } from 'pg';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import type { Radio } from '../radio/cell.ts';
import { PART_RADIO } from '../radio/cell-parts.ts';
import { CSV_HEADER, formatCsvLine } from './csv.ts';
import { formatStation } from './ndjson.ts';
import { SOURCE, type SourceName, STATION_TYPES, type Station, type StationType } from './station.ts';
import { STATION_TABLES } from './store.ts';

/** Stations in one query: 50 ms on the embedded store, 1 MB of NDJSON. */
const PAGE_ROWS = 5_000;

export type ExportOptions = {
  format: 'csv' | 'ndjson';
  /** Decrypts the addresses of access points and beacons. */
  macs: MacCipher;
  /** Which types; the CSV has room for cells only. */
  types?: readonly StationType[];
  /** Told after each page how many stations it wrote. */
  onPage?: (stations: number) => void;
  pageRows?: number;
};

/** The file as pieces of text. */
export async function* exportStations(store: { pool: Pool }, options: ExportOptions): AsyncGenerator<string> {
  const { format, onPage, pageRows = PAGE_ROWS } = options;
  const types = format === 'csv' ? (['cell'] as const) : (options.types ?? STATION_TYPES);
  if (format === 'csv') yield `${CSV_HEADER}\n`;
  for (const type of types) {
    for await (const stations of pages(store.pool, options.macs, type, pageRows)) {
      let text = '';
      let written = 0;
      for (const station of stations) {
        const line =
          format === 'ndjson' ? formatStation(station) : station.type === 'cell' ? formatCsvLine(station) : null;
        if (line === null) continue;
        text += line;
        written++;
      }
      if (text !== '') yield text;
      onPage?.(written);
    }
  }
}

async function* pages(pool: Pool, macs: MacCipher, type: StationType, pageRows: number): AsyncGenerator<Station[]> {
  const { table, key, rest } = STATION_TABLES[type];
  const keys = key.map(({ name }) => name).join(', ');
  const columns = [...key, ...rest].map(({ name }) => name).join(', ');
  const bounds = key.map((c, i) => `$${i + 1}::${c.type}`).join(', ');
  let after: unknown[] = [];
  for (;;) {
    const onward = after.length > 0 ? `(${keys}) > (${bounds})` : 'true';
    // Parts of cells are ours alone: neither format has a word for them.
    const shown = type === 'cell' ? `radio <> ${PART_RADIO}` : 'true';
    const text = `select ${columns} from ${table} where ${onward} and ${shown} order by ${keys} limit ${pageRows}`;
    const { rows } = await pool.query<unknown[]>({ text, values: after, rowMode: 'array' });
    if (rows.length > 0) after = rows[rows.length - 1].slice(0, key.length);
    if (type === 'wifi' || type === 'bluetooth') openKeys(macs, type, rows);
    if (rows.length > 0) yield rows.map((row) => stationOf(type, row));
    if (rows.length < pageRows) return;
  }
}

/** Decrypts the first column, in place. */
function openKeys(macs: MacCipher, type: 'wifi' | 'bluetooth', rows: unknown[][]): void {
  const opened = macs.open(
    type,
    rows.map((row) => Number(row[0])),
  );
  rows.forEach((row, i) => {
    row[0] = opened[i];
  });
}

/** A station from a row in the order of STATION_TABLES; int8 comes as text. */
function stationOf(type: StationType, row: unknown[]): Station {
  const numbers = row.map((value) => (value === null ? null : Number(value)));
  const { key } = STATION_TABLES[type];
  const [lat, lon, radiusM, samples, weight, source, createdAt, modifiedAt, lastSeenAt, blockedAt, blockCount] =
    numbers.slice(key.length + (type === 'cell' ? 1 : 0));
  const evidence = {
    lat,
    lon,
    radiusM,
    samples,
    weight,
    source: SOURCE_NAMES.get(source) ?? null,
    createdAt,
    modifiedAt,
    lastSeenAt,
    blockedAt,
    blockCount: blockCount ?? 0,
  };
  if (type === 'wifi' || type === 'bluetooth') return { type, mac: numbers[0]!, ...evidence };
  const [radio, mcc, mnc, area] = numbers as [Radio, number, number, number];
  if (type === 'area') return { type, radio, mcc, mnc, area, ...evidence };
  return { type, radio, mcc, mnc, area, cellId: numbers[4]!, psc: numbers[5], ...evidence };
}

const SOURCE_NAMES = new Map<number | null, SourceName>(
  Object.entries(SOURCE).map(([name, code]) => [code, name as SourceName]),
);

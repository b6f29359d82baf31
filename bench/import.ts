// Import against COPY of the same rows into the same table (its key and its index on `changed` included), on real PostgreSQL.
// The import inflates, reads, checks and upserts; COPY is handed text that is ready. Alternated A B B A; row counts are
// checked before anything is timed. Rows: the first of Mozilla's file if it is there, else a made-up file of the same shape.
// Needs TEST_DATABASE_URL (a server where databases may be created).

import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip, gzipSync } from 'node:zlib';
import { from as copyFrom } from 'pg-copy-streams';
import { createMacCipher } from '../src/privacy/mac-cipher.ts';
import { importRows } from '../src/stations/import.ts';
import { openStore, type Store } from '../src/storage/open.ts';
import { withOwnDatabase } from './own-database.ts';
import { median } from './statistics.ts';

const REAL = fileURLToPath(new URL('../../shared/data/celldb/mls_2024-03-15_45mcc.csv.gz', import.meta.url));
const RADIO_CODE: Readonly<Record<string, number>> = { GSM: 1, UMTS: 2, LTE: 3, NR: 4 };

type ImportBench = {
  /** Speed of the import over that of COPY: time of COPY divided by time of import. */
  ratio: number;
  rows: number;
  /** Medians, milliseconds. */
  copyMs: number;
  importMs: number;
  rerunMs: number;
  real: boolean;
};

/** Measures, or says why it can't. `rows` = lines of the file, `rounds` = how often A B B A. */
export async function measureImport(rows = 300_000, rounds = 3): Promise<ImportBench | { skipped: string }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return { skipped: 'TEST_DATABASE_URL is not set' };
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-bench-'));
  const real = existsSync(REAL);
  try {
    const lines = real ? await firstLines(REAL, rows) : madeUpLines(rows);
    const file = join(folder, 'cells.csv.gz');
    writeFileSync(file, gzipSync(`${lines.join('\n')}\n`));
    return await withOwnDatabase(server, async (databaseUrl) => {
      const store = await openStore({ databaseUrl, dataDir: folder });
      try {
        return { ...(await alternate(store, file, copyText(lines), rounds)), real };
      } finally {
        await store.close();
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function alternate(store: Store, file: string, text: Buffer, rounds: number): Promise<Omit<ImportBench, 'real'>> {
  const copied = await copyRows(store, text);
  const imported = await importFile(store, file);
  if (copied.rows !== imported.rows) throw new Error(`COPY stored ${copied.rows} rows, the import ${imported.rows}`);
  const copyMs: number[] = [];
  const importMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    copyMs.push((await copyRows(store, text)).ms);
    importMs.push((await importFile(store, file)).ms, (await importFile(store, file)).ms);
    copyMs.push((await copyRows(store, text)).ms);
  }
  const start = performance.now();
  await importRows(store, createReadStream(file), { nowMs: Date.now(), macs: createMacCipher(Buffer.alloc(32)) });
  const rerunMs = performance.now() - start;
  const [a, b] = [median(copyMs), median(importMs)];
  return { ratio: a / b, rows: copied.rows, copyMs: a, importMs: b, rerunMs };
}

async function importFile(store: Store, file: string): Promise<{ ms: number; rows: number }> {
  await store.pool.query('truncate cells');
  const start = performance.now();
  await importRows(store, createReadStream(file), { nowMs: Date.now(), macs: createMacCipher(Buffer.alloc(32)) });
  return { ms: performance.now() - start, rows: await count(store) };
}

async function copyRows(store: Store, text: Buffer): Promise<{ ms: number; rows: number }> {
  await store.pool.query('truncate cells');
  const client = await store.pool.connect();
  const pieces = function* () {
    for (let at = 0; at < text.length; at += 65_536) yield text.subarray(at, at + 65_536);
  };
  const start = performance.now();
  const copy = client.query(copyFrom('copy cells (radio, mcc, mnc, area, cell_id, lat, lon) from stdin'));
  await pipeline(Readable.from(pieces()), copy);
  const ms = performance.now() - start;
  client.release();
  return { ms, rows: await count(store) };
}

async function count(store: Store): Promise<number> {
  return Number((await store.pool.query('select count(*) from cells')).rows[0].count);
}

/** The lines as COPY wants them, without those that an import rejects or meets twice. */
function copyText(lines: string[]): Buffer {
  const rows = new Map<string, string>();
  for (const line of lines) {
    const [radio, mcc, net, area, cell, , lon, lat] = line.split(',');
    if (!(radio in RADIO_CODE) || Number(cell) >= (radio === 'GSM' ? 65_536 : 268_435_455)) continue;
    const key = [RADIO_CODE[radio], mcc, net, area, cell].join('\t');
    rows.set(key, `${key}\t${lat}\t${lon}\n`);
  }
  return Buffer.from([...rows.values()].join(''));
}

async function firstLines(file: string, rows: number): Promise<string[]> {
  let text = '';
  let lines: string[] = [];
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    text += chunk.toString('latin1');
    if (text.length < rows * 40) continue;
    lines = text.split('\n');
    if (lines.length > rows) break;
  }
  return (lines.length > 0 ? lines : text.split('\n')).slice(1, rows + 1);
}

/** Areas of 40 cells of mixed radios, in the order of areas, as Mozilla's file is. */
function madeUpLines(rows: number): string[] {
  return Array.from({ length: rows }, (_, i) => {
    const area = 1 + Math.floor(i / 40);
    const place = `${204 + Math.floor(area / 60_000)},8,${area % 60_000 || 1}`;
    const lat = (35 + ((i * 7919) % 25_000_000) / 1e6).toFixed(5);
    const lon = (-5 + ((i * 104_729) % 30_000_000) / 1e6).toFixed(5);
    return `${['GSM', 'UMTS', 'LTE'][i % 3]},${place},${1 + ((i * 31) % 65_000)},,${lon},${lat},,,1,,,`;
  });
}

if (import.meta.main) console.log(await measureImport());

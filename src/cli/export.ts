// `honeyguide export`: the stations of the store as a file that `honeyguide import` and others read.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { loadSecrets } from '../config/secrets.ts';
import { openAtRest } from '../process/at-rest.ts';
import { type ExportOptions, exportStations } from '../stations/export.ts';
import { STATION_TYPES, type StationType } from '../stations/station.ts';
import { type CommandContext, UsageError } from './context.ts';

export const usage = `usage: honeyguide export [FILE] [--format csv|ndjson] [--type cell,area,wifi,bluetooth] [--gzip] [--json]

Writes stations to FILE, or to standard output. NDJSON (a FILE named .ndjson, .jsonl, .json, or without an extension) has
everything; CSV (a FILE named .csv) is that of OpenCelliD: cells with a position only. A FILE with .gz after that is compressed;
any other name takes --format. FILE appears when it is complete, readable by its owner only: addresses of access points are
personal.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      format: { type: 'string' },
      type: { type: 'string' },
      gzip: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 1) throw new UsageError('one file at a time');
  const [file = '-'] = positionals;
  const format = formatOf(values.format, file);
  const types = typesOf(values.type);
  if (format === 'csv' && types?.some((type) => type !== 'cell'))
    throw new UsageError('the CSV has room for cells only');
  const gzip = values.gzip || file.endsWith('.gz');
  const startedAt = context.now();
  const store = await context.openStore();
  const { macs } = await openAtRest(store.pool, loadSecrets(context.config, context.random).stationKey);
  let stations = 0;
  const onPage = (count: number) => {
    stations += count;
  };
  const options: ExportOptions = { format, macs, types, onPage };
  const pieces = () => Readable.from(exportStations(store, options), { objectMode: false });
  if (file === '-') {
    if (!(await wasReadToItsEnd(write(pieces(), context.output, gzip, context.signal, false)))) return 0;
  } else await writeFileWhole(file, (to) => write(pieces(), to, gzip, context.signal, true));
  const summary = { stations, format, seconds: (context.now() - startedAt) / 1000 };
  const words = `${stations} stations written in ${summary.seconds.toFixed(1)} s\n`;
  // Standard output may be the file: then the summary stands beside it.
  (file === '-' ? context.messages : context.output).write(values.json ? `${JSON.stringify(summary)}\n` : words);
  return 0;
}

async function write(from: Readable, to: Writable, gzip: boolean, signal: AbortSignal, end: boolean): Promise<void> {
  if (gzip) await pipeline(from, createGzip(), to, { signal, end });
  else await pipeline(from, to, { signal, end });
}

/** False if whoever reads our output had enough of it, as `head` does. */
async function wasReadToItsEnd(written: Promise<void>): Promise<boolean> {
  try {
    await written;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    return false;
  }
}

/**
 * Writes beside the file and renames, so that nobody meets half of it. Only its owner reads it: access points are personal, and
 * the whole map is a way to look people's homes up past every limit of the gateway.
 */
async function writeFileWhole(file: string, fill: (to: Writable) => Promise<void>): Promise<void> {
  const partial = `${file}.partial`;
  try {
    // One that a killed command left would keep the rights it had.
    await rm(partial, { force: true });
    await fill(createWriteStream(partial, { mode: 0o600, flags: 'wx' }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function formatOf(given: string | undefined, file: string): 'csv' | 'ndjson' {
  const format = given ?? formatNamed(file);
  if (format !== 'csv' && format !== 'ndjson') throw new UsageError('--format must be csv or ndjson');
  return format;
}

/** What a name promises: who asks for .xml and is given something else finds out in whatever reads it. */
function formatNamed(file: string): 'csv' | 'ndjson' {
  const [extension] = /\.[^./]*$/.exec(file.replace(/\.gz$/i, '').toLowerCase()) ?? [''];
  if (extension === '.csv') return 'csv';
  if (['', '.ndjson', '.jsonl', '.json'].includes(extension)) return 'ndjson';
  throw new UsageError(`no format is known by the name ${extension}: end the file in .ndjson or .csv, or say --format`);
}

function typesOf(given: string | undefined): StationType[] | undefined {
  if (given === undefined) return undefined;
  const types = given.split(',').map((word) => word.trim());
  if (!types.every((word): word is StationType => (STATION_TYPES as readonly string[]).includes(word))) {
    throw new UsageError(`--type must list some of ${STATION_TYPES.join(', ')}`);
  }
  return types;
}

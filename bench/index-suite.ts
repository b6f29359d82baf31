// The index suite, by bench/index-lookup.ts: look-ups at 1, 10 and 50 million stations in alternation, in one process; then
// 50 million alone, so that resident memory means that size, with its snapshot. What it prints is parsed strictly: a field
// that is missing is an error.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkRow, type Row } from './results.ts';

const SIZES_M = [1, 10, 50];
const MOST_M = 50;
const READERS = 2;

type Snapshot = { fileMB: number; writeMs: number; plainReadMs: number; loadMs: number; loadOverPlain: number };
type IndexLine = {
  stations: number;
  hitNs: number;
  missNs: number;
  hitOverFirst: number;
  bytesAStation: number;
  buildRate: number;
  rssMB: number;
  snapshot?: Snapshot;
};

export async function benchIndex(): Promise<Row[]> {
  const beside = await measureIndex(SIZES_M.map(String));
  const [alone] = await measureIndex([String(MOST_M), '--threads', String(READERS), '--snapshot']);
  const { snapshot } = alone;
  if (beside.length !== SIZES_M.length || snapshot === undefined)
    throw new Error('the index bench said less than asked');
  const files = `${snapshot.fileMB} MB in ${snapshot.loadMs} ms, plain read ${snapshot.plainReadMs} ms`;
  const rows: Row[] = [
    {
      what: `look-up among ${MOST_M} M stations over 1 M`,
      value: beside[SIZES_M.length - 1].hitOverFirst,
      unit: '',
      atMost: 1.5,
    },
    {
      what: `resident memory at ${MOST_M} M, process and ${READERS} reader threads`,
      value: alone.rssMB / 1_000,
      unit: 'GB',
      atMost: 2,
    },
    {
      what: `start from snapshot over reading the file, ${MOST_M} M`,
      value: snapshot.loadOverPlain,
      unit: '',
      atMost: 2,
      note: files,
    },
    { what: `${MOST_M} M: memory of the index`, value: alone.bytesAStation, unit: 'B a station' },
    { what: `${MOST_M} M: snapshot written`, value: snapshot.writeMs / 1_000, unit: 's' },
    ...beside.flatMap((line, i): Row[] => [
      { what: `${SIZES_M[i]} M: one look-up, hit`, value: line.hitNs / 1_000, unit: 'us' },
      { what: `${SIZES_M[i]} M: one look-up, miss`, value: line.missNs / 1_000, unit: 'us' },
    ]),
    { what: 'stations written into the index', value: alone.buildRate, unit: 'stations/s' },
  ];
  return rows.map(checkRow);
}

/** What bench/index-lookup.ts says about each size when it is run with these arguments. */
export async function measureIndex(args: readonly string[]): Promise<IndexLine[]> {
  const script = fileURLToPath(new URL('./index-lookup.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, ...args], {
    maxBuffer: 1 << 20,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as IndexLine);
}

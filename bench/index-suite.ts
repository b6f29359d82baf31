// The index suite: bench/index-lookup.ts at 1, 10 and 50 million stations, each size in a process of its own, so that resident
// memory means that size. What it prints is parsed strictly: a field that is missing is an error.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Row } from './results.ts';

const SIZES_M = [1, 10, 50];
const READERS = 2;

type Line = {
  stations: number;
  hit: { bestNs: number; medianNs: number };
  miss: { bestNs: number; medianNs: number };
  bytesAStation: number;
  buildRate: number;
  rssMB: number;
  snapshot: { fileMB: number; writeMs: number; plainReadMs: number; loadMs: number; loadOverPlain: number };
};

export async function benchIndex(): Promise<Row[]> {
  const lines: Line[] = [];
  for (const size of SIZES_M) lines.push(await measure(size));
  const [first, , last] = lines;
  return [
    {
      what: `look-up at ${SIZES_M[2]} M over 1 M stations, medians`,
      value: last.hit.medianNs / first.hit.medianNs,
      unit: '',
      atMost: 1.5,
    },
    {
      what: `resident memory at ${SIZES_M[2]} M stations, ${READERS} reader threads`,
      value: last.rssMB / 1_000,
      unit: 'GB',
      atMost: 2,
    },
    {
      what: `start from snapshot over reading the file, ${SIZES_M[2]} M`,
      value: last.snapshot.loadOverPlain,
      unit: '',
      atMost: 2,
    },
    ...lines.flatMap((line, i): Row[] => [
      { what: `${SIZES_M[i]} M: one look-up, hit`, value: line.hit.medianNs / 1_000, unit: 'us' },
      { what: `${SIZES_M[i]} M: one look-up, miss`, value: line.miss.medianNs / 1_000, unit: 'us' },
      { what: `${SIZES_M[i]} M: bytes a station`, value: line.bytesAStation, unit: 'B' },
      { what: `${SIZES_M[i]} M: stations written`, value: line.buildRate, unit: 'stations/s' },
      {
        what: `${SIZES_M[i]} M: snapshot read`,
        value: line.snapshot.loadMs,
        unit: 'ms',
        note: `${line.snapshot.fileMB} MB, plain read ${line.snapshot.plainReadMs} ms`,
      },
    ]),
  ];
}

async function measure(millions: number): Promise<Line> {
  const script = fileURLToPath(new URL('./index-lookup.ts', import.meta.url));
  const args = ['--expose-gc', script, String(millions), '--threads', String(READERS), '--snapshot'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 20 });
  const line = JSON.parse(stdout.trim()) as Partial<Line>;
  if (line.stations !== Math.round(millions * 1e6) || !line.hit || !line.miss || !line.snapshot)
    throw new Error('the index bench said less than expected');
  return line as Line;
}

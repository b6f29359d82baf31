// The suites that need a real PostgreSQL (TEST_DATABASE_URL, where databases may be created): import beside COPY, geosubmit
// beside a bare route with one insert, and the fold beside plain upserts. Without one they are skipped, and say so.

import { benchFoldOnServer } from './fold.ts';
import { benchGeosubmit } from './geosubmit.ts';
import { measureImport } from './import.ts';
import type { Row } from './results.ts';

const SKIPPED = { skipped: 'TEST_DATABASE_URL is not set' } as const;

export async function benchImport(): Promise<Row[] | { skipped: string }> {
  const found = await measureImport();
  if ('skipped' in found) return found;
  const note = `${found.rows.toLocaleString('en-GB')} ${found.real ? "rows of Mozilla's file" : 'made-up rows'}`;
  return [
    { what: 'import over COPY of the same rows into the same table', value: found.ratio, unit: '', atLeast: 0.5, note },
    { what: 'import', value: found.rows / (found.importMs / 1000), unit: 'rows/s' },
    { what: 'COPY', value: found.rows / (found.copyMs / 1000), unit: 'rows/s' },
    { what: 'the same import again, nothing new', value: found.rows / (found.rerunMs / 1000), unit: 'rows/s' },
  ];
}

export async function benchSubmit(): Promise<Row[] | { skipped: string }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return SKIPPED;
  const taken = await benchGeosubmit(server);
  const folded = await benchFoldOnServer(server);
  return [
    {
      what: 'geosubmit over bare route + one multi-row insert, calls/s',
      value: taken.ratio,
      unit: '',
      atLeast: 0.5,
      note: `${taken.itemsPerCall} items a call`,
    },
    { what: 'geosubmit, ours', value: taken.oursPerS, unit: 'calls/s' },
    { what: 'geosubmit, bare', value: taken.barePerS, unit: 'calls/s' },
    { what: 'fold over plain upserts', value: folded.ratio, unit: '' },
    { what: 'fold', value: folded.foldPerS, unit: 'observations/s' },
  ];
}

// The import suite: what bench/import.ts measured, as rows against DESIGN 7's budget.

import { measureImport } from './import.ts';
import type { Row } from './results.ts';

export async function benchImport(): Promise<Row[] | { skipped: string }> {
  const found = await measureImport();
  if ('skipped' in found) return found;
  const note = `${found.rows} ${found.real ? 'rows of the MLS file' : 'made-up rows'}, one table, same indexes`;
  const rowsPerSecond = (ms: number) => Math.round((found.rows * 1000) / ms);
  return [
    { what: 'import against COPY', value: found.ratio, unit: '', atLeast: 0.5, note },
    { what: 'import, first time', value: rowsPerSecond(found.importMs), unit: 'rows/s' },
    { what: 'import, again: nothing new', value: rowsPerSecond(found.rerunMs), unit: 'rows/s' },
    { what: 'COPY', value: rowsPerSecond(found.copyMs), unit: 'rows/s' },
  ];
}

import type { Row } from './results.ts';
export async function benchImport(): Promise<Row[] | { skipped: string }> {
  return { skipped: 'not there yet' };
}

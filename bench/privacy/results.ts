// What was measured, by row and mechanism, a value a seed; as one Markdown table with 95 % intervals over the seeds.
import { formatGoal, formatValue, meets, ROWS, type Row, type Table, tableOf } from './rows.ts';

export type Results = {
  /** Notes a seed's value; NaN = not applicable. */
  add(row: string, mechanism: string, value: number): void;
  valuesOf(row: string, mechanism: string): readonly number[];
  readonly mechanisms: readonly string[];
  /** All values as text, and back: read adds to what is there. */
  write(): string;
  read(text: string): void;
};

export function createResults(): Results {
  const values = new Map<string, Map<string, number[]>>();
  const mechanisms: string[] = [];
  function add(row: string, mechanism: string, value: number): void {
    if (!ROWS.some(({ id }) => id === row)) throw new Error(`no such row: ${row}`);
    if (!mechanisms.includes(mechanism)) mechanisms.push(mechanism);
    const byMechanism = values.get(row) ?? new Map<string, number[]>();
    byMechanism.set(mechanism, [...(byMechanism.get(mechanism) ?? []), value]);
    values.set(row, byMechanism);
  }

  return {
    mechanisms,
    add,
    // NaN, not applicable, is null in JSON.
    write: () => JSON.stringify([...values].map(([row, found]) => [row, [...found]])),
    read(text) {
      const rows = JSON.parse(text) as [string, [string, (number | null)[]][]][];
      for (const [row, found] of rows)
        for (const [mechanism, all] of found) for (const value of all) add(row, mechanism, value ?? Number.NaN);
    },
    valuesOf: (row, mechanism) => values.get(row)?.get(mechanism) ?? [],
  };
}

type Interval = { readonly mean: number; readonly low: number; readonly high: number };

/** Student's t for 95 % by degrees of freedom, 1 to 9. */
const T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** Mean over seeds and its 95 % interval; of one seed, no interval. NaN in, NaN out. */
export function interval(values: readonly number[]): Interval {
  const n = values.length;
  const mean = n === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, low: mean, high: mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = (T95[n - 2] ?? 1.96) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}

/** One table: a row a question, a column a mechanism, ours first, goals last; empty if nothing of it was measured. A goal that is missed is said in bold. */
export function printTable(results: Results, ours: string, table: Table): string {
  const rows = ROWS.filter((row) => tableOf(row) === table);
  const isMeasured = (row: Row, name: string) => results.valuesOf(row.id, name).length > 0;
  const columns = [ours, ...results.mechanisms.filter((name) => name !== ours)].filter((name) =>
    rows.some((row) => isMeasured(row, name)),
  );
  const lines = rows
    .filter((row) => columns.some((name) => isMeasured(row, name)))
    .map((row) => [
      row.label,
      ...columns.map((name) => cell(row, results.valuesOf(row.id, name), name === ours)),
      formatGoal(row.goal, row.unit),
    ]);
  if (lines.length === 0) return '';
  const header = ['', ...columns, 'goal'];
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cell(row: Row, values: readonly number[], isOurs: boolean): string {
  const { mean, low, high } = interval(values);
  if (Number.isNaN(mean)) return '–';
  const width = high - low;
  const plain = formatValue(mean, row.unit);
  const text = width > Math.abs(mean) / 1_000 ? `${plain} ± ${formatValue(width / 2, row.unit)}` : plain;
  return isOurs && !meets(mean, row.goal) ? `**${text}**` : text;
}

/** Rows whose goal Honeyguide misses, in words. */
export function missedGoals(results: Results, ours: string): string[] {
  return ROWS.flatMap((row) => {
    const { mean } = interval(results.valuesOf(row.id, ours));
    if (Number.isNaN(mean) || meets(mean, row.goal)) return [];
    return [`${row.label}: ${formatValue(mean, row.unit)}, goal ${formatGoal(row.goal, row.unit)}`];
  });
}

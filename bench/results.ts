// What a run of the benches found, as data: kept in results.json, shown in README.md's table. Rows carry the suite they come
// from, so that running one suite again replaces its own rows only. Pure.

import { cpus, release, totalmem } from 'node:os';
import { significant } from './judge.ts';

export type Row = {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** DESIGN 7's bound on the value, if it has one. */
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly note?: string;
};
/** A suite that ran: when, on what, and its rows; or the plain reason why it was skipped. */
export type SuiteResult = {
  readonly takenOn: string;
  readonly commit: string;
  readonly rows: readonly Row[];
  readonly skipped?: string;
};
export type Results = {
  readonly machine: string;
  readonly versions: string;
  readonly suites: { readonly [suite: string]: SuiteResult };
};

/** "4 x Model, 16 GB, Linux 6.1": what the numbers depend on. */
export function describeMachine(): string {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`;
}

const START = '<!-- results: written by `npm run bench -- --write`, not by hand -->';
const END = '<!-- end of results -->';

/** The README with the part between its two markers replaced by the results as tables. Throws without the markers. */
export function withResults(readme: string, results: Results): string {
  const from = readme.indexOf(START);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error('README.md has lost the markers of its results');
  return `${readme.slice(0, from + START.length)}\n\n${renderResults(results)}\n${readme.slice(to)}`;
}

export function renderResults({ machine, versions, suites }: Results): string {
  const lines = [
    `Machine: ${machine}. ${versions}.`,
    '',
    '| suite | what | measured | budget | holds | taken |',
    '|---|---|---|---|---|---|',
  ];
  for (const [suite, { rows, takenOn, commit, skipped }] of Object.entries(suites)) {
    const taken = `${takenOn} ${commit}`;
    if (skipped !== undefined) lines.push(`| ${suite} | skipped: ${skipped} | | | | ${taken} |`);
    for (const row of rows) {
      const measured = `${formatValue(row.value)} ${row.unit}`.trim();
      const what = row.note === undefined ? row.what : `${row.what} (${row.note})`;
      lines.push(`| ${suite} | ${what} | ${measured} | ${boundOf(row)} | ${holds(row)} | ${taken} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Throws on a value that no measurement can have: such a row must not reach a table. */
export function checkRow(row: Row): Row {
  if (!Number.isFinite(row.value)) throw new Error(`${row.what}: ${row.value} is no measurement`);
  return row;
}

function formatValue(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : significant(value);
}

function boundOf({ atLeast, atMost }: Row): string {
  return [atLeast === undefined ? '' : `>= ${atLeast}`, atMost === undefined ? '' : `<= ${atMost}`]
    .filter(Boolean)
    .join(', ');
}

function holds({ value, atLeast, atMost }: Row): string {
  if (atLeast === undefined && atMost === undefined) return '';
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost) ? 'yes' : '**no**';
}

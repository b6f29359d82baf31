// Holds measurements against budgets. Pure. Promises: a budget whose measurement is missing or is no finite number is not
// held, and a measurement without a budget is not silently dropped by a misspelling: unknown names are an error.

/** One line of budgets.json: the bound a measurement must keep, and where the bound comes from. */
type Budget = {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly why: string;
  /** What must be there for it to be measured at all: without a PostgreSQL server, the budget is left out, plainly. */
  readonly needs?: 'postgres';
};
export type Budgets = { readonly [metric: string]: Budget };
export type Measurements = { readonly [metric: string]: number | undefined };
type Verdict = {
  readonly metric: string;
  readonly what: string;
  readonly measured: string;
  readonly bound: string;
  readonly isHeld: boolean;
};

export function judge(budgets: Budgets, measured: Measurements): Verdict[] {
  const names = Object.keys(budgets);
  if (names.length === 0) throw new Error('no budgets: a gate that holds nothing guards nothing');
  for (const name of Object.keys(measured))
    if (!(name in budgets)) throw new Error(`measured ${name}, which has no budget`);
  return names.map((metric) => {
    const { what, atLeast, atMost } = budgets[metric];
    if (atLeast === undefined && atMost === undefined) throw new Error(`the budget of ${metric} has no bound`);
    const value = measured[metric];
    const isNumber = typeof value === 'number' && Number.isFinite(value);
    const isHeld = isNumber && (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
    const bound = [atLeast === undefined ? '' : `>= ${atLeast}`, atMost === undefined ? '' : `<= ${atMost}`]
      .filter(Boolean)
      .join(' and ');
    return { metric, what, measured: isNumber ? significant(value) : 'not measured', bound, isHeld };
  });
}

/** The budgets that can be held here, and the names of those that cannot. */
export function measurable(budgets: Budgets, has: { postgres: boolean }): { due: Budgets; leftOut: string[] } {
  const isDue = ({ needs }: Budget) => needs === undefined || has[needs];
  return {
    due: Object.fromEntries(Object.entries(budgets).filter(([, budget]) => isDue(budget))),
    leftOut: Object.keys(budgets).filter((metric) => !isDue(budgets[metric])),
  };
}

/** Three significant digits, plainly. */
export function significant(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

/** A table of verdicts for people: what failed first. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const sorted = [...verdicts].sort((a, b) => Number(a.isHeld) - Number(b.isHeld));
  const cells = sorted.map((v) => [v.isHeld ? 'held' : 'FAILED', v.measured, v.bound, v.what]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell)).join('  ')).join('\n');
}

// One log line a minute in place of one a request: how many answers there were, by outcome, since the line before.
import type { CounterSums } from '../http/counters.ts';

/** Returns the job's `run`: hands the growth of each outcome to `write`, nothing if there was none. */
export function createSummary(read: () => CounterSums, write: (counts: Record<string, number>) => void): () => void {
  let before: Record<string, number> = {};
  return () => {
    const totals: Record<string, number> = {};
    for (const { route, outcome, count } of read().answers) {
      const name = `${route}.${outcome}`;
      totals[name] = (totals[name] ?? 0) + count;
    }
    const growth = Object.entries(totals)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    before = totals;
    if (growth.length > 0) write(Object.fromEntries(growth));
  };
}

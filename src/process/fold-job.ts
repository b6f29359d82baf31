// The fold as a job of the gateway, and how far it is behind. Promises: a run that left reports waiting is no failure and no reason to
// send phones elsewhere (it gives way to serving), but its lag is that of the report that waits longest, whichever gateway folds.
import type { Logger } from 'pino';
import type { FoldSummary } from '../jobs/fold.ts';
import type { Job } from '../jobs/scheduler.ts';
import { type WaitingReports, waitingReports } from '../observations/store.ts';
import type { Store } from '../storage/open.ts';
import { MINUTE_MS } from '../time/spans.ts';

/** Between two runs, of 7.5 s at most. */
const FOLD_MS = 10_000;
/** It gives way to serving: that it waits for a core is no reason to send phones elsewhere. */
const FOLD_LATE_MS = 2 * MINUTE_MS;
/** What a run finds is spread over a minute of folding, so that of a steady stream reports wait some two and a half. */
const MEANT_MS = 3 * MINUTE_MS;
/** A day of runs; of older ones every other is forgotten. */
const MOST_MARKS = 5_000;

type FoldJobDeps = {
  readonly store: Pick<Store, 'pool'>;
  /** Folds a slice; null = nothing to do. */
  readonly fold: () => Promise<FoldSummary | null>;
  readonly log: Logger;
};

export function foldJob({ store, fold, log }: FoldJobDeps, monotonicMs: () => number = () => performance.now()): Job {
  const lag = createFoldLag(monotonicMs);
  return {
    name: 'fold',
    everyMs: FOLD_MS,
    lateMs: FOLD_LATE_MS,
    behindMs: lag.behindMs,
    async run() {
      try {
        const summary = await fold();
        if (summary !== null && summary.rows > 0) log.info({ folded: summary }, 'reports folded');
      } finally {
        lag.note(await waitingReports(store.pool));
      }
    },
  };
}

/**
 * Reports say only in which hour they came, so how long one waits is told by their numbers: those up to the highest that was
 * there at some moment have waited since then at least.
 */
export function createFoldLag(monotonicMs: () => number) {
  let marks: { readonly atMs: number; readonly newestId: number }[] = [];
  return {
    note(waiting: WaitingReports | null): void {
      marks = waiting === null ? [] : marks.filter(({ newestId }) => newestId >= waiting.oldestId);
      if (waiting === null) return;
      if (marks.length >= MOST_MARKS) marks = marks.filter((_, i) => i % 2 === 0);
      if (waiting.newestId > (marks.at(-1)?.newestId ?? -1))
        marks.push({ atMs: monotonicMs(), newestId: waiting.newestId });
    },
    /** How much longer than it is meant to the oldest report has waited, ms; 0 = none has. */
    behindMs: (): number => (marks.length === 0 ? 0 : Math.max(0, monotonicMs() - marks[0].atMs - MEANT_MS)),
  };
}

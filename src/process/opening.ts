// The start of a process in named steps, each with how it is undone. Promises: everything opened is closed, what was opened last
// first, each step within a time limit and whatever the others do; both ways are logged by name and time.
import type { Logger } from 'pino';
import { describeError } from '../http/bug-log.ts';
import { runDown, type Step, type StepDone } from './steps.ts';

/** One step of a stop: a snapshot of 50 million stations is 1.5 GB. All steps together are limited by main.ts. */
const CLOSE_STEP_MS = 8_000;

export type Opening = {
  /** Says that a step of the start is done, and how it is undone. */
  opened(name: string, undo?: Step['run']): void;
  /** Has a step run before all others of a stop; one that is there already moves. */
  closeFirst(step: Step): void;
  /** Milliseconds since the start began. */
  tookMs(): number;
  /** Undoes everything; the second time there is nothing left. Never rejects. */
  close(): Promise<void>;
};

export function beginOpening(log: Logger): Opening {
  const closing: Step[] = [];
  const startedMs = performance.now();
  let lastMs = startedMs;

  function closeFirst(step: Step): void {
    if (closing.includes(step)) closing.splice(closing.indexOf(step), 1);
    closing.unshift(step);
  }

  function closed({ name, tookMs, error }: StepDone): void {
    if (error === undefined) log.info({ step: name, tookMs }, 'closed');
    else log.error({ step: name, tookMs, ...describeError(error) }, 'closing failed');
  }

  return {
    opened(name, undo) {
      log.info({ step: name, tookMs: Math.round(performance.now() - lastMs) }, 'opened');
      lastMs = performance.now();
      if (undo) closeFirst({ name, run: undo });
    },
    closeFirst,
    tookMs: () => Math.round(performance.now() - startedMs),
    close: async () => void (await runDown(closing.splice(0), CLOSE_STEP_MS, closed)),
  };
}

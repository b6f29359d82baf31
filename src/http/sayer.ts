// What goes wrong for every request at once, in the log. Promises: a line now and then, however many ask meanwhile: a store that
// is away must not fill the disk of a machine that works (how many were turned away is in the metrics).
import { type BugLog, describeError } from './bug-log.ts';

const SAY_MS = 10_000;

/** Says that something failed, at most once in ten seconds. */
export function createSayer(log: BugLog, message: string): (error: unknown) => void {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (performance.now() - saidMs < SAY_MS) return;
    saidMs = performance.now();
    log.error(describeError(error), message);
  };
}

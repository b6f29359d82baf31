// What came in, as counts that all server threads add to and the main thread shows: reports and observations kept, and
// drops by reason. Promises: nothing but numbers; a count is exact within the process.
import { type AdmittedReport, DROP_REASONS, type DropReason, type Drops } from './report.ts';

const KEPT = ['reports', 'wifi', 'bluetooth', 'cells'] as const;
const NAMES: readonly string[] = [...KEPT, ...DROP_REASONS];

export type SubmissionCounts = { add(admitted: readonly AdmittedReport[], drops: Drops): void };

/** Counts since the process started. */
type SubmissionSums = {
  readonly kept: Record<(typeof KEPT)[number], number>;
  readonly dropped: Record<DropReason, number>;
};

export function createSubmissionCountMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(NAMES.length * 8);
}

export function openSubmissionCounts(memory: SharedArrayBuffer): SubmissionCounts {
  const cells = new BigInt64Array(memory);
  const increase = (at: number, by: number) => {
    if (by > 0) Atomics.add(cells, at, BigInt(by));
  };
  return {
    add(admitted, drops) {
      increase(0, admitted.length);
      for (let kind = 1; kind < KEPT.length; kind++) {
        increase(
          kind,
          admitted.reduce((n, report) => n + report[KEPT[kind] as 'wifi'].length, 0),
        );
      }
      DROP_REASONS.forEach((reason, i) => {
        increase(KEPT.length + i, drops[reason]);
      });
    },
  };
}

export function sumSubmissionCounts(memory: SharedArrayBuffer): SubmissionSums {
  const cells = new BigInt64Array(memory);
  const read = <T extends string>(names: readonly T[], from: number) =>
    Object.fromEntries(names.map((name, i) => [name, Number(Atomics.load(cells, from + i))])) as Record<T, number>;
  return { kept: read(KEPT, 0), dropped: read(DROP_REASONS, KEPT.length) };
}

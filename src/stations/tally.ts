// Counting what an import read: lines, rows, and why rows were left out. Promises: bounded (three line numbers a reason)
// and nothing of a line's content, so that a summary may be pasted anywhere.

import type { StationBatch } from './columns.ts';
import type { RejectReason } from './station.ts';

/** Line numbers kept for each reason. */
const EXAMPLES = 3;

/** `line` = number of the line read last, from 1; `rows` = lines that should hold a station (no header, not blank). */
export type Tally = {
  line: number;
  rows: number;
  rejected: Partial<Record<RejectReason, number>>;
  examples: Partial<Record<RejectReason, number[]>>;
};

export function createTally(): Tally {
  return { line: 0, rows: 0, rejected: {}, examples: {} };
}

/** Counts the present line as left out. */
export function countReject(tally: Tally, reason: RejectReason): void {
  tally.rejected[reason] = (tally.rejected[reason] ?? 0) + 1;
  tally.examples[reason] ??= [];
  if (tally.examples[reason].length < EXAMPLES) tally.examples[reason].push(tally.line);
}

/** Reads stations out of blocks of whole lines. */
export type RowReader = {
  /** Takes the header, if there is one, at the beginning of a stream; returns the offset of the first row. */
  begin(bytes: Uint8Array, tally: Tally): number;
  /** Reads lines from offset `from` until the block ends or the batch is full; returns the offset of the next line. */
  read(bytes: Uint8Array, from: number, into: StationBatch, tally: Tally): number;
};

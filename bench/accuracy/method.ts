// What the bench compares: a method learns a map from scans, in the order of their time, and answers for others. A data set
// says which scans are which. Promises: a method never sees the position of what it is asked.

import type { Scan } from './traces.ts';

/** A position in degrees with the radius that should hold the truth in 95 of 100 cases. */
export type Answer = { lat: number; lon: number; accuracyM: number };

export type Method = {
  name: string;
  learn(scans: readonly Scan[]): void;
  /** Where the phone of this scan is; null = says nothing. Reads wifi, cells, timeMs; never lat and lon. */
  locate(scan: Scan): Answer | null;
};

export type DataSet = { name: string; kind: 'wifi' | 'cell'; learn: Scan[]; test: Scan[] };

// What the index's writer and its readers share: a structured-cloneable handle to begin with, and updates whenever a
// shard moved to new memory. Readers that miss an update keep answering from the frozen old memory, never wrongly mixed.
import type { IndexSeed } from './index-hash.ts';

/** Words of the control buffer. */
export const CONTROL = {
  /** Stations in the index. */
  size: 0,
  /** Number of the last published update; a reader that has seen a lower one has an update waiting at its port. */
  generation: 1,
} as const;
export const CONTROL_BYTES = 8;

/** Everything a thread needs to open a reader; post it as it is (workerData, postMessage). */
export type StationIndexHandle = {
  readonly seed: IndexSeed;
  readonly control: SharedArrayBuffer;
  /** Memory of each shard at `generation`. */
  readonly shards: readonly SharedArrayBuffer[];
  readonly generation: number;
};

/** Shards that moved to new memory. */
export type StationIndexUpdate = {
  readonly generation: number;
  readonly shards: readonly { readonly shard: number; readonly buffer: SharedArrayBuffer }[];
};

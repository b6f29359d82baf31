// The resident index of this process and what keeps it a copy of the store: opened complete, snapshot on disk, followed
// until the end. Where the file lies and what operators see of it is decided here; the rest is stations/feed.ts.
import { join } from 'node:path';
import { type FeedLog, followStore } from '../stations/feed.ts';
import { createStationIndex, type StationIndex } from '../stations/index-writer.ts';
import type { Store } from '../storage/open.ts';
import type { AtRest } from './at-rest.ts';

/** Where the index leaves its snapshot. */
export const snapshotPath = (dataDir: string): string => join(dataDir, 'stations.index');

export type MapIndex = {
  readonly index: StationIndex;
  state(nowMs: number): { stations: number; bytes: number; snapshotAgeS: number | null; feedLagS: number };
  /** False while the whole store is read anew, as after one that went back in time: answers are missing then. */
  isComplete(): boolean;
  writeSnapshot(): Promise<void>;
  /** Stops following and leaves a snapshot of the end, so that the next start has little to read. */
  stop(): Promise<void>;
};

/**
 * Resolves when everything in the store is in the index. `seed` are 16 secret bytes. Rejects with the signal's reason if that
 * aborts before; an index that is not complete leaves no snapshot.
 */
export async function openMapIndex(
  store: Store,
  dataDir: string,
  seed: Buffer,
  { macs, snapshotKey }: AtRest,
  log: FeedLog,
  signal?: AbortSignal,
): Promise<MapIndex> {
  const index = createStationIndex({ seed: [seed.readInt32LE(0), seed.readInt32LE(4)] });
  const follower = followStore(store, index, {
    ...{ macs, log, now: Date.now },
    snapshot: { path: snapshotPath(dataDir), key: snapshotKey },
  });
  const giveUp = () => void follower.stop();
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  await follower.ready;
  signal?.removeEventListener('abort', giveUp);
  if (signal?.aborted) {
    await follower.stop();
    throw signal.reason;
  }
  return {
    index,
    state(nowMs) {
      const { lagMs, snapshotTakenAt } = follower.status();
      return {
        stations: index.size(),
        bytes: index.memoryBytes(),
        snapshotAgeS: snapshotTakenAt === null ? null : Math.max(0, nowMs - snapshotTakenAt) / 1000,
        feedLagS: lagMs / 1000,
      };
    },
    isComplete: () => follower.status().ready,
    writeSnapshot: () => follower.writeSnapshot(),
    async stop() {
      await follower.stop();
      await follower.writeSnapshot();
    },
  };
}

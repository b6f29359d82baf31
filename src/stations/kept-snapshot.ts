// The snapshot of an index that follows a store: whether a start may begin from it, and when it is written anew. Promises: one that
// the store can't be caught up with from is refused, and the log says why; an index that isn't complete leaves none; one is
// written at a time, and only if something changed since the last or that gets old; one that failed is due again.
import type { Pool } from 'pg';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type { FeedLog } from './feed.ts';
import { positionSince, settleChanges } from './feed-store.ts';
import type { StationIndex } from './index-writer.ts';
import { readSnapshot, type SnapshotFile, writeSnapshot } from './snapshot.ts';
import type { SnapshotAbout } from './snapshot-format.ts';

/** The change feed forgets a removed station when its row is deleted, which happens no sooner than this. */
export const MAX_AGE_MS = 7 * DAY_MS;
/** One that a clock took which ran further ahead looks young for as long again: how old it is nobody knows. */
const MAX_AHEAD_MS = HOUR_MS;

/** Which store the index is a copy of, up to where, in which of its epochs, and when it last was up to there, epoch ms. */
type Followed = {
  readonly store: string;
  readonly position: string;
  readonly epoch: string;
  readonly at: number;
};

type KeptSnapshot = {
  /** Fills the index and says from when and where that is; null if it has to be read from the store. Says in the log why, unless there is none yet. */
  load(store: string): Promise<SnapshotAbout | null>;
  /** The index has what the file hasn't. */
  noteNews(): void;
  takenAt(): number | null;
  /** Rejects with the file system's error. */
  write(): Promise<void>;
  /** Resolves when none is being written; never rejects. */
  written(): Promise<void>;
};

/** `followed` is asked when it is written; null = the index is not complete. Without a file there never is a snapshot. */
export function keepSnapshot(
  file: SnapshotFile | undefined,
  index: StationIndex,
  pool: Pool,
  followed: () => Followed | null,
  { log, now }: { readonly log: FeedLog; readonly now: () => number },
): KeptSnapshot {
  let hasNews = false;
  let takenAt: number | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function load(store: string): Promise<SnapshotAbout | null> {
    if (file === undefined) return null;
    const result = await readSnapshot(file, index, {
      store,
      oldestMs: now() - MAX_AGE_MS,
      newestMs: now() + MAX_AHEAD_MS,
    });
    if (result.kind === 'refused') log.warn({ reason: result.reason }, 'snapshot refused, reading the whole store');
    if (result.kind !== 'loaded') return null;
    if ((await positionSince(pool, result.about.position)).wentBack) {
      log.warn({ reason: 'ahead of the store' }, 'snapshot refused, reading the whole store');
      return null;
    }
    hasNews = false;
    takenAt = result.about.takenAt;
    log.info({ stations: result.stations }, 'index loaded from its snapshot');
    return result.about;
  }

  async function take(into: SnapshotFile): Promise<void> {
    const standing = followed();
    // One whose clock ran ahead is about to be read anew.
    if (standing === null || standing.at > now() + MAX_AHEAD_MS) return;
    const ageMs = takenAt === null ? Number.POSITIVE_INFINITY : now() - takenAt;
    const isFresh = ageMs < MAX_AGE_MS / 2 && ageMs >= -MAX_AHEAD_MS;
    if (isFresh && !hasNews) return;
    const { store, position, epoch, at } = standing;
    // As old as its place: one taken after a month's sleep of the machine, before the feed woke up, would look young.
    const about = { store, position, takenAt: Math.min(at, now()) };
    hasNews = false;
    try {
      await writeSnapshot(into, index, about, () => settleChanges(pool, epoch));
    } catch (error) {
      hasNews = true;
      throw error;
    }
    takenAt = about.takenAt;
  }

  return {
    load,
    noteNews() {
      hasNews = true;
    },
    takenAt: () => takenAt,
    write() {
      if (file === undefined) return Promise.resolve();
      writing = writing.catch(() => {}).then(() => take(file));
      return writing;
    },
    written: () => writing.catch(() => {}),
  };
}

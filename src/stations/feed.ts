// Keeps the resident index a copy of the store. Promises: a change that any process committed is in every thread's answers
// within `pollMs` and the time to read it, however long other transactions stay open; a start reads the snapshot if it is
// good and everything if not, and the log says which and why; a store that fails is tried again, answers go on meanwhile; after
// a crash of PostgreSQL, which may have lost what the index already has, it starts over, from a snapshot that can't hold such;
// so it does when it could not follow, or was not run, for longer than rows of removed stations are sure to be there, and when the
// clock that it told by whose silence is over turns out to have run a day ahead or more.
// A block that ends by time alone changes nothing here: it took the position with it, and the next report writes the row. The
// silence of an access point that moved and was learnt anew does end by time, and is looked for.
import type { Pool } from 'pg';
import type { MacCipher } from '../privacy/mac-cipher.ts';
import { DAY_MS } from '../time/spans.ts';
import { applyRow, FEED_TABLE_NAMES, type FeedTable, MOVED_MS, openAddresses, unpackRows } from './feed-rows.ts';
import {
  allPages,
  blockedPages,
  changedPages,
  currentEpoch,
  currentPosition,
  positionSince,
  storeIdentity,
} from './feed-store.ts';
import { SHARDS } from './index-shards.ts';
import { createStationIndex, type LoadedShard, type StationIndex } from './index-writer.ts';
import { keepSnapshot, MAX_AGE_MS } from './kept-snapshot.ts';
import type { SnapshotFile } from './snapshot.ts';

const POLL_MS = 250;
/** A page takes the store and the event loop some tens of milliseconds. */
const PAGE_ROWS = 10_000;
const RETRY_MS = 1_000;
/** How often it is looked for access points that moved long enough ago to answer again. */
const SILENCE_POLL_MS = 60_000;
const MOVING = ['wifi_stations', 'bluetooth_stations'] as const;

/** What the feed has to say; pino's loggers fit. Only counts and reasons, never values. */
export type FeedLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type FollowOptions = {
  /** Decrypts the addresses of access points and beacons. */
  readonly macs: MacCipher;
  readonly log: FeedLog;
  readonly now: () => number;
  /** File to start from and to write to, and its key. Without one every start reads the whole store. */
  readonly snapshot?: SnapshotFile;
  readonly pollMs?: number;
  readonly pageRows?: number;
};

type FeedStatus = {
  /** Everything that was in the store at the start is in the index; false again while all of it is read anew. */
  readonly ready: boolean;
  /** No change older than this is missing; infinite before the first look. */
  readonly lagMs: number;
  readonly snapshotTakenAt: number | null;
};

export type StoreFollower = {
  /** Resolves when the index is complete for the first time, or the follower was stopped. Never rejects. */
  readonly ready: Promise<void>;
  status(): FeedStatus;
  /** Writes the snapshot, if there is a file and anything changed since the last one, or that gets old. Rejects with the file system's error. */
  writeSnapshot(): Promise<void>;
  /** Ends following; resolves when nothing is running any more. Does not write a snapshot. */
  stop(): Promise<void>;
};

/** Fills the index from the snapshot or the store and follows the store from then on, until stopped. */
export function followStore(
  store: { readonly pool: Pool },
  index: StationIndex,
  options: FollowOptions,
): StoreFollower {
  const { log, now } = options;
  const { pool } = store;
  const pageRows = options.pageRows ?? PAGE_ROWS;
  const pollMs = options.pollMs ?? POLL_MS;
  let identity: string | null = null;
  let position: string | null = null;
  let epoch = '';
  let caughtUpAt: number | null = null;
  /** The latest time by which it was told whose silence is over, ms. */
  let toldBy = Number.NEGATIVE_INFINITY;
  /** Until when silences that end by time were ended, ms. */
  let silencesEndedAt = 0;
  let stopped = false;
  let wake = (): void => {};
  let becomeReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const snapshot = keepSnapshot(
    options.snapshot,
    index,
    pool,
    () =>
      identity === null || position === null || caughtUpAt === null
        ? null
        : { store: identity, position, epoch, at: caughtUpAt },
    options,
  );

  /** Applies pages of a table until they end or the follower is stopped. Returns how many rows there were. */
  async function applyPages(table: FeedTable, pages: AsyncIterable<Buffer>, into = index): Promise<number> {
    let rows = 0;
    for await (const page of pages) {
      const appliedAt = now();
      toldBy = Math.max(toldBy, appliedAt);
      openAddresses(table, page, options.macs);
      unpackRows(table, page, (row) => {
        applyRow(into, table, row, appliedAt);
        rows++;
      });
      if (page.length > 0) snapshot.noteNews();
      if (stopped) break;
    }
    return rows;
  }

  /**
   * Reads everything. What changes meanwhile is seen by the first look at the changes, from the place before. An index that
   * answers goes on as it is until another is full: emptied, it would say of every phone that it can't be found.
   */
  async function loadAll(): Promise<void> {
    const startedAt = now();
    const start = await currentPosition(pool);
    const expected = index.size();
    const into = expected > 0 ? createStationIndex({ seed: index.seed, expected }) : index;
    let rows = 0;
    for (const table of FEED_TABLE_NAMES) {
      rows += await applyPages(table, allPages(pool, table, pageRows), into);
      if (stopped) return;
    }
    if (into !== index) index.replace(shardsOf(into));
    position = start;
    silencesEndedAt = startedAt;
    log.info({ rows, stations: index.size(), tookMs: now() - startedAt }, 'index read from the store');
  }

  async function open(): Promise<void> {
    identity = await storeIdentity(pool);
    // Before anything is read: what is read in another epoch is read again.
    epoch = await currentEpoch(pool);
    caughtUpAt = null;
    toldBy = Number.NEGATIVE_INFINITY;
    const loaded = await snapshot.load(identity);
    if (loaded === null) return await loadAll();
    position = loaded.position;
    // Also what a version before this one, which did not look, left silent.
    silencesEndedAt = loaded.takenAt - MOVED_MS;
  }

  async function applyChanges(from: string): Promise<void> {
    const lookedAt = now();
    const sinceMs = caughtUpAt === null ? 0 : lookedAt - caughtUpAt;
    const ranAhead = Math.max(toldBy - lookedAt, -sinceMs) > DAY_MS;
    if (ranAhead || sinceMs >= MAX_AGE_MS) {
      const what = ranAhead ? 'the clock had run ahead' : 'the store was away for so long that rows may be gone';
      log.error({}, `${what}: starting over`);
      position = null;
      await snapshot.written();
      return;
    }
    const to = await positionSince(pool, from);
    if (to.wentBack || to.epoch !== epoch) {
      const what = to.wentBack ? 'went back in time (restored?)' : 'recovered from a crash, or was replaced';
      log.error({}, `the store ${what}: starting over`);
      position = null;
      await snapshot.written();
      // After a crash nearly all of it is still right, and answers go on until it is replaced.
      if (to.wentBack) index.clear();
      return;
    }
    if (to.position !== from) {
      for (const table of FEED_TABLE_NAMES) {
        await applyPages(table, changedPages(pool, table, from, to.position, pageRows));
        if (stopped) return;
      }
      position = to.position;
    }
    if (lookedAt - silencesEndedAt >= SILENCE_POLL_MS) await endSilences(lookedAt);
    caughtUpAt = lookedAt;
    becomeReady();
  }

  /** Applies again what was silent because it had moved, and is so no longer. */
  async function endSilences(nowMs: number): Promise<void> {
    const blocked = { afterMs: silencesEndedAt - MOVED_MS, untilMs: nowMs - MOVED_MS, pageRows };
    for (const table of MOVING) {
      await applyPages(table, blockedPages(pool, table, blocked));
      if (stopped) return;
    }
    silencesEndedAt = nowMs;
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function follow(): Promise<void> {
    let failures = 0;
    while (!stopped) {
      try {
        if (position === null) await open();
        else {
          await applyChanges(position);
          if (!stopped) await pause(pollMs);
        }
        if (failures > 0) log.info({ failures }, 'the store answers again');
        failures = 0;
      } catch (error) {
        if (failures++ === 0)
          log.error({ code: (error as { code?: string }).code }, 'the store does not answer the feed');
        if (!stopped) await pause(RETRY_MS);
      }
    }
    becomeReady();
  }

  const following = follow();
  return {
    ready,
    status: () => ({
      ready: caughtUpAt !== null && position !== null,
      lagMs: caughtUpAt === null ? Number.POSITIVE_INFINITY : now() - caughtUpAt,
      snapshotTakenAt: snapshot.takenAt(),
    }),
    writeSnapshot: snapshot.write,
    async stop() {
      stopped = true;
      wake();
      await following;
      await snapshot.written();
    },
  };
}

function shardsOf(index: StationIndex): LoadedShard[] {
  return Array.from({ length: SHARDS }, (_, shard) => index.shard(shard));
}

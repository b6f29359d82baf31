// Answers without a device token are counted, never written down one by one: a row each would make the ledger a track of
// whoever is behind an address. Promises: a count is in the store within about a second, or at the stop; a store that is away
// keeps them here and gets them later; a killed process loses the last second's.
import type { Kind } from './entry.ts';
import type { CountRow } from './store.ts';

export type DisclosureCounts = {
  /** Counts one answer to an application in a tick. */
  note(application: string, tick: number, outcome: Kind): void;
  /** Writes what is left; rejects if the store does not take it. */
  stop(): Promise<void>;
};

const FLUSH_MS = 1_000;

/** `add` writes counts down; what it rejects with is told to `onError` and the counts are tried again. */
export function createDisclosureCounts(
  add: (rows: readonly CountRow[]) => Promise<void>,
  onError: (error: unknown) => void,
): DisclosureCounts {
  let counts = new Map<string, Map<number, number>>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function note(application: string, tick: number, outcome: Kind, by = 1): void {
    let own = counts.get(application);
    if (own === undefined) {
      own = new Map();
      counts.set(application, own);
    }
    const cell = tick * 16 + outcome;
    own.set(cell, (own.get(cell) ?? 0) + by);
    timer ??= setTimeout(() => {
      flushing = flush().catch(onError);
    }, FLUSH_MS);
  }

  async function flush(): Promise<void> {
    timer = undefined;
    const rows: CountRow[] = [];
    for (const [application, own] of counts)
      for (const [cell, count] of own)
        rows.push({ application, tick: Math.floor(cell / 16), outcome: (cell % 16) as Kind, count });
    if (rows.length === 0) return;
    counts = new Map();
    try {
      await add(rows);
    } catch (error) {
      for (const row of rows) note(row.application, row.tick, row.outcome, row.count);
      throw error;
    }
  }

  return {
    note: (application, tick, outcome) => note(application, tick, outcome),
    async stop() {
      clearTimeout(timer);
      await flushing;
      clearTimeout(timer);
      await flush();
    },
  };
}

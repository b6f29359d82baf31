// Rows that nobody waits for, on their way to the store: added up in memory, written in batches. Promises: a row is in the store within
// about a second, or at the stop; a store that is away gets it later, or, past the bound, never; after the stop nothing is tried
// again, so that nothing of it outlives whoever stopped it. A killed process loses the last second's.

type WriteBehind<Row> = {
  /** Takes a row; one that comes after the stop is nobody's. Synchronous. */
  add(row: Row): void;
  /** Writes what is left, once; rejects if the store does not take it. */
  stop(): Promise<void>;
};

export type RowRule<Row> = {
  /** Rows of one key are written as one. */
  keyOf(row: Row): string;
  sum(before: Row, row: Row): Row;
  /** Rows that wait at most, all of different keys. */
  readonly maxWaiting: number;
};

const FLUSH_MS = 1_000;

/** `write` puts rows into the store; what it rejects with is told to `onError`, and they are tried again. */
export function createWriteBehind<Row>(
  { keyOf, sum, maxWaiting }: RowRule<Row>,
  write: (rows: readonly Row[]) => Promise<void>,
  onError: (error: unknown) => void,
): WriteBehind<Row> {
  let waiting = new Map<string, Row>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  let isStopped = false;

  function add(row: Row): void {
    const key = keyOf(row);
    const before = waiting.get(key);
    if (before === undefined && waiting.size >= maxWaiting) return;
    waiting.set(key, before === undefined ? row : sum(before, row));
    if (isStopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      flushing = flushing.then(flush).catch(onError);
    }, FLUSH_MS);
  }

  async function flush(): Promise<void> {
    if (waiting.size === 0) return;
    const taken = [...waiting.values()];
    waiting = new Map();
    try {
      await write(taken);
    } catch (error) {
      for (const row of taken) add(row);
      throw error;
    }
  }

  return {
    add,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      // What is being written may yet come back to wait.
      await flushing;
      await flush();
    },
  };
}

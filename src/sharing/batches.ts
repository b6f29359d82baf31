// Group commit: requests that need the store wait until the batch before theirs is done, then go together. Promises: every
// request settles exactly once; while one batch is under way the next gathers; a batch that fails fails its own members and
// nobody else; no more than `maxWaiting` wait, the rest are turned away at once.

export type Batches<Ask, Outcome> = {
  /** Resolves to what `decide` says of it, rejects if its batch fails or too many wait. */
  add(ask: Ask): Promise<Outcome>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
};

type Waiting<Ask, Outcome> = {
  readonly ask: Ask;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
};

/** Less than a transaction takes. */
const GATHER_MS = 1;

/** `decide` resolves to one outcome for each ask, in their order. */
export function createBatches<Ask, Outcome>(
  decide: (asks: readonly Ask[]) => Promise<readonly Outcome[]>,
  maxBatch: number,
  maxWaiting: number,
): Batches<Ask, Outcome> {
  let waiting: Waiting<Ask, Outcome>[] = [];
  let isRunning = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    isRunning = true;
    // What comes in with the same turn of the loop goes along.
    await new Promise(setImmediate);
    let before = 0;
    while (waiting.length > 0) {
      // Whoever was answered just now asks again at once: without a moment for that, batches of all and of one would alternate.
      if (waiting.length < before) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      before = batch.length;
      try {
        const outcomes = await decide(batch.map((one) => one.ask));
        for (let i = 0; i < batch.length; i++) batch[i].resolve(outcomes[i]);
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    isRunning = false;
  }

  return {
    add(ask) {
      if (waiting.length >= maxWaiting) return Promise.reject(new Error('too many requests wait for the store'));
      return new Promise((resolve, reject) => {
        waiting.push({ ask, resolve, reject });
        if (!isRunning) running = run();
      });
    },
    idle: () => running,
  };
}

// Group commit: requests that need the store wait until the batch before theirs is decided, then go together. Promises: every
// request settles exactly once; while one batch is decided the next gathers, and it sets out while that one becomes durable;
// a batch that fails fails its own members and nobody else; no more than `maxWaiting` wait, the rest are turned away at once; and who has
// not set out after some seconds, behind a batch that waits itself, is turned away with nothing done.

type Batches<Ask, Outcome> = {
  /** Resolves to what `decide` says of it, rejects if its batch fails or too many wait. */
  add(ask: Ask): Promise<Outcome>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
};

type Waiting<Ask, Outcome> = {
  readonly ask: Ask;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
  /** When it came, in turns of WAIT_TURN_MS. */
  readonly turn: number;
};

/** Who waits is looked at so often, while anybody does. */
const WAIT_TURN_MS = 1_000;
/** With the 12 s that their own batch may take (storage/pool.ts), nobody waits for more than 18 s; as a rule a batch takes milliseconds. */
const MAX_WAIT_TURNS = 5;

/** Requests decided together: the ledger's lock is held for about this many times 20 us. */
const MAX_BATCH = 256;
/** Requests waiting in a thread; a store that is this far behind is as good as away. */
const MAX_WAITING = 4_096;
/** Less than a transaction takes. */
const GATHER_MS = 1;
/** Batches that cost little more than one request: after these nobody is waited for. */
const SMALL = 32;

/**
 * Decides a batch: one outcome for each ask, in their order. `sent` is called once all that is left is to hear from the
 * store that it is durable; who never calls it has the next batch wait until this one is done.
 */
export type DecideBatch<Ask, Outcome> = (asks: readonly Ask[], sent: () => void) => Promise<readonly Outcome[]>;

export function createBatches<Ask, Outcome>(
  decide: DecideBatch<Ask, Outcome>,
  maxBatch = MAX_BATCH,
  maxWaiting = MAX_WAITING,
): Batches<Ask, Outcome> {
  let waiting: Waiting<Ask, Outcome>[] = [];
  let isRunning = false;
  let running: Promise<void> = Promise.resolve();
  let turn = 0;
  let isLooking = false;

  /** Turns away who has waited for too long; the oldest come first. */
  function look(): void {
    turn++;
    let late = 0;
    while (late < waiting.length && turn - waiting[late].turn > MAX_WAIT_TURNS) late++;
    for (const one of waiting.splice(0, late)) one.reject(new Error('the store kept the batch before for too long'));
    isLooking = false;
    if (waiting.length > 0) lookSoon();
  }

  function lookSoon(): void {
    isLooking = true;
    setTimeout(look, WAIT_TURN_MS).unref();
  }

  async function run(): Promise<void> {
    isRunning = true;
    // What comes in with the same turn of the loop goes along.
    await new Promise(setImmediate);
    let before: Promise<void> = Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      const settledBefore = before;
      const sent = new Promise<void>((resolve) => {
        before = settle(batch, resolve);
      });
      await Promise.race([sent, before]);
      // Of the batch before the last one the outcome is known by now, or will be in a moment: never more than two are under way.
      await settledBefore;
      if (waiting.length >= batch.length / 2) continue;
      await before;
      // Whoever was answered just now asks again at once: without a moment for that, batches of all and of one would alternate.
      if (batch.length > SMALL && waiting.length > 0 && waiting.length < batch.length)
        await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    }
    isRunning = false;
  }

  /** Resolves once every member of the batch has settled. */
  async function settle(batch: readonly Waiting<Ask, Outcome>[], sent: () => void): Promise<void> {
    try {
      const outcomes = await decide(
        batch.map((one) => one.ask),
        sent,
      );
      for (let i = 0; i < batch.length; i++) batch[i].resolve(outcomes[i]);
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  }

  return {
    add(ask) {
      if (waiting.length >= maxWaiting) return Promise.reject(new Error('too many requests wait for the store'));
      return new Promise((resolve, reject) => {
        waiting.push({ ask, resolve, reject, turn });
        if (!isLooking) lookSoon();
        if (!isRunning) running = run();
      });
    },
    idle: () => running,
  };
}

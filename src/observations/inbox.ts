// From admitted reports to durable rows: many calls share one insert (group commit). Promises: `put` resolves true only when
// the call's rows are in the store; false, at once, when too much is waiting already; it rejects if the store failed, and
// then nothing of the call is acknowledged. Rows of all calls in a batch are shuffled, so that their order tells nothing
// about who sent what. One insert runs at a time: what arrives meanwhile waits for at most one insert and rides the next.
import { encodeReport } from './payload.ts';
import type { Provenance } from './provenance.ts';
import type { AdmittedReport } from './report.ts';
import type { PayloadSeal } from './sealed-payload.ts';

/** One row: when (to the hour), by whom (a tag of the day), how far believed, and the packed report, encrypted. */
export type InboxRow = {
  digest: Buffer;
  receivedAtMs: number;
  contributor: number;
  trusted: boolean;
  /** Whose observation it is; default: crowd. */
  provenance?: Provenance;
  payload: Buffer;
};

/** Rows and bytes waiting in one thread beyond which a call is turned away: a second's worth of a slow store. */
export const MAX_WAITING_ROWS = 20_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Rows in one insert, unless one call alone has more: about 30 ms on PGlite, whose other users wait that long. */
export const MAX_BATCH_ROWS = 2_000;

export type Inbox = {
  /** Rows of one call. True = durable, false = too much waiting; rejects with the store's error. */
  put(rows: readonly InboxRow[]): Promise<boolean>;
  /** Rows waiting or being written. */
  waiting(): number;
  /** Resolves when everything put so far has been written or has failed. */
  flushed(): Promise<void>;
};

type InboxDeps = {
  readonly insert: (rows: readonly InboxRow[]) => Promise<void>;
  /** Uniform random integers in [0, 2^32), as many as the array holds. */
  readonly fillRandom: (into: Uint32Array) => void;
};

/** Who sent a call, for one day: a tag, and the day's key that made it. */
type Contributor = {
  readonly tag: number;
  readonly dayKey: Uint8Array;
  readonly trusted: boolean;
  readonly provenance?: Provenance;
};

/**
 * Packs and encrypts the reports of one call. The digest is keyed by the day's key too: once that is deleted, nobody can try
 * out tags on it.
 */
export function packRows(
  reports: readonly AdmittedReport[],
  by: Contributor,
  receivedAtMs: number,
  payloads: PayloadSeal,
): InboxRow[] {
  const envelope = { receivedAtMs, contributor: by.tag, trusted: by.trusted };
  const { provenance } = by;
  return reports.map((report) => ({
    ...envelope,
    provenance,
    ...payloads.seal(envelope, by.dayKey, encodeReport(report)),
  }));
}

type Call = { rows: readonly InboxRow[]; resolve: (stored: boolean) => void; reject: (error: unknown) => void };

export function createInbox({ insert, fillRandom }: InboxDeps): Inbox {
  let queue: Call[] = [];
  let waitingRows = 0;
  let waitingBytes = 0;
  let running: Promise<void> | null = null;

  function put(rows: readonly InboxRow[]): Promise<boolean> {
    if (rows.length === 0) return Promise.resolve(true);
    const bytes = sizeOf(rows);
    if (waitingRows + rows.length > MAX_WAITING_ROWS || waitingBytes + bytes > MAX_WAITING_BYTES)
      return Promise.resolve(false);
    waitingRows += rows.length;
    waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      queue.push({ rows, resolve, reject });
      running ??= drain();
    });
  }

  async function drain(): Promise<void> {
    // Whatever else arrives in this turn of the event loop goes into the first batch.
    await Promise.resolve();
    while (queue.length > 0) {
      const calls = takeBatch();
      const rows = shuffle(
        calls.flatMap((call) => call.rows),
        fillRandom,
      );
      try {
        await insert(rows);
        for (const call of calls) call.resolve(true);
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
      waitingRows -= rows.length;
      waitingBytes -= sizeOf(rows);
    }
    // In the same turn in which nothing was found waiting: who puts a moment later, told of its last call, would wait for nobody.
    running = null;
  }

  /** The oldest calls that fit one batch, at least one. */
  function takeBatch(): Call[] {
    let rows = 0;
    let n = 0;
    while (n < queue.length && (n === 0 || rows + queue[n].rows.length <= MAX_BATCH_ROWS))
      rows += queue[n++].rows.length;
    const calls = queue.slice(0, n);
    queue = queue.slice(n);
    return calls;
  }

  return { put, waiting: () => waitingRows, flushed: () => running ?? Promise.resolve() };
}

function sizeOf(rows: readonly InboxRow[]): number {
  let bytes = 0;
  for (const row of rows) bytes += row.payload.length + 64;
  return bytes;
}

/** Fisher and Yates's shuffle of a copy. 32 random bits over at most thousands of places: biased by less than 1e-6. */
function shuffle<T>(items: readonly T[], fillRandom: (into: Uint32Array) => void): T[] {
  const shuffled = [...items];
  const random = new Uint32Array(shuffled.length);
  fillRandom(random);
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random[i] % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
}

// Which access points were reported with a name that refuses: the proof that removal of one waits for. Promises: what a call
// brought is durable before the call is answered; calls that come together are written together; names are not kept, addresses only
// until they are written, hashed. Bounded: of a call that brings more than any neighbourhood has, the rest is left out, and a call for
// which there is no room fails.

/** Addresses noted of one call; more are no neighbourhood. */
export const MAX_NOTED = 2_000;
/** Addresses that wait to be written, of all calls. */
export const MAX_WAITING = 5 * MAX_NOTED;

export type RefusalNotes = {
  /** Resolves once they are written, rejects if they could not be. */
  note(macs: Iterable<number>): Promise<void>;
  /** Resolves when nothing is being written. */
  flush(): Promise<void>;
};

export function createRefusalNotes(write: (macs: readonly number[]) => Promise<void>): RefusalNotes {
  const waiting = new Set<number>();
  let next: Promise<void> | null = null;
  let writing: Promise<void> = Promise.resolve();

  /** Behind the write that is under way, with everything that comes until then. */
  async function writeWaiting(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    const macs = [...waiting];
    waiting.clear();
    next = null;
    await write(macs);
  }

  return {
    async note(macs) {
      const own = new Set<number>();
      for (const mac of macs) if (mac > 0 && own.size < MAX_NOTED) own.add(mac);
      if (own.size === 0) return;
      if (waiting.size + own.size > MAX_WAITING) throw new Error('too many refusals wait to be written');
      for (const mac of own) waiting.add(mac);
      if (next === null) {
        next = writeWaiting(writing);
        writing = next;
      }
      await next;
    },
    async flush() {
      await writing.catch(() => {});
    },
  };
}

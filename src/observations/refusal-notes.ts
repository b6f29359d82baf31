// Which access points were reported with a name that refuses: the proof that removal of one waits for. Promises: bounded and
// lossy on purpose (a report is not held up for it, and the next phone that passes brings it again); names are not kept,
// addresses only until the next write, which hashes them.

/** Addresses kept until the next write; more in so short a time is no neighbourhood. */
export const MAX_NOTED = 2_000;
/** Well within the minute in which a removal takes effect. */
const WRITE_MS = 2_000;

export type RefusalNotes = {
  note(macs: Iterable<number>): void;
  /** Writes what is noted, now. */
  flush(): Promise<void>;
};

export function createRefusalNotes(write: (macs: readonly number[]) => Promise<void>): RefusalNotes {
  const noted = new Set<number>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const macs = [...noted];
    noted.clear();
    if (macs.length > 0) await write(macs);
  }

  return {
    note(macs) {
      for (const mac of macs) if (mac > 0 && noted.size < MAX_NOTED) noted.add(mac);
      if (noted.size > 0) timer ??= setTimeout(() => flush().catch(() => {}), WRITE_MS).unref();
    },
    flush,
  };
}

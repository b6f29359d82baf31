// Refusals that the ledger has: one row a device, application, purpose and tick, so that a phone that asks on adds nothing.
// Promises: nothing counts as noted before its row is durable; a batch that is decided meanwhile may write one more.
import type { Named } from './subjects-store.ts';

/** Those of one batch. */
export type Notes = {
  isNoted(device: string, ask: Named): boolean;
  /** Its rows are durable. */
  keep(): void;
};

/** Begins a batch of a tick. */
export function createRefusalNotes(): (tick: number) => Notes {
  let noted = new Set<string>();
  let notedTick = -1;
  return (tick) => {
    if (tick !== notedTick) noted = new Set();
    notedTick = tick;
    const ofTick = noted;
    const fresh = new Set<string>();
    return {
      isNoted(device, { application, purpose }) {
        const name = `${device} ${application} ${purpose}`;
        if (ofTick.has(name) || fresh.has(name)) return true;
        fresh.add(name);
        return false;
      },
      keep() {
        for (const name of fresh) ofTick.add(name);
      },
    };
  };
}

// Where devices are counted, on its way to the store: noted in memory, written in batches. Promises: `note` is synchronous and
// costs a map entry; what waits is bounded; a store that is away gets it later, or, past the bound, never: a count may be too
// low, no answer waits for it. A killed process loses the last second's.

import { SUPPRESSED } from '../../privacy/anonymity-map.ts';
import { TICK_MS } from '../../privacy/coarse-state.ts';
import { windowOf } from '../../privacy/count-rule.ts';
import type { RegionKey } from '../../privacy/region-key.ts';

/** A device was in a region in so many ticks of a window. */
export type Visit = {
  readonly window: number;
  readonly device: string;
  readonly region: RegionKey;
  readonly ticks: number;
};

export type Visits = {
  /**
   * Notes the region that a device is told to be in; said again within its tick, by another application, it adds nothing.
   * Not for devices that are restricted, have objected, are
   * marked as a child's, or a child's without parental consent: the store is asked about the first three again.
   */
  note(device: string, region: RegionKey, nowMs: number): void;
  /** Writes what is left; rejects if the store does not take it. */
  stop(): Promise<void>;
};

const FLUSH_MS = 1_000;
/** Devices that wait for the store: 20,000 are a busy gateway's minute, 4 MB. */
export const MAX_WAITING = 20_000;

/** Devices of a tick that are remembered as noted; past it some are noted twice, which moves no count but where they were most. */
const MAX_NOTED = 200_000;

/** `write` puts visits into the store; what it rejects with is told to `onError`, and they are tried again. */
export function createVisits(
  write: (visits: readonly Visit[]) => Promise<void>,
  onError: (error: unknown) => void,
): Visits {
  let waiting = new Map<string, Visit>();
  let noted = new Set<string>();
  let notedTick = -1;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function add(visit: Visit): void {
    const key = `${visit.window} ${visit.region} ${visit.device}`;
    const before = waiting.get(key);
    if (before === undefined && waiting.size >= MAX_WAITING) return;
    waiting.set(key, before === undefined ? visit : { ...visit, ticks: before.ticks + visit.ticks });
    timer ??= setTimeout(() => {
      flushing = flush().catch(onError);
    }, FLUSH_MS);
  }

  async function flush(): Promise<void> {
    timer = undefined;
    if (waiting.size === 0) return;
    const taken = [...waiting.values()];
    waiting = new Map();
    try {
      await write(taken);
    } catch (error) {
      for (const visit of taken) add(visit);
      throw error;
    }
  }

  return {
    note(device, region, nowMs) {
      const tick = Math.floor(nowMs / TICK_MS);
      if (tick !== notedTick || noted.size >= MAX_NOTED) noted = new Set();
      notedTick = tick;
      if (region === SUPPRESSED || noted.has(device)) return;
      noted.add(device);
      add({ window: windowOf(nowMs), device, region, ticks: 1 });
    },
    async stop() {
      clearTimeout(timer);
      await flushing;
      clearTimeout(timer);
      await flush();
    },
  };
}

// Where devices are counted, on its way to the store. Promises: `note` is synchronous and costs a map entry; what waits
// (storage/write-behind.ts) is bounded: a count may be too low, no answer waits for it.
import { SUPPRESSED } from '../../privacy/anonymity-map.ts';
import { TICK_MS } from '../../privacy/coarse-state.ts';
import { windowOf } from '../../privacy/count-rule.ts';
import type { RegionKey } from '../../privacy/region-key.ts';
import type { RowRule } from '../../storage/write-behind.ts';

/** A device was in a region in so many ticks of a window. */
export type Visit = {
  readonly window: number;
  readonly device: string;
  readonly region: RegionKey;
  readonly ticks: number;
};

/** Devices that wait for the store: 20,000 are a busy gateway's minute, 4 MB. */
export const MAX_WAITING = 20_000;

/** How visits are added up while they wait. */
export const VISIT_RULE: RowRule<Visit> = {
  keyOf: ({ window, region, device }) => `${window} ${region} ${device}`,
  sum: (before, visit) => ({ ...before, ticks: before.ticks + visit.ticks }),
  maxWaiting: MAX_WAITING,
};

/**
 * Notes the region that a device is told to be in; said again within its tick, by another application, it adds nothing.
 * Not for devices that are restricted, have objected, are
 * marked as a child's, or a child's without parental consent: the store is asked about the first three again.
 */
export type NoteVisit = (device: string, region: RegionKey, nowMs: number) => void;

/** Devices of a tick that are remembered as noted; past it some are noted twice, which moves no count but where they were most. */
const MAX_NOTED = 200_000;

/** `add` takes a visit to the store, by and by. */
export function createNoteVisit(add: (visit: Visit) => void): NoteVisit {
  let noted = new Set<string>();
  let notedTick = -1;
  return (device, region, nowMs) => {
    const tick = Math.floor(nowMs / TICK_MS);
    if (tick !== notedTick || noted.size >= MAX_NOTED) noted = new Set();
    notedTick = tick;
    if (region === SUPPRESSED || noted.has(device)) return;
    noted.add(device);
    add({ window: windowOf(nowMs), device, region, ticks: 1 });
  };
}

// One call, from parsed JSON to durable rows: read, admit, pack, put. Promises: `stored` means durable; items are worked off
// in slices, so that a batch of a thousand reports never holds up a look-up in the same thread for longer than one slice;
// what was dropped is counted, nothing about the sender goes further than the contributor tag made here.
import { ALL_SOURCES, SOURCE } from '../devices/device-contract.ts';
import { asObject } from '../radio/fields.ts';
import { admit, collectOptOuts, floorToHour } from './admit.ts';
import { contributorTag } from './contributor.ts';
import type { DayKeys } from './day-keys.ts';
import { type Inbox, type InboxRow, packRows } from './inbox.ts';
import type { Provenance } from './provenance.ts';
import { readReport } from './read-report.ts';
import type { RefusalNotes } from './refusal-notes.ts';
import { type AdmittedReport, createDrops, MAX_ITEMS, type Report } from './report.ts';
import type { PayloadSeal } from './sealed-payload.ts';
import type { SubmissionCounts } from './submission-counts.ts';
import { dropSwitchedOff } from './switches.ts';

/** Items worked on before other work gets its turn: about 2 ms at 60 access points an item. */
const SLICE = 32;

export type SubmissionDeps = {
  readonly inbox: Inbox;
  readonly dayKeys: DayKeys;
  readonly payloads: PayloadSeal;
  readonly counts: SubmissionCounts;
  readonly refusals: RefusalNotes;
  readonly now: () => number;
};

/**
 * Who sent it: used to make a tag, then forgotten. `trusted` = a key whose reports count alone; `provenance` is kept. `sources` =
 * what the phone's user left on; without the address all such phones are one contributor.
 */
type Sender = {
  readonly address: string;
  readonly trusted: boolean;
  readonly provenance?: Provenance;
  readonly sources?: number;
};

type SubmissionOutcome = 'stored' | 'malformed' | 'tooLarge' | 'full';

/** Stores what can be learnt from a call. Rejects with the store's error if it could not be made durable. */
export async function submit(body: unknown, sender: Sender, deps: SubmissionDeps): Promise<SubmissionOutcome> {
  const items = asObject(body)?.items;
  if (!Array.isArray(items)) return 'malformed';
  if (items.length > MAX_ITEMS) return 'tooLarge';
  const { sources = ALL_SOURCES } = sender;
  const drops = createDrops();
  const reports: (Report | null)[] = [];
  for (const slice of slices(items)) {
    for (const item of slice) {
      const report = readReport(item);
      if (report !== null) dropSwitchedOff(report, sources, drops);
      reports.push(report);
    }
    if (items.length > SLICE) await yieldTurn();
  }
  const noted = deps.refusals.note(refusing(reports));
  // Awaited below; until then it is nobody's unhandled rejection.
  noted.catch(() => {});
  const optedOut = collectOptOuts(reports);
  const admitted: AdmittedReport[] = [];
  const rows: InboxRow[] = [];
  const nowMs = deps.now();
  for (const slice of slices(reports)) {
    const kept = admit(slice, nowMs, drops, optedOut);
    if (kept.length === 0) continue;
    const dayKey = await deps.dayKeys.keyFor(nowMs);
    const { trusted, provenance } = sender;
    const address = (sources & SOURCE.ip) === 0 ? '' : sender.address;
    const contributor = { tag: contributorTag(dayKey, address), dayKey, trusted, provenance };
    rows.push(...packRows(kept, contributor, floorToHour(nowMs), deps.payloads));
    admitted.push(...kept);
    if (items.length > SLICE) await yieldTurn();
  }
  // Together, and both before the answer: a proof that was acknowledged is not lost by a crash either.
  const [isStored] = await Promise.all([deps.inbox.put(rows), noted]);
  if (!isStored) return 'full';
  deps.counts.add(admitted, drops);
  return 'stored';
}

/** The list in pieces of SLICE. */
function* slices<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += SLICE) yield list.slice(at, at + SLICE);
}

/** Addresses of networks and beacons whose name says no. */
function refusing(reports: readonly (Report | null)[]): number[] {
  return reports.flatMap((report) =>
    report === null
      ? []
      : [
          ...[...report.wifi, ...report.bluetooth].filter(({ refuses }) => refuses).map(({ mac }) => mac),
          ...report.refusedBeyond,
        ],
  );
}

function yieldTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

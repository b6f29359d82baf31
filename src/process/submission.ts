// The way of reports into the store, as a server thread holds it: its own few connections to the store that the main
// thread opened, the inbox, the day's keys and how much room there is.
import { randomBytes, randomFillSync } from 'node:crypto';
import { type BugLog, describeError } from '../http/bug-log.ts';
import { createDayKeys } from '../observations/day-keys.ts';
import { createInbox } from '../observations/inbox.ts';
import { createRefusalNotes } from '../observations/refusal-notes.ts';
import { createRoom, type Fullness } from '../observations/room.ts';
import type { SubmissionPorts } from '../observations/routes.ts';
import { insertRows, measureInbox } from '../observations/store.ts';
import { openSubmissionCounts } from '../observations/submission-counts.ts';
import { REQUEST_TTL_MS } from '../rights/registry-map.ts';
import type { RemovalPorts } from '../rights/routes.ts';
import { noteRefusals, requestRemoval } from '../rights/store.ts';
import { openPool, REQUEST_CONNECT_MS, REQUEST_QUERY_MS, type StoreAddress } from '../storage/pool.ts';
import { createAtRest } from './at-rest.ts';
import { createDiskOf } from './store-disk.ts';
import { orUnavailable } from './store-loss.ts';

type SubmissionSetup = {
  readonly store: StoreAddress;
  readonly dataDir: string;
  readonly submissionCounts: SharedArrayBuffer;
  readonly barredKey: Uint8Array;
  readonly stationKey: Uint8Array;
};

export function openSubmission(
  setup: SubmissionSetup,
  log: BugLog & { info(facts: object, message: string): void },
): { ports: SubmissionPorts; removals: RemovalPorts; close(): Promise<void> } {
  const lost = (error: Error) => log.error(describeError(error), 'store connection lost');
  const { macs, payloads } = createAtRest(setup.stationKey);
  const { pool, close } = openPool(setup.store, lost, REQUEST_QUERY_MS, false, REQUEST_CONNECT_MS);
  const disk = createDiskOf(pool, setup);
  async function measure() {
    return { ...(await measureInbox(pool)), freeBytes: await disk.freeBytes() };
  }
  function tellRoom(hasRoom: boolean, fullness: Fullness): void {
    if (hasRoom) log.info(fullness, 'reports are taken again');
    else log.error(fullness, 'reports are refused: no room');
  }
  const inbox = createInbox({ insert: (rows) => insertRows(pool, rows), fillRandom: randomFillSync });
  const refusals = createRefusalNotes((refusing) => noteRefusals(pool, refusing, setup.barredKey, Date.now()));
  return {
    removals: {
      request: (mac, nowMs) =>
        orUnavailable(() => requestRemoval(pool, macs, mac, randomBytes(6).toString('hex'), nowMs)),
      ttlMs: REQUEST_TTL_MS,
    },
    ports: {
      refusals,
      inbox,
      dayKeys: createDayKeys(pool, randomBytes, payloads.dayKey),
      payloads,
      counts: openSubmissionCounts(setup.submissionCounts),
      room: createRoom(measure, () => performance.now(), tellRoom),
    },
    async close() {
      await inbox.flushed();
      await refusals.flush().catch(() => {});
      await close();
    },
  };
}

// Published counts, put together for a server thread: where devices are noted, and how partners read what is out.
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { KIND } from '../disclosures/entry.ts';
import { addCounts } from '../disclosures/store.ts';
import { type BugLog, describeError } from '../http/bug-log.ts';
import { readRecipient } from '../partners/registry-store.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { lastReleased, readCounts } from '../sharing/counts/read-store.ts';
import type { CountsPorts } from '../sharing/counts/routes.ts';
import { writeVisits } from '../sharing/counts/visit-store.ts';
import { createNoteVisit, type NoteVisit, VISIT_RULE } from '../sharing/counts/visits.ts';
import { createWriteBehind } from '../storage/write-behind.ts';
import { orUnavailable } from './store-loss.ts';

type CountsSetup = {
  readonly pool: Pool;
  /** What tags of devices are made with, beside their window's salt. */
  readonly pseudonymKey: Uint8Array;
};

export function openCounts(
  { pool, pseudonymKey }: CountsSetup,
  log: BugLog,
): { readonly ports: CountsPorts; readonly noteVisit: NoteVisit; close(): Promise<void> } {
  const onError = (error: unknown) => log.error(describeError(error), 'devices not counted yet');
  const visits = createWriteBehind(
    VISIT_RULE,
    (batch) => writeVisits({ pool, secret: pseudonymKey, random: randomBytes }, batch),
    onError,
  );
  return {
    noteVisit: createNoteVisit(visits.add),
    ports: {
      latest: (nowMs) => orUnavailable(() => lastReleased(pool, nowMs)),
      read: (question, nowMs) => orUnavailable(() => readCounts(pool, question, nowMs)),
      admit: (keyId, nowMs) =>
        orUnavailable(async () => {
          const recipient = await readRecipient(pool, keyId, nowMs);
          if (recipient === null || recipient.suspended || recipient.maxPrecision < 1) return false;
          const tick = Math.floor(nowMs / TICK_MS);
          await addCounts(pool, [{ application: recipient.application, tick, outcome: KIND.counts, count: 1 }]);
          return true;
        }),
    },
    close: () => visits.stop().catch(onError),
  };
}

// Decisions ahead of the ledger's lock. Grants are read with the ledger's head in one snapshot, decided on, and their rows are
// written only if nobody wrote in between: two ways to the store, and nobody waits for this thread's event loop. Promises:
// the same answers and rows as under the lock (decide-store.ts), where everything goes that is not precise, of which more
// than a row is to be written, or whose ledger moved. Nothing that was decided ahead is told, nor is its
// finding used for another decision, before its row is durable.
import type { Pool } from 'pg';
import { geolocatedBy } from '../devices/source-words-contract.ts';
import type { Draft, Drafts } from '../disclosures/drafts.ts';
import { inOneWrite } from '../storage/one-write.ts';
import type { DecideBatch } from './batches.ts';
import {
  type Ask,
  createDecideInOrder,
  DAY_MS,
  type DecideDeps,
  judge,
  keyIdsOf,
  NOTHING,
  type Outcome,
  PRECISE,
} from './decide-store.ts';
import type { LastLocation } from './last-location.ts';
import { DAMAGED, readStanding, type Standing } from './subjects-store.ts';

export type AheadDeps = DecideDeps & { readonly pool: Pool; readonly draft: Drafts };

/** Batches that go under the lock after one that did not get ahead whole: where others write too, the next one wouldn't either. */
const UNDER_LOCK = 16;

/** Decides batches of one thread: ahead of the lock if that may be, under it if not. */
export function createDecideAll(deps: AheadDeps): DecideBatch<Ask, Outcome> {
  const decideInOrder = createDecideInOrder(deps);
  let underLock = 0;
  return async (asks, sent) => {
    if (underLock > 0) {
      underLock--;
      return await decideInOrder(asks, sent);
    }
    const { outcomes, rest } = await decideAhead(deps, asks, sent);
    if (rest.length === 0) return outcomes;
    underLock = UNDER_LOCK;
    const later = await decideInOrder(
      rest.map(({ ask }) => ask),
      sent,
    );
    const all: Outcome[] = [...outcomes];
    for (const [at, { i }] of rest.entries()) all[i] = later[at];
    return all;
  };
}

/** What is left to decide under the lock. */
type Rest = { readonly i: number; readonly ask: Ask };
type Ahead = { readonly outcomes: Outcome[]; readonly rest: readonly Rest[] };

async function decideAhead(deps: AheadDeps, asks: readonly Ask[], sent: () => void): Promise<Ahead> {
  const client = await deps.pool.connect();
  client.on('error', lost);
  let failed = true;
  try {
    const nowMs = deps.now();
    // The head first: whatever is read after it is from its time too, if it is still the head in the end.
    const [standing, recipients] = await inOneWrite(client, () =>
      Promise.all([readStanding(deps, client, asks, nowMs, false), deps.readRecipients(client, keyIdsOf(asks), nowMs)]),
    );
    // From here to the sending of its rows in one turn (drafts.ts).
    const draft = deps.draft(standing.head);
    const located = asks.map(locatedOnce);
    const rest: Rest[] = [];
    const outcomes = located.map((ask, i) => {
      const outcome = decideOne(ask, standing, i, recipients.get(ask.keyId), draft, nowMs);
      if (outcome !== null) return outcome;
      rest.push({ i, ask });
      return NOTHING;
    });
    const writing = draft.write(client);
    if (rest.length === 0) sent();
    const isWritten = await writing;
    failed = false;
    if (!isWritten) return { outcomes, rest: located.map((ask, i) => ({ i, ask })) };
    return { outcomes, rest };
  } finally {
    client.off('error', lost);
    client.release(failed);
  }
}

/** null: only under the lock; so that all ways of being told nothing go the same one, and take as long. */
function decideOne(
  ask: Ask,
  { subjects, policyVersion }: Standing,
  i: number,
  recipient: Parameters<typeof judge>[2] | undefined,
  draft: Draft,
  nowMs: number,
): Outcome | null {
  const subject = subjects[i];
  if (subject === null || subject === DAMAGED || recipient === undefined) return null;
  if (subject.device.lastUsedDay < Math.floor(nowMs / DAY_MS)) return null;
  const { decision, mayKeep, entry } = judge(ask, subject, recipient, policyVersion, nowMs);
  if (decision.outcome !== 'precise' || mayKeep) return null;
  const where = ask.locate(decision.sources);
  if (where === null) return null;
  draft.append({ ...entry, ...PRECISE, detail: geolocatedBy(where.sources) });
  return { kind: 'precise', where, atMs: nowMs };
}

/** Decided anew by the same sources, a phone is not located twice: each time counts against who asks for unknown stations. */
function locatedOnce(ask: Ask): Ask {
  let found: LastLocation | null = null;
  let by = -1;
  return {
    ...ask,
    locate(sources) {
      if (sources !== by) {
        found = ask.locate(sources);
        by = sources;
      }
      return found;
    },
  };
}

/** A connection that is lost between two queries fails the next one; unheard, the event would end the process. */
function lost(): void {}

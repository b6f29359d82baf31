// Decisions ahead of the ledger's lock. Grants are taken as the store has them with the ledger's head in one snapshot, decided on,
// and their rows are written only if nobody wrote in between, and nobody waits for this thread's event loop. Where all was read
// lately they are guessed to be what they were (guess-store.ts), and the statement that writes looks whether they are; else
// they are read first. Promises: the same answers and rows as under the lock (decide-store.ts), where everything goes that is
// not precise, of which more than a row is to be written, or whose ledger moved. Nothing that was decided ahead is told, nor is
// its finding used for another decision, before its row is durable.
import type { ClientBase, Pool } from 'pg';
import { geolocatedBy } from '../devices/source-words-contract.ts';
import type { Draft, Drafts } from '../disclosures/drafts.ts';
import { inOneWrite } from '../storage/one-write.ts';
import { DAY_MS } from '../time/spans.ts';
import type { DecideBatch } from './batches.ts';
import {
  type Ask,
  createDecideInOrder,
  type DecideDeps,
  judge,
  keyIdsOf,
  NOTHING,
  type Outcome,
  PRECISE,
} from './decide-store.ts';
import { createGuesses, type GuessDeps, type Guesses, type Holder } from './guess-store.ts';
import type { LastLocation } from './last-location.ts';
import { createPresented, type Presented } from './presented-store.ts';
import { DAMAGED, readStanding, type Standing } from './subjects-store.ts';

type AheadDeps = Omit<DecideDeps, 'readRecipients'> &
  GuessDeps & {
    readonly pool: Pool;
    readonly draft: Drafts;
    /** Whom keys stand for as the store has it now (partners/registry-store.ts). */
    readonly readRecipients: (
      client: ClientBase,
      keyIds: readonly string[],
      nowMs: number,
    ) => Promise<ReadonlyMap<string, Holder>>;
  };

/** Batches that go under the lock after one that did not get ahead whole: where others write too, the next one wouldn't either. */
const UNDER_LOCK = 16;
/** Batches that read before they write after a guess that was wrong, for the same reason. */
const UNGUESSED = 16;

/** Decides batches of one thread: ahead of the lock if that may be, under it if not. */
export function createDecideAll(deps: AheadDeps, presented = createPresented()): DecideBatch<Ask, Outcome> {
  const decideInOrder = createDecideInOrder(deps, presented);
  const guesses = createGuesses(deps);
  let underLock = 0;
  let unguessed = 0;
  return async (asks, sent) => {
    if (underLock > 0) {
      underLock--;
      return await decideInOrder(asks, sent);
    }
    const located = asks.map(locatedOnce);
    if (unguessed > 0) unguessed--;
    else {
      const guessed = await decideGuessing(deps, guesses, presented, located, sent);
      if (guessed === 'wrong') unguessed = UNGUESSED;
      else if (guessed !== null) return guessed;
    }
    const { outcomes, rest } = await decideReading(deps, guesses, presented, located, sent);
    if (rest.length === 0) return outcomes;
    // Who is shown a phone by a token for the first time says nothing of the next batches.
    if (rest.some(({ isFirst }) => !isFirst)) underLock = UNDER_LOCK;
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
type Rest = { readonly i: number; readonly ask: Ask; readonly isFirst: boolean };
type Ahead = { readonly outcomes: Outcome[]; readonly rest: readonly Rest[] };

/** All of a batch by what the store said before; null if it can't be guessed whole, 'wrong' if that is no longer so. */
async function decideGuessing(
  deps: AheadDeps,
  guesses: Guesses,
  presented: Presented,
  asks: readonly Ask[],
  sent: () => void,
): Promise<Outcome[] | null | 'wrong'> {
  const { draft, now } = deps;
  if (guesses.guess(asks, draft.end(), now()) === null) return null;
  return await withClient(deps, async (client) => {
    // From here to the sending of its rows in one turn (drafts.ts).
    const nowMs = now();
    const guess = guesses.guess(asks, draft.end(), nowMs);
    if (guess === null) return null;
    const rows = draft.upon(guess.standing.head);
    const { outcomes, rest } = decideEach(asks, guess.standing, guess.recipients, presented, rows, nowMs);
    if (rest.length > 0) return null;
    const writing = rows.write(client, guess.unchanged());
    sent();
    return (await writing) ? outcomes : 'wrong';
  });
}

/** By what the store says now. */
function decideReading(
  deps: AheadDeps,
  guesses: Guesses,
  presented: Presented,
  asks: readonly Ask[],
  sent: () => void,
): Promise<Ahead> {
  return withClient(deps, async (client) => {
    const askedMs = deps.now();
    // The head first: whatever is read after it is from its time too, if it is still the head in the end.
    const [standing, recipients] = await inOneWrite(client, () =>
      Promise.all([
        readStanding(deps, client, asks, askedMs, false),
        deps.readRecipients(client, keyIdsOf(asks), askedMs),
      ]),
    );
    guesses.note(standing.policyVersion, recipients);
    // From here to the sending of its rows in one turn (drafts.ts).
    const rows = deps.draft.upon(standing.head);
    // After what was read: on a yes that was said while this was on its way it is shown after it.
    const nowMs = Math.max(askedMs, deps.now());
    const { outcomes, rest } = decideEach(asks, standing, recipients, presented, rows, nowMs);
    const writing = rows.write(client);
    if (rest.length === 0) sent();
    return (await writing)
      ? { outcomes, rest }
      : { outcomes, rest: asks.map((ask, i) => ({ i, ask, isFirst: false })) };
  });
}

/** Drafts rows for whoever is told precisely; the rest is for the lock. */
function decideEach(
  asks: readonly Ask[],
  standing: Standing,
  recipients: ReadonlyMap<string, Holder>,
  presented: Presented,
  rows: Draft,
  nowMs: number,
): Ahead {
  const rest: Rest[] = [];
  const outcomes = asks.map((ask, i) => {
    const outcome = decideOne(ask, standing, i, recipients.get(ask.keyId), presented, rows, nowMs);
    if (outcome !== null && outcome !== FIRST) return outcome;
    rest.push({ i, ask, isFirst: outcome === FIRST });
    return NOTHING;
  });
  return { outcomes, rest };
}

/** Who would be shown a phone by this token for the first time, which is written down with more than a row. */
const FIRST = 'first';

/** null, FIRST: only under the lock; so that all ways of being told nothing go the same one, and take as long. */
function decideOne(
  ask: Ask,
  { subjects, policyVersion }: Standing,
  i: number,
  recipient: Parameters<typeof judge>[2] | undefined,
  presented: Presented,
  rows: Draft,
  nowMs: number,
): Outcome | null | typeof FIRST {
  const subject = subjects[i];
  if (subject === null || subject === DAMAGED || recipient === undefined) return null;
  if (subject.device.lastUsedDay < Math.floor(nowMs / DAY_MS)) return null;
  const { decision, mayKeep, entry } = judge(ask, subject, recipient, policyVersion, nowMs);
  if (decision.outcome !== 'precise' || mayKeep) return null;
  if (!presented.isKept(ask)) return FIRST;
  const where = ask.locate(decision.sources);
  if (where === null) return null;
  rows.append({ ...entry, ...PRECISE, detail: geolocatedBy(where.sources) });
  return { kind: 'precise', where, atMs: nowMs };
}

/** A connection for one batch; others' rows may go by it meanwhile, for which it is held on to, though nobody waits for that. */
async function withClient<T>(
  { pool, draft }: Pick<AheadDeps, 'pool' | 'draft'>,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let failed = true;
  try {
    const result = await work(client);
    failed = false;
    return result;
  } finally {
    const giveBack = () => {
      client.release(failed);
    };
    const clear = draft.clear(client);
    if (clear === null) giveBack();
    else void clear.then(giveBack);
  }
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

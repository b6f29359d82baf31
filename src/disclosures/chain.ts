// Where the ledger is written, but for rows that change nothing (drafts.ts). Whoever writes holds its head row locked until the transaction ends, so rows
// are numbered without gaps in the order of their commits, and everything else done in that transaction happens in that
// order too: a decision to show something and a withdrawal of consent are never concurrent (DESIGN 6.7; stops the
// revocation race, A11). Promises: all of `work` and its rows are durable together, or nothing is.
import type { ClientBase, Pool } from 'pg';
import { chainHash, type LedgerEntry } from './entry.ts';
import { type HmacKey, hmacKey } from './hmac.ts';
import { inOneWrite, type Row, touchHead, writeRows } from './rows-store.ts';
import { LEASE_MS } from './settle.ts';

export type Chain = {
  /** Adds a row; returns its number, good from the commit on. */
  append(entry: LedgerEntry): number;
  /** Moves the ledger's head as a row would, where there is none in the end: whether there is one is not to be seen (rows-store.ts). */
  touch(): void;
  /** True if row `seq` is what was written behind the row of hash `before`. */
  follows(before: Buffer, seq: number, entry: LedgerEntry, hash: Buffer): boolean;
  /**
   * Every replica forgets what it holds of this device (null = of everybody) before the change is acknowledged; with `application`, what
   * it holds for that one: else whoever asks all the time sees by how long an answer takes that somebody else was told yes or no.
   */
  changed(device: string | null, application?: string): void;
};

/**
 * Runs `work` in one transaction under the ledger's lock. Queries of `work` see everything committed before. Resolves once
 * it is durable and, where `changed` was called, in force on every replica; rejects, with nothing done, if `work` does, and with
 * LedgerHeadGone where there is no head.
 * Over connections that pipeline, `sent` is called when all is sent and only the store's word is waited for.
 */
export type InChain = <T>(work: (client: ClientBase, chain: Chain) => Promise<T>, sent?: () => void) => Promise<T>;

/** The row that says where the ledger ends is not there: somebody deleted it, and nothing can be written in order. */
export class LedgerHeadGone extends Error {
  override readonly name = 'LedgerHeadGone';
  constructor() {
    super('the ledger has no head, so nothing can be written in its order: see `honeyguide audit verify`');
  }
}

type ChainDeps = {
  readonly pool: Pool;
  /** 32 bytes. */
  readonly ledgerKey: Uint8Array;
  readonly now: () => number;
  /** Resolves once every replica has forgotten what change number `seq` names, or may not answer from memory any more. */
  readonly settle: (seq: number) => Promise<void>;
  /**
   * Over connections that pipeline: has `work` send its first queries right behind the one that takes the lock, without
   * waiting for its answer. The store runs them once it has it; `work` must await one before it adds a row. Default: `work`
   * starts when the lock is there.
   */
  readonly isEager?: boolean;
};

/**
 * Nobody waits for the lock longer than a phone waits for its answer, and whoever falls silent while holding it (a machine
 * cut off, a process stopped) loses it, with what it had not committed, as soon as it would lose its lease: were it after as long as
 * others wait for the lock, one gateway that was cut off would have the withdrawals on all others fail.
 */
const LOCK = `begin isolation level read committed;
  set local lock_timeout = '10s';
  set local idle_in_transaction_session_timeout = '${LEASE_MS}ms';
  select seq::text, hash from ledger_head for update`;

export function createInChain(deps: ChainDeps): InChain {
  const { pool, ledgerKey, now, settle, isEager = false } = deps;
  const key = hmacKey(ledgerKey);
  return async (work, sent = () => {}) => {
    const { result, settleAt } = await inTransaction(pool, key, now, isEager, work, sent);
    // The connection is back by now: waiting for replicas holds nothing.
    if (settleAt > 0) await settle(settleAt);
    return result;
  };
}

async function inTransaction<T>(
  pool: Pool,
  ledgerKey: HmacKey,
  now: () => number,
  isEager: boolean,
  work: (client: ClientBase, chain: Chain) => Promise<T>,
  sent: () => void,
): Promise<{ result: T; settleAt: number }> {
  const client = await pool.connect();
  let failed = true;
  try {
    const links = createLinks(ledgerKey);
    const result = await underLock(client, links, isEager, () => work(client, links.chain));
    const { written, changes } = links;
    if (changes.length > 0 && written.length === 0) throw new Error('a change of mind needs a row in the ledger');
    const writes = [
      () => (written.length > 0 ? writeRows(client, written) : links.isTouched() ? touchHead(client) : null),
      () => (changes.length > 0 ? announce(client, links.seq(), changes, now()) : null),
      () => commit(client),
    ];
    let writing: Promise<unknown> = Promise.resolve();
    if (isEager) writing = inOneWrite(client, () => Promise.all(writes.map((write) => write())));
    else for (const write of writes) await write();
    sent();
    await writing;
    failed = false;
    return { result, settleAt: changes.length > 0 ? links.seq() : 0 };
  } finally {
    // A connection in a transaction that failed half-way must not be handed to the next one.
    client.release(failed);
  }
}

type Change = { readonly device: string | null; readonly application: string | null };

/** What one transaction adds to the chain, from the head that it found on. */
type Links = {
  readonly chain: Chain;
  readonly written: readonly Row[];
  readonly changes: readonly Change[];
  isTouched(): boolean;
  begin(head: Head): void;
  /** Number of the last row. */
  seq(): number;
};

function createLinks(ledgerKey: HmacKey): Links {
  let seq = Number.NaN;
  let hash: Buffer = Buffer.alloc(0);
  const written: Row[] = [];
  const changes: Change[] = [];
  let isTouched = false;
  return {
    chain: {
      append(entry) {
        if (Number.isNaN(seq)) throw new Error('a row before the lock: read something first');
        seq++;
        hash = chainHash(ledgerKey, hash, seq, entry);
        written.push([seq, hash, entry]);
        return seq;
      },
      touch() {
        isTouched = true;
      },
      follows: (before, number, entry, after) => chainHash(ledgerKey, before, number, entry).equals(after),
      changed: (device, application) => void changes.push({ device, application: application ?? null }),
    },
    ...{ written, changes },
    isTouched: () => isTouched,
    begin(head) {
      seq = Number(head.seq);
      hash = head.hash;
    },
    seq: () => seq,
  };
}

/** Resolves to what `work` says, once it has the lock as well. */
async function underLock<T>(client: ClientBase, links: Links, isEager: boolean, work: () => Promise<T>): Promise<T> {
  const takeLock = () => lock(client, links.begin);
  let locked: Promise<void>;
  let working: Promise<T>;
  if (isEager) {
    [locked, working] = inOneWrite(client, () => [takeLock(), work()]);
    // Heard below, once `work` is done; meanwhile it is nobody's unhandled rejection.
    locked.catch(() => {});
  } else {
    locked = takeLock();
    await locked;
    working = work();
  }
  // Without the lock whatever `work` failed with comes of that.
  const result = await working.catch(async (error) => {
    await locked;
    throw error;
  });
  await locked;
  return result;
}

type Head = { readonly seq: string; readonly hash: Buffer };

/** Begins, and waits for its turn: one way to the store and back. `take` is called before any later query is answered. */
function lock(client: ClientBase, take: (head: Head) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(LOCK, (error: Error | null, results: unknown) => {
      if (error) return reject(error);
      // Several statements in one text have a result each, which the types don't know.
      const [head] = (results as { rows: Head[] }[]).at(-1)!.rows;
      // Thrown here, it would be nobody's and end the thread.
      if (head === undefined) return reject(new LedgerHeadGone());
      take(head);
      resolve();
    });
  });
}

/** A statement whose error somebody swallowed makes the store roll back and say so, without an error. */
async function commit(client: ClientBase): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
}

/**
 * One row per transaction and device would need a key of two columns; a change of several devices is one of everybody, one for several
 * applications one for all.
 */
async function announce(client: ClientBase, seq: number, changes: readonly Change[], at: number): Promise<void> {
  const [{ device, application }] = changes;
  const isOfOne = changes.every((one) => one.device === device);
  const isForOne = isOfOne && changes.every((one) => one.application === application);
  await client.query('insert into privacy_changes (seq, device, application, at) values ($1, $2, $3, $4)', [
    ...[seq, isOfOne ? device : null, isForOne ? application : null, at],
  ]);
}

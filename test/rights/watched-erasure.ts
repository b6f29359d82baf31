// An erasure over connections of its own, each statement of which is looked at before it is sent: what a test counts them
// with, and what a process that is to be killed stops at one of them with. Promises: every statement is told of once, in the
// order of its sending; what waits for other gateways goes past it, because how often that looks is no step of the erasure.
import type { ClientBase } from 'pg';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import { eraseDepsOf } from '../../src/process/rights.ts';
import { advanceErasure, beginErasure, findPerson } from '../../src/rights/erase-store.ts';
import type { Store } from '../../src/storage/open.ts';
import { openPool } from '../../src/storage/pool.ts';

/** The secrets of the installation, in hex: they go to another process. */
export type Keys = { readonly ledger: string; readonly master: string; readonly pseudonyms: string };

/**
 * What becomes of a statement: it is sent; it never is, with everything before it answered; or it is sent and nobody hears
 * the answer.
 */
export type Fate = 'sent' | 'held' | 'unheard';

export function depsOf(pool: Store['pool'], keys: Keys, waiting = pool) {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  const settle = (seq: number) => settleEverywhere(waiting, seq, () => performance.now());
  const inChain = createInChain({ pool, ledgerKey: bytes(keys.ledger), now: Date.now, settle });
  return eraseDepsOf({
    pool,
    inChain,
    masters: masterKeysOf([bytes(keys.master)]),
    pseudonymKey: bytes(keys.pseudonyms),
  });
}

/** Erases a device from wherever it stands; never resolves once a statement was not answered. */
export async function eraseWatched(
  store: Store,
  keys: Keys,
  { device, code }: { readonly device: string; readonly code: string },
  fateOf: (sql: string) => Fate,
): Promise<void> {
  const { pool, close } = openPool(store.address);
  pool.on('connect', (client) => watch(client, fateOf));
  const deps = depsOf(pool, keys, store.pool);
  const person = await findPerson(store.pool, deps.masters, device);
  if (person !== null) await beginErasure(deps, person, 'asked', code);
  await advanceErasure(deps, device);
  await close();
}

const NEVER = new Promise<never>(() => {});

function watch(client: ClientBase, fateOf: (sql: string) => Fate): void {
  const send = client.query.bind(client) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const sql = String(args[0]);
    // A connection's own beginning is no step.
    const fate = sql.startsWith('do $$') ? 'sent' : fateOf(sql);
    if (fate === 'sent') return send(...args);
    if (fate === 'unheard') send(...args.filter((one) => typeof one !== 'function'), () => {});
    return NEVER;
  };
  client.query = watched as ClientBase['query'];
}

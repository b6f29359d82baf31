// The ledger's lock for commands: a change made here is in one order with what running gateways decide, and is in force on
// all of them when the command ends. With secrets that are not the store's nothing is written.
import { createInChain, type InChain } from '../disclosures/chain.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import { keysAtHand, requireOwnKeys } from '../process/key-check.ts';
import type { About } from '../rights/staff-store.ts';
import type { CommandContext } from './context.ts';

/** `about`: as openStore takes it. */
export async function openInChain(context: CommandContext, about?: About): Promise<InChain> {
  const { pool } = await context.openStore(about);
  const keys = keysAtHand(context.config, context.random);
  await requireOwnKeys(pool, keys);
  return createInChain({
    pool,
    ledgerKey: keys.ledgerKey,
    now: context.now,
    settle: (seq) => settleEverywhere(pool, seq, () => performance.now()),
  });
}

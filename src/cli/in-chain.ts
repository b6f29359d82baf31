// The ledger's lock for commands: a change made here is in one order with what running gateways decide, and is in force on
// all of them when the command ends.
import { loadSecrets } from '../config/secrets.ts';
import { createInChain, type InChain } from '../disclosures/chain.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import type { CommandContext } from './context.ts';

export async function openInChain(context: CommandContext): Promise<InChain> {
  const { pool } = await context.openStore();
  const { ledgerKey } = loadSecrets(context.config, context.random);
  return createInChain({
    pool,
    ledgerKey,
    now: context.now,
    settle: (seq) => settleEverywhere(pool, seq, () => performance.now()),
  });
}

// The ledger's lock for commands: a change made here is in one order with what running gateways decide, and is in force on
// all of them when the command ends. With secrets that are not the store's nothing is written.
import { readMasterKeys } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { masterKeysOf } from '../devices/master-keys.ts';
import { createInChain, type InChain } from '../disclosures/chain.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import { requireOwnKeys } from '../process/key-check.ts';
import type { CommandContext } from './context.ts';

export async function openInChain(context: CommandContext): Promise<InChain> {
  const { pool } = await context.openStore();
  const { ledgerKey, stationKey } = loadSecrets(context.config, context.random);
  const masters = masterKeysOf(readMasterKeys(secretsPath(context.config)));
  await requireOwnKeys(pool, { ledgerKey, stationKey, masters });
  return createInChain({
    pool,
    ledgerKey,
    now: context.now,
    settle: (seq) => settleEverywhere(pool, seq, () => performance.now()),
  });
}

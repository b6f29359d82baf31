// The doctor's look at what keeps evidence and erasure honest: that the store refuses to change its evidence, that somebody answers
// for who may do what, and that keys of the erased are not waiting in old dumps for a master key that is still in use.
// Reads only; names nobody and no key.
import type { Pool } from 'pg';
import { readMasterKeys } from '../config/master-keys.ts';
import { secretsPath, secretsProblem } from '../config/secrets.ts';
import { masterKeysOf } from '../devices/master-keys.ts';
import { listStaff } from '../rights/staff-store.ts';
import { unguardedTables } from '../storage/append-only.ts';
import { DAY_MS } from '../time/spans.ts';
import type { CommandContext } from './context.ts';
import type { Finding } from './finding.ts';

/** How long a whole dump made before an erasure may go on opening what was erased: as long as a request may take (GDPR 12(3)). */
const ROTATE_AFTER_DAYS = 30;

export async function checkEvidence(pool: Pool, context: CommandContext): Promise<Finding[]> {
  return [await evidence(pool), await staff(pool), await erasedKeys(pool, context)];
}

async function evidence(pool: Pool): Promise<Finding> {
  const what = 'evidence';
  const open = await unguardedTables(pool);
  if (open.length === 0) return { what, state: 'ok', says: 'the store refuses to change it' };
  const says = `${open.join(', ')} can be changed: the guard is missing or off; honeyguide audit verify says whether the ledger was`;
  return { what, state: 'wrong', says };
}

async function staff(pool: Pool): Promise<Finding> {
  const what = 'staff';
  const active = (await listStaff(pool)).filter((one) => one.endedAt === null);
  const weak = (says: string): Finding => ({ what, state: 'weak', says });
  if (active.length === 0)
    return weak('nobody: the shell is enough to add keys and partners; honeyguide staff add ID --roles admin');
  if (!active.some((one) => one.roles.includes('admin'))) return weak('nobody can add or end staff: no admin is left');
  return { what, state: 'ok', says: `${active.length} with a key of their own` };
}

async function erasedKeys(pool: Pool, { config, now }: CommandContext): Promise<Finding> {
  const what = 'erased keys';
  if (secretsProblem(secretsPath(config)) !== null) return { what, state: 'ok', says: 'no master key is at hand' };
  const masters = masterKeysOf(readMasterKeys(secretsPath(config)));
  const { rows } = await pool.query<{ name: Buffer; n: number }>(
    `select master_key as name, count(*)::int as n from erasures where master_key is not null and started_at < $1 group by 1`,
    [now() - ROTATE_AFTER_DAYS * DAY_MS],
  );
  const n = rows.filter(({ name }) => masters.find(name) !== null).reduce((sum, row) => sum + row.n, 0);
  if (n === 0) return { what, state: 'ok', says: 'none waits long for its master key to end' };
  const says = `${n} devices were erased over ${ROTATE_AFTER_DAYS} days ago under a master key in use: it opens their data in whole dumps from before; honeyguide master-key --help`;
  return { what, state: 'weak', says };
}

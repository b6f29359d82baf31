// The doctor's look at encryption at rest: whether the secrets at hand are those that the store was written with. Reads only;
// names no key.
import type { Pool } from 'pg';
import { loadSecrets, secretsPath, secretsProblem } from '../config/secrets.ts';
import { stationKeyName } from '../privacy/mac-cipher.ts';
import { findForeignKeys, keysAtHand } from '../process/key-check.ts';
import type { CommandContext } from './context.ts';
import type { Finding } from './finding.ts';

export async function checkAtRest(pool: Pool, { config, random }: CommandContext): Promise<Finding> {
  const what = 'at rest';
  const { rows } = await pool.query<{ key: Buffer | null }>('select station_key as key from store_meta');
  const key = rows[0]?.key ?? null;
  if (key === null) return { what, state: 'ok', says: 'nothing encrypted yet: the first start begins' };
  if (secretsProblem(secretsPath(config)) !== null) {
    return { what, state: 'wrong', says: 'encrypted with a stationKey that is not at hand: see secrets' };
  }
  if (key.equals(stationKeyName(loadSecrets(config, random).stationKey))) {
    return { what, state: 'ok', says: 'encrypted with the stationKey at hand' };
  }
  const says = 'encrypted with another stationKey than the one at hand: bring back its secrets file';
  return { what, state: 'wrong', says };
}

/** What of the other secrets is not the store's; nothing if all is, or none are at hand. */
export async function checkKeys(pool: Pool, { config, random }: CommandContext): Promise<Finding[]> {
  if (secretsProblem(secretsPath(config)) !== null) return [];
  const foreign = (await findForeignKeys(pool, keysAtHand(config, random))).filter(({ name }) => name !== 'stationKey');
  return foreign.map(({ name, says }) => ({
    what: name,
    state: 'wrong',
    says: `${says}: bring back its secrets file`,
  }));
}

// Whether the secrets at hand are those that a store was written with. Promises: reads only of the store; a sentence for people and no key;
// asked before anything is written, because a ledger that went on under another key never holds again, and a host of several with
// one secret of its own would do that to all. An empty store goes with any. What can't be told (a ledger whose last rows were all
// tampered with) counts as another key.
import type { ClientBase, Pool } from 'pg';
import type { Config } from '../config/env.ts';
import { readMasterKeys } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { type MasterKeys, masterKeysOf } from '../devices/master-keys.ts';
import { chainHash } from '../disclosures/entry.ts';
import { hmacKey } from '../disclosures/hmac.ts';
import { readEnds, readRows } from '../disclosures/store.ts';
import { stationKeyName } from '../privacy/mac-cipher.ts';

type KeysAtHand = {
  readonly stationKey: Uint8Array;
  readonly ledgerKey: Uint8Array;
  readonly masters: MasterKeys;
};

/** The keys of this configuration; the default secrets file is made if there is none. */
export function keysAtHand(
  config: Pick<Config, 'dataDir' | 'secretsFile'>,
  random: (bytes: number) => Buffer,
): KeysAtHand {
  return { ...loadSecrets(config, random), masters: masterKeysOf(readMasterKeys(secretsPath(config))) };
}

/** Rows looked at: one that was tampered with does not make the key another. */
const LAST_ROWS = 8;
export const BRING_BACK = 'bring back the secrets file it was made with (SECRETS_FILE, or secrets.json in DATA_DIR)';

export const OTHER_STATION_KEY = 'the addresses in this store are encrypted with another stationKey';

/** A key that is not the store's, and what that means, in words. */
type ForeignKey = { readonly name: 'stationKey' | 'ledgerKey' | 'masterKey'; readonly says: string };

/** What of the keys does not belong to the store. */
export async function findForeignKeys(db: Pool, keys: KeysAtHand): Promise<ForeignKey[]> {
  const found: ForeignKey[] = [];
  if (!(await isStationKey(db, keys.stationKey))) found.push({ name: 'stationKey', says: OTHER_STATION_KEY });
  if (!(await isLedgerKey(db, keys.ledgerKey)))
    found.push({ name: 'ledgerKey', says: 'the ledger in this store was written with another ledgerKey' });
  if (!(await isMasterKey(db, keys.masters)))
    found.push({ name: 'masterKey', says: 'the keys of devices in this store are wrapped with another masterKey' });
  return found;
}

/** Throws a sentence if anything does not belong to the store. */
export async function requireOwnKeys(db: Pool, keys: KeysAtHand): Promise<void> {
  const found = await findForeignKeys(db, keys);
  if (found.length > 0) throw new Error(`${found.map(({ says }) => says).join(', ')}: ${BRING_BACK}`);
}

async function isStationKey(db: Pool | ClientBase, key: Uint8Array): Promise<boolean> {
  const { rows } = await db.query<{ key: Buffer | null }>('select station_key as key from store_meta');
  return rows.every((row) => row.key === null || row.key.equals(stationKeyName(key)));
}

async function isLedgerKey(db: Pool, key: Uint8Array): Promise<boolean> {
  const ends = await readEnds(db);
  // Without a head nothing is written under any key, and `audit verify` has to be able to say so.
  if (ends === null) return true;
  const { seq, droppedSeq, droppedHash } = ends;
  if (seq === droppedSeq) return true;
  const after = Math.max(droppedSeq, seq - LAST_ROWS - 1);
  const rows = await readRows(db, after, LAST_ROWS + 1);
  const secret = hmacKey(key);
  let before = after === droppedSeq ? droppedHash : null;
  for (const row of rows) {
    if (before !== null && chainHash(secret, before, row.seq, row.entry).equals(row.hash)) return true;
    before = row.hash;
  }
  return rows.length === 0;
}

/** Of one device: all are wrapped with a key that is known, or a rotation broke off in a way that no key of ours would do. */
async function isMasterKey(db: Pool, masters: MasterKeys): Promise<boolean> {
  const { rows } = await db.query<{ name: Buffer }>('select master_key as name from device_keys limit 1');
  return rows.every(({ name }) => masters.find(name) !== null);
}

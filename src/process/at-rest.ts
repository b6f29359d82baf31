// What is encrypted at rest, opened: the ciphers made of `stationKey`, and the proof that they are this store's. Promises: a store
// is written and read under one key only, named in it, so that a lost or mixed-up secrets file ends a start with a sentence
// instead of answering nothing, or filling the map with addresses that nobody can find; what an older version left in plain is
// encrypted first. Everything that touches an address or a report in the store takes its ciphers from here.
import { hkdfSync } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { createPayloadSeal, type PayloadSeal } from '../observations/sealed-payload.ts';
import { createMacCipher, type MacCipher, stationKeyName } from '../privacy/mac-cipher.ts';
import { transact } from '../storage/transaction.ts';
import { encryptRows, holdsAnything, rewriteTables } from './encrypt-store.ts';
import { BRING_BACK, OTHER_STATION_KEY } from './key-check.ts';

export type AtRest = {
  readonly macs: MacCipher;
  readonly payloads: PayloadSeal;
  /** Key of the index snapshot. */
  readonly snapshotKey: Uint8Array;
};

/** The ciphers of a store that is known to be under this key: what server threads use. */
export function createAtRest(stationKey: Uint8Array): AtRest {
  return {
    macs: createMacCipher(stationKey),
    payloads: createPayloadSeal(stationKey),
    snapshotKey: new Uint8Array(hkdfSync('sha256', stationKey, '', 'honeyguide snapshot', 32)),
  };
}

/**
 * The ciphers, once the store is under this key: a new store takes it, an older one is encrypted (`onEncrypt` is told), one of
 * another key is refused with a sentence for people.
 */
export async function openAtRest(
  pool: Pool,
  stationKey: Uint8Array,
  onEncrypt: () => void = () => {},
): Promise<AtRest> {
  const atRest = createAtRest(stationKey);
  const name = stationKeyName(stationKey);
  if (!(await isUnder(pool, name)) && (await takeKey(pool, name, atRest, onEncrypt))) await rewriteTables(pool);
  return atRest;
}

/** False if the store is under no key yet; throws if it is under another. */
async function isUnder(db: Pool | PoolClient, name: Buffer, lock = ''): Promise<boolean> {
  const { rows } = await db.query<{ key: Buffer | null }>(`select station_key as key from store_meta ${lock}`);
  if (rows.length !== 1) throw new Error('store_meta must have one row');
  const [{ key }] = rows;
  if (key !== null && !key.equals(name)) throw new Error(`${OTHER_STATION_KEY}: ${BRING_BACK}`);
  return key !== null;
}

/**
 * Puts the store under the key in one transaction, so that a kill leaves all of it plain or all of it encrypted. Resolves with
 * true if there was something to encrypt. Whoever comes second waits, and finds it done.
 */
function takeKey(pool: Pool, name: Buffer, atRest: AtRest, onEncrypt: () => void): Promise<boolean> {
  return transact(pool, async (client) => {
    if (await isUnder(client, name, 'for update')) return false;
    const encrypted = await holdsAnything(client);
    if (encrypted) {
      onEncrypt();
      await encryptRows(client, atRest);
    }
    await client.query('update store_meta set station_key = $1', [name]);
    return encrypted;
  });
}

// A store with staff: their keys by name, commands run as one of them, people to act on.
import { randomBytes, randomUUID } from 'node:crypto';
import { loadSecrets } from '../../src/config/secrets.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE } from '../../src/devices/profile.ts';
import { loadDevice, registerDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { COMMAND_NOW_MS, runCommand } from '../support/command.ts';
import { openTestStore, testFolder } from '../support/store.ts';

export const REASON = ['--reason', 'for the test of it'];

export async function openTestDesk() {
  const store = await openTestStore();
  const { pool } = store;
  const dataDir = testFolder();
  const secrets = loadSecrets({ dataDir }, randomBytes);
  const masters = masterKeysOf([secrets.masterKey]);
  const settle = async () => {};
  const inChain = createInChain({ pool, ledgerKey: secrets.ledgerKey, now: () => COMMAND_NOW_MS, settle });
  const keys: Record<string, string> = {};

  /** As `who` of the staff (or with that text for a key, or none) at `nowMs`. */
  async function runAt(nowMs: number, who: string | null, ...args: string[]) {
    const env = { DATA_DIR: dataDir, ...(who === null ? {} : { STAFF_KEY: keys[who] ?? who }) };
    const { exitCode, output, messages } = await runCommand([...args, '--json'], store, env, nowMs);
    return { exitCode, json: output === '' ? null : JSON.parse(output), messages };
  }
  const run = (who: string | null, ...args: string[]) => runAt(COMMAND_NOW_MS, who, ...args);
  return {
    ...{ store, pool, masters, inChain, keys, run, runAt, dataDir },
    /** Once `root` is an admin. */
    async hire(id: string, roles: string) {
      const { json } = await run('root', 'staff', 'add', id, '--roles', roles, ...REASON);
      keys[id] = json.key;
    },
    /** Hires `root`, who must be the first. */
    async found() {
      keys.root = (await run(null, 'staff', 'add', 'root', '--roles', 'admin')).json.key;
    },
    async device(nowMs = COMMAND_NOW_MS) {
      const id = randomUUID();
      const profile = { ...NEW_PROFILE, jurisdiction: 'NL', ageBand: '18plus' as const };
      const { token } = await inChain((client, chain) =>
        registerDevice(client, chain, { masters, random: randomBytes }, id, profile, nowMs),
      );
      return { ...(await loadDevice(pool, masters, hashToken(token), nowMs))!, token };
    },
  };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { prepareMasterKey, readMasterKeys } from '../../src/config/master-keys.ts';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE } from '../../src/devices/profile.ts';
import { loadDevice, registerDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { followMasterKeys } from '../../src/process/follow-master-keys.ts';
import { countWrapped } from '../../src/rights/rewrap-store.ts';
import { runCommand } from '../support/command.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
const DATA_DIR = testFolder();
const path = secretsPath({ dataDir: DATA_DIR });
const { ledgerKey } = loadSecrets({ dataDir: DATA_DIR }, randomBytes);
const inChain = createInChain({ pool, ledgerKey, now: Date.now, settle: async () => {} });
const run = async (...args: string[]) => {
  const { exitCode, output } = await runCommand(['master-key', ...args, '--json'], store, { DATA_DIR });
  return { exitCode, json: JSON.parse(output || '{}') };
};

test('the master key is replaced while gateways go on registering and reading, and the old one then opens nothing', async () => {
  // Two gateways that started before any of it.
  const clock = { ms: 0 };
  const gateways = [followMasterKeys(path, () => clock.ms), followMasterKeys(path, () => clock.ms)];
  const hashes: Buffer[] = [];
  const work = async () => {
    clock.ms += 1_000;
    for (const masters of gateways) {
      const { token } = await inChain((client, chain) =>
        registerDevice(client, chain, { masters, random: randomBytes }, randomUUID(), NEW_PROFILE, Date.now()),
      );
      hashes.push(hashToken(token));
    }
    for (const masters of gateways)
      for (const hash of hashes) expect(await loadDevice(pool, masters, hash, Date.now())).not.toBeNull();
  };
  await work();
  const old = readMasterKeys(path)[0];
  expect((await run('switch')).exitCode).toBe(1);
  expect((await run('prepare')).json).toMatchObject({ current: 2, other: 0, keys: 2 });
  expect((await run('prepare')).exitCode).toBe(1);
  await work();
  expect((await run('switch')).json).toMatchObject({ current: 4, other: 0, rewrapped: 4 });
  // One of the gateways is late to look and wraps with the old key once more.
  const late = masterKeysOf([old]);
  const { token } = await inChain((client, chain) =>
    registerDevice(client, chain, { masters: late, random: randomBytes }, randomUUID(), NEW_PROFILE, Date.now()),
  );
  hashes.push(hashToken(token));
  expect((await run('retire')).exitCode).toBe(1);
  await work();
  expect((await run('switch')).json).toMatchObject({ other: 0, rewrapped: 1 });
  expect((await run('retire')).json).toMatchObject({ current: 7, other: 0, unknown: 0, keys: 1 });
  await work();
  expect(readMasterKeys(path)[0].equals(old)).toBe(false);
  expect(readFileSync(path, 'utf8')).not.toContain(old.toString('hex'));
  for (const hash of hashes) await expect(loadDevice(pool, late, hash, Date.now())).rejects.toThrow('no master key');
  expect(await countWrapped(pool, late)).toMatchObject({ current: 0, unknown: hashes.length });
  // Everything else in the file is as it was.
  expect(loadSecrets({ dataDir: DATA_DIR }, randomBytes).ledgerKey.equals(ledgerKey)).toBe(true);
});

test('a secrets file that is being edited leaves a gateway with the keys it has', async () => {
  const folder = testFolder();
  loadSecrets({ dataDir: folder }, randomBytes);
  const file = secretsPath({ dataDir: folder });
  const clock = { ms: 0 };
  const keys = followMasterKeys(file, () => clock.ms);
  const before = keys.current;
  const whole = readFileSync(file, 'utf8');
  for (const broken of [whole.slice(0, 100), '{}', '{"masterKey":"zz"}']) {
    writeFileSync(file, broken);
    clock.ms += 2_000;
    expect(keys.current).toBe(before);
    expect(() => readMasterKeys(file)).toThrow();
  }
  // Not even looked at, as when its folder was closed to the gateway's user.
  rmSync(file);
  symlinkSync(file, file);
  clock.ms += 2_000;
  expect(keys.current).toBe(before);
  rmSync(file);
  writeFileSync(file, whole);
  prepareMasterKey(file, randomBytes);
  clock.ms += 2_000;
  expect(keys.find(masterKeysOf(readMasterKeys(file).slice(1)).current.name)).not.toBeNull();
});

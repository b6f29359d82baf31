// Secrets that are not the store's: mixed up between hosts, made anew, half restored.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { openAtRest } from '../../src/process/at-rest.ts';
import { findForeignKeys, requireOwnKeys } from '../../src/process/key-check.ts';
import { runCommand } from '../support/command.ts';
import { addTestApplication, createTestPeople, LEDGER_KEY, MASTERS } from '../support/people.ts';
import { openTestStore, testFolder } from '../support/store.ts';
import { tamper } from '../support/tamper.ts';

const STATION_KEY = Buffer.alloc(32, 4);
const OTHER = Buffer.alloc(32, 99);
const OWN = { stationKey: STATION_KEY, ledgerKey: LEDGER_KEY, masters: MASTERS };
const namesOf = async (pool: Parameters<typeof findForeignKeys>[0], keys: object) =>
  (await findForeignKeys(pool, { ...OWN, ...keys })).map(({ name }) => name);

test('an empty store goes with any keys, one that was used with its own only', async () => {
  const store = await openTestStore();
  const { pool } = store;
  const all = { stationKey: OTHER, ledgerKey: OTHER, masters: masterKeysOf([OTHER]) };
  expect(await namesOf(pool, all)).toEqual([]);
  await openAtRest(pool, STATION_KEY);
  const gateway = await createTestPeople(store);
  const token = await gateway.register();
  const application = await addTestApplication(store);
  const url = `/v1/me/consents/${application}/dpv:ServiceProvision`;
  for (const precision of ['region', 'precise', 'none']) await gateway.call('PUT', url, token, { precision });
  expect(await namesOf(pool, {})).toEqual([]);
  expect(await namesOf(pool, { stationKey: OTHER })).toEqual(['stationKey']);
  expect(await namesOf(pool, { ledgerKey: OTHER })).toEqual(['ledgerKey']);
  expect(await namesOf(pool, { masters: masterKeysOf([OTHER]) })).toEqual(['masterKey']);
  // A rotation under way knows both.
  expect(await namesOf(pool, { masters: masterKeysOf([OTHER, Buffer.alloc(32, 1)]) })).toEqual([]);
  await expect(requireOwnKeys(pool, { ...OWN, ...all })).rejects.toThrow(/stationKey.*ledgerKey.*masterKey/);
  // Whoever edits the last row is for `audit verify` to find, and stops no start.
  await tamper(pool, 'update ledger set at = at + 1 where seq = (select max(seq) from ledger)');
  expect(await namesOf(pool, {})).toEqual([]);
});

test('a command with a secret of its own writes nothing into the ledger, and says which secret it is', async () => {
  const store = await openTestStore();
  const [ours, theirs] = [testFolder(), testFolder()];
  const add = ['keys', 'add', '--class', 'partner', '--name', 'Navi', '--policy-url', 'https://navi.example/p'];
  const holder = ['--contact', 'p@navi.example', '--controller', 'Navi BV, Utrecht'];
  expect((await runCommand([...add, ...holder], store, { DATA_DIR: ours })).exitCode).toBe(0);
  expect((await runCommand(['partners', 'suspend', 'navi'], store, { DATA_DIR: ours })).exitCode).toBe(0);
  copyFileSync(join(ours, 'secrets.json'), join(theirs, 'secrets.json'));
  const path = join(theirs, 'secrets.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ledgerKey: 'ab'.repeat(32) }), {
    mode: 0o600,
  });
  const rows = async () => (await store.pool.query('select count(*)::int as n from ledger')).rows[0].n;
  const before = await rows();
  expect(before).toBeGreaterThan(0);
  const refused = await runCommand(['partners', 'resume', 'navi'], store, { DATA_DIR: theirs });
  expect(refused.exitCode).toBe(1);
  expect(refused.messages).toContain('was written with another ledgerKey');
  expect(await rows()).toBe(before);
  const doctor = await runCommand(['doctor', '--json'], store, { DATA_DIR: theirs });
  expect(doctor.output).toContain('was written with another ledgerKey');
  expect((await runCommand(['audit', 'verify'], store, { DATA_DIR: ours })).exitCode).toBe(0);
});

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { checkEvidence } from '../../src/cli/doctor-evidence.ts';
import { loadConfig } from '../../src/config/env.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { beginErasure } from '../../src/rights/erase-store.ts';
import { addStaff } from '../../src/rights/staff-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { eraseDeps, MASTERS, register, START_MS } from '../rights/people.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const { pool } = await openTestStore();
const DATA_DIR = testFolder();
const masterKey = loadSecrets({ dataDir: DATA_DIR }, randomBytes).masterKey;
const statesAt = async (nowMs: number, folder = DATA_DIR) => {
  const context = { config: loadConfig({ DATA_DIR: folder }), now: () => nowMs } as CommandContext;
  return Object.fromEntries((await checkEvidence(pool, context)).map((one) => [one.what, one.state]));
};

test('the doctor misses guards of the evidence that somebody took away', async () => {
  expect(await statesAt(START_MS)).toMatchObject({ evidence: 'ok' });
  await pool.query('alter table consent_events disable trigger user');
  expect(await statesAt(START_MS)).toMatchObject({ evidence: 'wrong' });
  await pool.query('alter table consent_events enable trigger user');
});

test('the doctor says when nobody answers for who may do what', async () => {
  expect(await statesAt(START_MS)).toMatchObject({ staff: 'weak' });
  await addStaff(pool, 'root', ['admin'], randomBytes, START_MS);
  expect(await statesAt(START_MS)).toMatchObject({ staff: 'ok' });
  await addStaff(pool, 'priv', ['privacy'], randomBytes, START_MS);
  // As versions left it that let the last one go.
  await pool.query('update staff set ended_at = $1', [START_MS]);
  expect(await statesAt(START_MS)).toMatchObject({ staff: 'weak' });
});

test('the doctor counts keys of the erased that whole dumps from before still give away, until the master key is retired', async () => {
  const person = await register(pool);
  await pool.query('update device_keys set master_key = $2 where device = $1', [
    person.device,
    masterKeysOf([masterKey]).current.name,
  ]);
  const other = await register(pool);
  for (const one of [person, other])
    await beginErasure(
      eraseDeps(pool, () => START_MS),
      one,
      'asked',
      randomBytes(16).toString('base64url'),
    );
  const { rows } = await pool.query('select master_key from erasures order by master_key = $1', [MASTERS.current.name]);
  expect(rows.map((row) => row.master_key)).toEqual([masterKeysOf([masterKey]).current.name, MASTERS.current.name]);
  expect(await statesAt(START_MS + 29 * DAY_MS)).toMatchObject({ 'erased keys': 'ok' });
  expect(await statesAt(START_MS + 31 * DAY_MS)).toMatchObject({ 'erased keys': 'weak' });
  // Under other secrets, as after the old key was retired, none opens.
  const elsewhere = testFolder();
  loadSecrets({ dataDir: elsewhere }, randomBytes);
  expect(await statesAt(START_MS + 31 * DAY_MS, elsewhere)).toMatchObject({ 'erased keys': 'ok' });
  expect(await statesAt(START_MS + 31 * DAY_MS, testFolder())).toMatchObject({ 'erased keys': 'ok' });
});

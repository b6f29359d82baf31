import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { FLAG, IDLE_DAYS } from '../../src/devices/device-contract.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE, type Profile, sealProfile } from '../../src/devices/profile.ts';
import {
  changeDevice,
  dayOf,
  loadDevice,
  registerDevice,
  rotateToken,
  TOKEN_TTL_MS,
  touchDevice,
} from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { LEDGER_KEY, MASTERS } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 15);
const { pool } = await openTestStore();
const settled: number[] = [];
const inChain = createInChain({
  pool,
  ledgerKey: LEDGER_KEY,
  now: () => NOW_MS,
  settle: async (seq) => void settled.push(seq),
});
const secrets = { masters: MASTERS, random: randomBytes };

async function register(profile: Profile = NEW_PROFILE) {
  const id = randomUUID();
  const issued = await inChain((client, chain) => registerDevice(client, chain, secrets, id, profile, NOW_MS));
  return { id, ...issued, hash: hashToken(issued.token) };
}

test('a device is found by its token, opened with the master key that wrapped its key, and by no other', async () => {
  const profile = { ...NEW_PROFILE, jurisdiction: 'NL', ageBand: '18plus' as const };
  const { id, hash } = await register(profile);
  expect(await loadDevice(pool, MASTERS, hash, NOW_MS)).toMatchObject({ id, profile, flags: 0, parental: [] });
  const rotated = masterKeysOf([Buffer.alloc(32, 77), Buffer.alloc(32, 1)]);
  expect(await loadDevice(pool, rotated, hash, NOW_MS)).toMatchObject({ id });
  await expect(loadDevice(pool, masterKeysOf([Buffer.alloc(32, 77)]), hash, NOW_MS)).rejects.toThrow('no master key');
});

test('what is known of a person is not to be read in the tables, nor told from its length', async () => {
  const { id, token, proofKey } = await register({ ...NEW_PROFILE, jurisdiction: 'NL', ageBand: '13to15', sources: 5 });
  const tables = ['devices', 'device_keys', 'device_tokens', 'consent_events', 'ledger'];
  let dump = '';
  for (const table of tables) {
    const { rows } = await pool.query(`select * from ${table}`);
    for (const row of rows)
      for (const value of Object.values(row)) dump += Buffer.isBuffer(value) ? value.toString('latin1') : ` ${value}`;
  }
  expect(dump).toContain(id);
  for (const secret of ['13to15', '"NL"', token, token.slice(4), proofKey]) expect(dump).not.toContain(secret);
  const key = randomBytes(32);
  const lengths = (['under13', '18plus'] as const).map(
    (ageBand) => sealProfile(key, id, { ...NEW_PROFILE, ageBand, jurisdiction: 'NL' }, randomBytes).length,
  );
  expect(lengths[0]).toBe(lengths[1]);
  expect(
    (await pool.query('select (created_at % 86400000)::int as rest from devices where id = $1', [id])).rows[0].rest,
  ).toBe(0);
});

test('a device is there until its token ends, nobody has used it for a year, or it is being erased', async () => {
  const { id, hash } = await register();
  const at = (nowMs: number) => loadDevice(pool, MASTERS, hash, nowMs);
  expect(await at(NOW_MS + TOKEN_TTL_MS - 1)).not.toBe(null);
  expect(await at(NOW_MS + TOKEN_TTL_MS)).toBe(null);
  await pool.query('update devices set last_used_day = $2 where id = $1', [id, dayOf(NOW_MS) - IDLE_DAYS]);
  const idle = (await at(NOW_MS))!;
  expect(await at(NOW_MS + DAY_MS)).toBe(null);
  await touchDevice(pool, idle, NOW_MS);
  expect(await at(NOW_MS + DAY_MS)).not.toBe(null);
  await inChain((client, chain) =>
    changeDevice(client, chain, secrets, id, () => ({ flags: FLAG.erasing }), 'erasing', NOW_MS),
  );
  expect(await at(NOW_MS)).toBe(null);
});

test('changes at the same time all happen, one after the other, each announced before it is acknowledged', async () => {
  const { id, hash } = await register();
  const before = settled.length;
  await Promise.all(
    [1, 2, 4, 8, 16].map((bit) =>
      inChain((client, chain) => {
        const off = (profile: Profile) => ({ profile: { ...profile, sources: profile.sources & ~bit } });
        return changeDevice(client, chain, secrets, id, ({ profile }) => off(profile), 'test', NOW_MS);
      }),
    ),
  );
  expect(await loadDevice(pool, MASTERS, hash, NOW_MS)).toMatchObject({ profile: { sources: 0 } });
  expect(settled.length).toBe(before + 5);
  const { rows } = await pool.query('select count(*)::int as n from privacy_changes where device = $1', [id]);
  expect(rows[0].n).toBe(5);
});

test('only one of two that replace a token at the same time is left with a good one beside the old', async () => {
  const { hash } = await register();
  const device = (await loadDevice(pool, MASTERS, hash, NOW_MS))!;
  const rotate = () => inChain((client, chain) => rotateToken(client, chain, randomBytes, device, hash, NOW_MS));
  const issued = await Promise.all([rotate(), rotate()]);
  const good = await Promise.all(issued.map((one) => loadDevice(pool, MASTERS, hashToken(one!.token), NOW_MS)));
  expect(good.filter((one) => one !== null)).toHaveLength(1);
  const { rows } = await pool.query('select count(*)::int as n from device_tokens where device = $1', [device.id]);
  expect(rows[0].n).toBe(2);
});

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { checkAtRest } from '../../src/cli/doctor-at-rest.ts';
import { checkMachine } from '../../src/cli/doctor-machine.ts';
import { checkPostgres } from '../../src/cli/doctor-postgres.ts';
import { describeClock, describeRoom } from '../../src/cli/doctor-store.ts';
import { loadConfig } from '../../src/config/env.ts';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';
import { openAtRest } from '../../src/process/at-rest.ts';
import { openPool } from '../../src/storage/pool.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { createPrivatePostgres, POSTGRES_BIN } from '../support/private-postgres.ts';
import { ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

describe('of secrets the doctor says', () => {
  async function findingOf(env: Record<string, string>, nowMs = Date.now()) {
    return (await checkMachine(loadConfig(env), nowMs)).find(({ what }) => what === 'secrets');
  }

  test('that they lie beside what they encrypt, and nothing once they lie elsewhere', async () => {
    const env = { DATA_DIR: testFolder() };
    const SECRETS_FILE = join(testFolder(), 'secrets.json');
    loadSecrets(loadConfig(env), randomBytes);
    expect(await findingOf(env)).toMatchObject({
      state: 'weak',
      says: expect.stringContaining('beside what they encrypt'),
    });
    loadSecrets({ dataDir: join(SECRETS_FILE, '..') }, randomBytes);
    expect(await findingOf({ ...env, SECRETS_FILE })).toMatchObject({ state: 'ok' });
  });

  test('that they are old, and that others may have read them', async () => {
    const folder = testFolder();
    const SECRETS_FILE = join(folder, 'secrets.json');
    loadSecrets({ dataDir: folder }, randomBytes);
    const env = { DATA_DIR: testFolder(), SECRETS_FILE };
    const then = (Date.now() - 800 * DAY_MS) / 1000;
    utimesSync(SECRETS_FILE, then, then);
    expect(await findingOf(env)).toMatchObject({
      state: 'weak',
      says: expect.stringMatching(/^unchanged for 800 days/),
    });
    chmodSync(SECRETS_FILE, 0o644);
    expect(await findingOf(env)).toMatchObject({
      state: 'wrong',
      says: expect.stringContaining('others than its owner'),
    });
  });

  test('that an older version made them, and the next start adds what is new', async () => {
    const env = { DATA_DIR: testFolder() };
    mkdirSync(env.DATA_DIR, { recursive: true });
    expect(await findingOf(env)).toMatchObject({
      state: 'ok',
      says: expect.stringContaining('generated on the first start'),
    });
    loadSecrets(loadConfig(env), randomBytes);
    const path = secretsPath(loadConfig(env));
    const { stationKey: _, ...older } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(older));
    expect(await findingOf(env)).toMatchObject({ state: 'ok', says: expect.stringContaining('the next start adds') });
    expect(await findingOf({ ...env, SECRETS_FILE: path })).toMatchObject({ state: 'wrong' });
  });
});

test('an open HOST is weak, more so when the trusted proxy can only be on this machine', async () => {
  const addressOf = async (TRUST_PROXY: string) => {
    const config = loadConfig({ HOST: '0.0.0.0', TRUST_PROXY, DATA_DIR: testFolder() });
    return (await checkMachine(config, Date.now())).find(({ what }) => what === 'address');
  };
  expect(await addressOf('10.0.0.0/8')).toMatchObject({
    state: 'weak',
    says: expect.stringContaining('only the trusted'),
  });
  expect(await addressOf('loopback')).toMatchObject({
    state: 'weak',
    says: expect.stringContaining('listen on 127.0.0.1'),
  });
});

test.runIf(ON_POSTGRES && POSTGRES_BIN !== undefined)(
  'of PostgreSQL the doctor says what gives values away or may lose them, and nothing of one that is as it should be',
  async () => {
    const server = await createPrivatePostgres(["log_error_verbosity = 'terse'", 'log_parameter_max_length = 0']);
    await server.start();
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(`create role plain login password 'p'`);
    const url = new URL(server.url);
    [url.username, url.password] = ['plain', 'p'];
    const weakOf = async (connect: string, named = connect, threads = 1) => {
      const { pool, close } = openPool({ kind: 'postgres', url: connect });
      const found = await checkPostgres(pool, named, threads);
      await close();
      return found.map(({ what }) => what);
    };
    expect(await weakOf(url.href)).toEqual([]);
    expect(await weakOf(server.url)).toEqual(['store role']);
    expect(await weakOf(url.href, 'postgres://plain@db.example/x')).toEqual(['store transport']);
    for (const local of [
      'postgres://plain@[::1]/x',
      'postgres:///x?host=/run/postgresql',
      'postgres://plain@localhost/x',
    ])
      expect(await weakOf(url.href, local)).toEqual([]);
    // Of 100 connections three are kept for superusers.
    expect(await weakOf(url.href, url.href, 2)).toEqual([]);
    expect(await weakOf(url.href, url.href, 3)).toEqual(['store connections']);
    await admin.query('alter role plain connection limit 40');
    expect(await weakOf(url.href)).toEqual(['store connections']);
    await admin.query('alter role plain connection limit -1');
    await admin.query('alter role plain set default_transaction_read_only = on');
    expect(await weakOf(url.href)).toEqual(['store writes']);
    await admin.query('alter role plain reset default_transaction_read_only');
    const settings = [
      'autovacuum = off',
      'fsync = off',
      `log_statement = 'all'`,
      'log_parameter_max_length = -1',
      'synchronous_commit = off',
    ];
    for (const setting of [...settings, `log_error_verbosity = 'default'`])
      await admin.query(`alter system set ${setting}`);
    await admin.query('select pg_reload_conf()');
    await expect
      .poll(() => weakOf(url.href), { timeout: 10_000 })
      .toEqual(['store vacuum', 'store log', 'store errors', 'store fsync', 'store commits']);
    // A superuser's connections have said so for themselves.
    expect(await weakOf(server.url)).toEqual(['store vacuum', 'store role', 'store fsync', 'store commits']);
    await admin.end();
  },
  60_000,
);

test('the doctor finds a store that was encrypted with secrets that are not at hand', async () => {
  const { pool } = await openTestStore();
  const [mine, others] = [testFolder(), testFolder()];
  const ask = async (dataDir: string) => {
    const context = { config: loadConfig({ DATA_DIR: dataDir }), random: randomBytes };
    return (await checkAtRest(pool, context as unknown as CommandContext)).state;
  };
  expect(await ask(mine)).toBe('ok');
  await openAtRest(pool, loadSecrets({ dataDir: mine }, randomBytes).stationKey);
  expect(await ask(mine)).toBe('ok');
  // Nothing there, then another one there.
  expect(await ask(others)).toBe('wrong');
  loadSecrets({ dataDir: others }, randomBytes);
  expect(await ask(others)).toBe('wrong');
});

test('the doctor says what is free where the store writes, and that reports are refused below the least', () => {
  const MIB = 2 ** 20;
  expect(describeRoom(600 * MIB)).toEqual([{ what: 'store disk', state: 'ok', says: '600 MiB free' }]);
  expect(describeRoom(77 * MIB)).toEqual([
    { what: 'store disk', state: 'wrong', says: '77 MiB free, 512 are needed: reports are refused' },
  ]);
  expect(describeRoom(Number.POSITIVE_INFINITY)).toEqual([]);
});

test('the doctor says how far this machine’s clock is from the store’s, and what a gateway then leaves undone', () => {
  expect(describeClock(-9_000)).toMatchObject({ what: 'clock', state: 'ok' });
  expect(describeClock(1_200_000)).toMatchObject({
    state: 'weak',
    says: '1200 s ahead of the store’s: set both by NTP',
  });
  expect(describeClock(-3_700_000)).toMatchObject({
    state: 'wrong',
    says: '3700 s behind the store’s: a gateway here expires and forgets nothing; set both by NTP',
  });
});

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/cli/context.ts';
import { describeFailure } from '../../src/cli/failure.ts';
import { COMMANDS } from '../../src/cli/honeyguide.ts';
import { followKeys } from '../../src/partners/store.ts';
import { openStore, type Store } from '../../src/storage/open.ts';
import { runCommand as run } from '../support/command.ts';
import { startNode } from '../support/process.ts';
import { afterFile, openTestStore, testFolder, testStoreConfig } from '../support/store.ts';

describe('the honeyguide command', () => {
  test('says what there is, on standard output if asked, else as an error', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      expect(await run(args)).toMatchObject({ exitCode: 0, output: expect.stringContaining('keys'), messages: '' });
    }
    expect(await run([])).toMatchObject({ exitCode: 2, output: '', messages: expect.stringContaining('keys') });
  });

  test.each(Object.keys(COMMANDS))('explains %s, which knows --json', async (name) => {
    const command = (await import(
      new URL(COMMANDS[name].module, new URL('../../src/cli/', import.meta.url)).href
    )) as Command;
    expect(command.run).toBeTypeOf('function');
    const { exitCode, output } = await run([name, '--help']);
    expect(exitCode).toBe(0);
    expect(output).toContain(`usage: honeyguide ${name}`);
  });

  test('refuses what it does not know, with what it does, as code 2', async () => {
    for (const args of [
      ['nonsense'],
      ['constructor'],
      ['keys'],
      ['keys', 'add', '--clas', 'device'],
      ['keys', 'list', 'all'],
      ['anonymity-map', 'stats', 'strict', 'other.map'],
      ['anonymity-map', 'build', 'new.map', '--out', 'new.map'],
    ]) {
      const { exitCode, output, messages } = await run(args);
      expect({ args, exitCode, output }).toEqual({ args, exitCode: 2, output: '' });
      expect(messages).toContain('usage: honeyguide');
    }
    const json = await run(['keys', 'add', '--class', 'admin', '--name', 'X', '--json']);
    expect(json.exitCode).toBe(2);
    expect(JSON.parse(json.output).error).toContain('device, partner, submit');
  });
});

describe('keys on the command line', () => {
  test('are added, listed and revoked, for people and as JSON', async () => {
    const store = await openTestStore();
    const added = await run(
      ['keys', 'add', '--class', 'device', '--name', ' Maker X ', '--per-minute', '60', '--json'],
      store,
    );
    expect(added.exitCode).toBe(0);
    const { id, key, ...rest } = JSON.parse(added.output);
    expect(rest).toEqual({ class: 'device', name: 'Maker X' });
    expect(key).toMatch(/^hgd_/);

    const listed = await run(['keys', 'list', '--json'], store);
    expect(JSON.parse(listed.output)).toMatchObject([
      {
        id,
        class: 'device',
        name: 'Maker X',
        dailyQuota: null,
        perMinute: 60,
        createdAt: '2026-01-02T00:00:00.000Z',
        revokedAt: null,
      },
    ]);
    expect((await run(['keys', 'list'], store)).output).toMatch(/^ID .*\nkey_\w+ +device +Maker X +60 +2026-01-02\n$/);

    expect((await run(['keys', 'revoke', id], store)).exitCode).toBe(0);
    const again = await run(['keys', 'revoke', id, '--json'], store);
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.output).error).toContain('no key');
  });

  test('are good, and no longer good, at a running gateway when the command ends', async () => {
    const store = await openTestStore();
    // A gateway is there as long as it renews its lease.
    await store.pool.query(`insert into replicas values (gen_random_uuid(), 0, now() + interval '1 minute')`);
    let known: string[] = [];
    const tell = (entries: readonly { id: string }[]) => {
      known = entries.map((entry) => entry.id);
    };
    const follower = await followKeys(store, tell, (error) => expect(error).toBeUndefined());
    const { id } = JSON.parse(
      (await run(['keys', 'add', '--class', 'submit', '--name', 'X', '--trusted', '--json'], store)).output,
    );
    expect(known).toEqual([id]);
    expect((await run(['keys', 'revoke', id], store)).exitCode).toBe(0);
    expect(known).toEqual([]);
    follower.stop();
  });

  test.each([
    ['--class', 'device'],
    ['--class', 'device', '--name', ''],
    ['--class', 'device', '--name', 'X', '--daily-quota', '0'],
    ['--class', 'device', '--name', 'X', '--per-minute', '1.5'],
    ['--class', 'device', '--name', 'X', '--per-minute', '99999999999'],
    ['--class', 'device', '--name', 'X', '--daily-quota', '2147483648'],
  ])('are not added from %s %s %s %s %s', async (...wrong) => {
    expect((await run(['keys', 'add', ...wrong.filter((word) => word !== undefined)])).exitCode).toBe(2);
  });
});

test('a limit of a minute that no counter reaches is refused, with the highest there is', async () => {
  const { exitCode, messages } = await run([
    'keys',
    'add',
    '--class',
    'device',
    '--name',
    'X',
    '--per-minute',
    '1048575',
  ]);
  expect([exitCode, messages]).toEqual([
    2,
    expect.stringContaining('--per-minute must be a whole number from 1 to 1048574'),
  ]);
});

describe('a failing command', () => {
  test('never shows what was sent to the store', async () => {
    const store = await openTestStore();
    const insert = `insert into api_keys (id, class, name, key_hash, created_at) values ('key_1', $1, $1, 'canary', 1)`;
    const failure = await store.pool.query(insert, ['canary']).catch((error) => error);
    expect(JSON.stringify([failure, String(failure)])).toContain('canary');
    expect(describeFailure(failure)).toBe('the store refused a query (SQLSTATE 23514)');
    const cast = await store.pool.query('select $1::text::int', ['canary']).catch((error) => error);
    expect(describeFailure(cast)).toBe('the store refused a query (SQLSTATE 22P02)');
    // As query builders do, with the parameters in it.
    const wrapped = Object.assign(new Error('failed: canary', { cause: failure }), {
      query: insert,
      params: ['canary'],
    });
    expect(describeFailure(wrapped)).toBe('the store refused a query (SQLSTATE 23514)');
    const bare = Object.assign(new Error('failed: canary'), { query: insert, params: ['canary'] });
    expect(describeFailure(bare)).toBe('a query failed');
  });

  test('says what to change where the store lets nobody in, or lets nobody make tables, and shows no name or password', () => {
    for (const [code, words] of [
      ['28P01', 'DATABASE_URL names another user or password'],
      ['28000', 'pg_hba.conf'],
      ['3D000', 'no database of the name in DATABASE_URL'],
      ['42501', 'it must own the tables'],
      ['3F000', 'search_path'],
      ['57014', 'statement_timeout'],
      ['55P03', 'lock_timeout'],
      ['25P03', 'too busy'],
    ]) {
      const said = describeFailure(Object.assign(new Error('no canary here'), { severity: 'FATAL', code }));
      expect(said).toContain(words);
      expect(said).toContain(`SQLSTATE ${code}`);
      expect(said).not.toContain('canary');
    }
  });
});

describe('a file that is not there, or cannot be written,', () => {
  const folder = testFolder();
  const at = (...names: string[]) => join(folder, ...names);
  writeFileSync(at('policy.en.md'), 'We ask.');
  mkdirSync(at('folder.en.md'));
  const inPart = [at('policy.en.md', 'x'), 'cannot be there: something above it is a file, no folder'].join(' ');
  test.each([
    [['policies', 'publish', at('no.en.md'), '--version', '1'], `there is no file ${at('no.en.md')}`],
    [['policies', 'publish', at('no', 'p.en.md'), '--version', '1'], `there is no folder ${at('no')}`],
    [['policies', 'publish', at('folder.en.md'), '--version', '1'], 'a file that was named is a folder'],
    [['export', at('no', 'map.csv')], `there is no folder ${at('no')}`],
    [['export', at('folder.en.md'), '--format', 'csv'], `${at('folder.en.md')} is a folder`],
    [['export', at('policy.en.md', 'x')], inPart],
    [
      ['anonymity-map', 'stats', at('no.gz')],
      `the anonymity map cannot be read: is ${at('no.gz')} a file of this machine?`,
    ],
    [['anonymity-map', 'build', '--density', at('no.csv'), '--out', at('map.gz')], `there is no file ${at('no.csv')}`],
  ])('is named in one line: %j', async (args, says) => {
    const { exitCode, messages, output } = await run(args, await openTestStore());
    expect([exitCode, output, messages]).toEqual([1, '', `honeyguide: ${says}\n`]);
  });
});

describe('the doctor', () => {
  const findings = async (env: Record<string, string>, store?: Store) => {
    const { exitCode, output } = await run(['doctor', '--json'], store, env);
    const { healthy, findings: all } = JSON.parse(output) as {
      healthy: boolean;
      findings: { what: string; state: string }[];
    };
    return { exitCode, healthy, states: Object.fromEntries(all.map(({ what, state }) => [what, state])) };
  };
  const envOf = (config: { dataDir: string; databaseUrl?: string }): Record<string, string> => ({
    DATA_DIR: config.dataDir,
    ...(config.databaseUrl && { DATABASE_URL: config.databaseUrl }),
  });

  test('finds a fresh installation healthy, and says that nobody has a key', async () => {
    const config = await testStoreConfig();
    const store = await openStore(config);
    afterFile(() => store.close());
    const { exitCode, healthy, states } = await findings({ ...envOf(config), THREADS: '1' }, store);
    expect({ exitCode, healthy }).toEqual({ exitCode: 0, healthy: true });
    expect(states).toMatchObject({
      node: 'ok',
      'ip database': 'ok',
      threads: 'ok',
      store: 'ok',
      migrations: 'ok',
      'change feed': 'ok',
    });
    expect(states).toMatchObject({ keys: 'weak', proxy: 'weak' });
  });

  test('finds what is wrong: configuration, a store out of reach, an IP database that is none, rows of another server', async () => {
    expect(await findings({ PORT: 'x' })).toMatchObject({ exitCode: 1, states: { configuration: 'wrong' } });
    const gone = {
      DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x',
      GEOIP_DB: '/dev/null',
      DATA_DIR: testFolder(),
      ANONYMITY_MAP: '/dev/null',
    };
    expect(await findings(gone)).toMatchObject({
      healthy: false,
      states: { store: 'wrong', 'ip database': 'wrong', 'anonymity map': 'wrong' },
    });
    const config = await testStoreConfig();
    const store = await openStore(config);
    afterFile(() => store.close());
    await store.pool.query(`insert into wifi_stations (mac, changed) values (1, '999999999999')`);
    expect((await findings(envOf(config), store)).states).toMatchObject({ 'change feed': 'wrong' });
  });
});

test('opens no debugger when it is sent the signal that asks Node for one: commands hold the secrets', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  afterFile(() => void silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const asked = once(silent, 'connection');
  const DATABASE_URL = `postgres://nobody@127.0.0.1:${port}/none`;
  const command = startNode(['src/cli/honeyguide.ts', 'keys', 'list'], { DATABASE_URL, DATA_DIR: testFolder() });
  const [socket] = (await asked) as [Socket];
  command.process.kill('SIGUSR1');
  await sleep(500);
  socket.destroy();
  expect(await command.ended).toBe(1);
  expect(command.errors()).toMatch(/^honeyguide: the store cannot be reached/);
});

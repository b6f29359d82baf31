import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { socketFolderOf } from '../../src/storage/embedded.ts';
import { POSTGRES_MAJOR } from '../../src/storage/embedded-files.ts';
import { describeStoreLoss, openStore } from '../../src/storage/open.ts';
import { startScript } from '../support/process.ts';
import { afterFile, ON_POSTGRES, testFolder, testStoreConfig } from '../support/store.ts';

const OPENING = `
  import { openStore } from 'src/storage/open.ts';
  const store = await openStore({ dataDir: process.env.DATA }, { role: process.env.ROLE, onWait: console.log });
`;
const WRITES = `
  for (let i = 1; i <= 50; i++) {
    await store.pool.query("insert into wifi_stations (mac, lat, lon) values ($1, 1.5, 2.5)", [i]);
    console.log(i);
  }
`;
const count = 'select count(*)::int as n, count(lat)::int as lats from wifi_stations';

// The test server needs none of this; the embedded store is tested in one of the two runs.
describe.skipIf(ON_POSTGRES)('the embedded store', () => {
  test('holds what it acknowledged after kill -9, and opens cleanly again', async () => {
    const config = await testStoreConfig();
    const writer = startScript(OPENING + WRITES, { DATA: config.dataDir, ROLE: 'server' });
    while (Number(await writer.line()) < 30);
    writer.process.kill('SIGKILL');
    expect(await writer.ended).toBe('SIGKILL');
    const store = await openStore(config);
    afterFile(() => store.close());
    const { rows } = await store.pool.query(count);
    expect(rows[0].n).toBeGreaterThanOrEqual(30);
    expect(rows[0].lats).toBe(rows[0].n);
    await store.pool.query('insert into wifi_stations (mac) values (1000)');
    expect((await store.pool.query(count)).rows[0].n).toBe(rows[0].n + 1);
  });

  test('gives up a first start when told to, and the next one makes the store anew, whatever is half made', async () => {
    const config = { dataDir: testFolder() };
    const unfinished = join(config.dataDir, 'embedded', 'pgdata.new');
    const stop = new AbortController();
    const reason = new Error('told to stop');
    const givenUp = expect(openStore(config, { role: 'server', signal: stop.signal })).rejects.toBe(reason);
    await expect.poll(() => existsSync(unfinished), { timeout: 20_000 }).toBe(true);
    stop.abort(reason);
    await givenUp;
    // What one leaves that is killed later: a folder that looks like a store's.
    const whole = await testStoreConfig();
    mkdirSync(unfinished, { recursive: true });
    copyFileSync(join(whole.dataDir, 'embedded', 'pgdata', 'PG_VERSION'), join(unfinished, 'PG_VERSION'));
    const store = await openStore(config, { role: 'server' });
    afterFile(() => store.close());
    expect((await store.pool.query(count)).rows[0].n).toBe(0);
  });

  test('is used by a command while a server runs, and both see what the other wrote', async () => {
    const config = await testStoreConfig();
    const server = await openStore(config, { role: 'server' });
    afterFile(() => server.close());
    const command = startScript(`${OPENING + WRITES} await store.close();`, { DATA: config.dataDir, ROLE: 'command' });
    expect(await command.ended).toBe(0);
    expect((await server.pool.query(count)).rows[0].n).toBe(50);
  });

  test('goes to a waiting server, told so, when the command that held it is done or killed', async () => {
    const config = await testStoreConfig();
    const command = startScript(`${OPENING} console.log('open'); setInterval(() => {}, 1000);`, {
      DATA: config.dataDir,
      ROLE: 'command',
    });
    expect(await command.line()).toBe('open');
    const told: string[] = [];
    const opening = openStore(config, { role: 'server', onWait: (message) => told.push(message) });
    await expect.poll(() => told.length, { timeout: 20_000 }).toBe(1);
    expect(told[0]).toContain(`a command (process ${command.process.pid})`);
    command.process.kill('SIGKILL');
    const server = await opening;
    expect((await server.pool.query(count)).rows[0].n).toBe(0);
    await server.close();
  });

  test('tells a command clearly that the server went away, and serves it again after a restart', async () => {
    const config = await testStoreConfig();
    const first = startScript(`${OPENING} console.log('open'); setInterval(() => {}, 1000);`, {
      DATA: config.dataDir,
      ROLE: 'server',
    });
    await first.line();
    const command = await openStore(config);
    afterFile(() => command.close());
    expect((await command.pool.query(count)).rows[0].n).toBe(0);
    first.process.kill('SIGKILL');
    await first.ended;
    const failure = await command.pool.query(count).catch((error) => error);
    expect(describeStoreLoss(failure)).toMatch(/^the store cannot be reached/);
    const second = await openStore(config, { role: 'server' });
    expect((await command.pool.query(count)).rows[0].n).toBe(0);
    await second.close();
  });

  test('starts again by itself when its thread dies, and loses nothing', async () => {
    const config = await testStoreConfig();
    const lost: Error[] = [];
    let thread: Worker | undefined;
    process.once('worker', (started) => {
      thread = started;
    });
    const store = await openStore(config, { role: 'server', onError: (error) => lost.push(error) });
    afterFile(() => store.close());
    await store.pool.query('insert into wifi_stations (mac) values (1)');
    await thread?.terminate();
    await expect
      .poll(
        () =>
          store.pool.query(count).then(
            ({ rows }) => rows[0].n,
            () => 'lost',
          ),
        { timeout: 20_000 },
      )
      .toBe(1);
    expect(lost.length).toBeGreaterThan(0);
  });

  test('says which PostgreSQL made its files if that is another than ours, and not that they are damaged', async () => {
    const config = await testStoreConfig();
    const version = join(config.dataDir, 'embedded', 'pgdata', 'PG_VERSION');
    expect(readFileSync(version, 'latin1').trim()).toBe(POSTGRES_MAJOR);
    writeFileSync(version, '17\n');
    await expect(openStore(config)).rejects.toThrow(/made by PostgreSQL 17, .* has 18: it is not damaged/);
    writeFileSync(version, `${POSTGRES_MAJOR}\n`);
    const store = await openStore(config);
    afterFile(() => store.close());
    expect((await store.pool.query(count)).rows[0].n).toBe(0);
  });

  test('is tried again for as long as it cannot start, and can be closed meanwhile', async () => {
    const config = await testStoreConfig();
    const files = join(config.dataDir, 'embedded', 'pgdata');
    const lost: Error[] = [];
    let thread: Worker | undefined;
    const watchThreads = (started: Worker) => {
      thread = started;
    };
    process.on('worker', watchThreads);
    const store = await openStore(config, { role: 'server', onError: (error) => lost.push(error) });
    afterFile(() => store.close());
    await store.pool.query('insert into wifi_stations (mac) values (1)');
    async function breakIt(): Promise<void> {
      renameSync(files, `${files}.away`);
      writeFileSync(files, 'no folder');
      lost.length = 0;
      await thread?.terminate();
      await expect.poll(() => lost.length, { timeout: 20_000 }).toBeGreaterThan(2);
    }
    await breakIt();
    rmSync(files);
    renameSync(`${files}.away`, files);
    const stations = () => store.pool.query(count).then(({ rows }) => rows[0].n);
    await expect.poll(() => stations().catch(() => 'lost'), { timeout: 20_000 }).toBe(1);
    await breakIt();
    process.off('worker', watchThreads);
    await store.close();
    rmSync(files);
  });

  test('whose files are damaged, or not all there, says so, and where they are', async () => {
    const config = await testStoreConfig();
    const files = join(config.dataDir, 'embedded', 'pgdata');
    for (const harm of [
      () => rmSync(join(files, 'base'), { recursive: true }),
      () => writeFileSync(join(files, 'global', 'pg_control'), 'damaged'),
    ]) {
      harm();
      await expect(openStore(config)).rejects.toThrow(
        /^the embedded store gave up: its files, in DATA_DIR, are damaged/,
      );
    }
  });

  test('lies in a folder of its owner, its socket too when that folder has a long name', async () => {
    const dataDir = join(testFolder(), 'long'.repeat(30));
    const temporary = testFolder();
    mkdirSync(dataDir);
    const folder = socketFolderOf(dataDir, temporary);
    expect(folder.startsWith(temporary)).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(socketFolderOf(dataDir, temporary)).toBe(folder);
    expect(socketFolderOf(`${dataDir}2`, temporary)).not.toBe(folder);
    const { dataDir: short } = await testStoreConfig();
    expect(socketFolderOf(short, temporary)).toBe(short);
  });

  test('refuses a socket folder that others prepared', () => {
    const dataDir = `/${'long'.repeat(30)}`;
    const temporary = testFolder();
    const folder = socketFolderOf(dataDir, temporary);
    const planted = testFolder();
    writeFileSync(join(planted, folder.slice(temporary.length + 1)), '');
    expect(() => socketFolderOf(dataDir, planted)).toThrow();
    const open = testFolder();
    mkdirSync(join(open, folder.slice(temporary.length + 1)), { mode: 0o777 });
    expect(() => socketFolderOf(dataDir, open)).toThrow(/belongs to somebody else/);
  });

  test('serves one server only', async () => {
    const config = await testStoreConfig();
    const first = await openStore(config, { role: 'server' });
    afterFile(() => first.close());
    const told: string[] = [];
    const second = openStore(config, { role: 'server', onWait: (message) => told.push(message) });
    await expect.poll(() => told.length, { timeout: 20_000 }).toBe(1);
    expect(told[0]).toContain('a server');
    await first.close();
    await sleep(0);
    await (await second).close();
  });
});

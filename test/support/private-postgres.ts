// A PostgreSQL server of a test's own, to be killed: a cluster in a temporary folder, run by the binaries of this machine.
// PostgreSQL refuses to run as root, so root runs it as the user `postgres`.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterFile, testFolder } from './store.ts';

const HOMES = '/usr/lib/postgresql';
const home = existsSync(HOMES) ? readdirSync(HOMES).sort((a, b) => Number(b) - Number(a)) : [];
/** Folder of the newest binaries, or undefined: then such tests are skipped. */
export const POSTGRES_BIN = home
  .map((version) => join(HOMES, version, 'bin'))
  .find((bin) => existsSync(join(bin, 'initdb')));
/** Their major version; 0 = there are none. */
export const POSTGRES_MAJOR = Number(POSTGRES_BIN?.split('/').at(-2) ?? 0);
const START_MS = 20_000;

/** True if the tests' server can be dumped by this machine's pg_dump, which refuses newer ones. */
export async function canDump(): Promise<boolean> {
  if (POSTGRES_MAJOR === 0 || process.env.TEST_DATABASE_URL === undefined) return false;
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
  await client.connect();
  const { rows } = await client.query(`select current_setting('server_version_num')::int / 10000 as major`);
  await client.end();
  return rows[0].major <= POSTGRES_MAJOR;
}

/** User and group to run the server as, if we are root. */
function someoneElse(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

type PrivatePostgres = {
  readonly url: string;
  readonly dataDir: string;
  /** Starts it (again); resolves when it answers. */
  start(): Promise<void>;
  /** Ends it as a crash does: nothing is flushed, no checkpoint is written. */
  crash(): Promise<void>;
};

/** A cluster that is not started yet; `settings` are lines of postgresql.conf. */
export async function createPrivatePostgres(settings: readonly string[]): Promise<PrivatePostgres> {
  const who = someoneElse();
  const folder = testFolder();
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (who.uid !== undefined) for (const path of [folder, data]) chownSync(path, who.uid, who.gid!);
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  const made = spawnSync(
    join(POSTGRES_BIN!, 'initdb'),
    ['-D', data, '-U', 'hg', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--locale=C', '-E', 'UTF8', '-N'],
    { ...who, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const url = `postgres://hg:${password}@127.0.0.1:${port}/postgres`;
  const settled = [
    ...settings,
    `port = ${port}`,
    `unix_socket_directories = '${folder}'`,
    `listen_addresses = '127.0.0.1'`,
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${settled.join('\n')}\n`);
  let server: ChildProcess | undefined;

  async function crash(): Promise<void> {
    if (server === undefined) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    // What the postmaster does when one of its processes dies by kill -9: everybody is told to drop everything.
    server.kill('SIGQUIT');
    await ended;
    server = undefined;
  }
  afterFile(crash);
  return {
    url,
    dataDir: data,
    crash,
    async start() {
      server = spawn(join(POSTGRES_BIN!, 'postgres'), ['-D', data], { ...who, cwd: folder, stdio: 'ignore' });
      const until = performance.now() + START_MS;
      for (;;) {
        const client = new pg.Client({ connectionString: url });
        try {
          await client.connect();
          await client.query('select 1');
          return;
        } catch (error) {
          if (performance.now() > until) throw error;
          await sleep(50);
        } finally {
          await client.end().catch(() => {});
        }
      }
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

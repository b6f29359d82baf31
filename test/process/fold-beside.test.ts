// The fold in its own process, on whichever store: real processes, killed for real. That a batch is folded wholly or not at
// all is test/jobs/fold.test.ts's; here, that it stays so when a process goes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows } from '../../src/observations/store.ts';
import { type FoldBeside, openFoldBeside } from '../../src/process/fold-beside.ts';
import { openStore, type Store, type StoreConfig } from '../../src/storage/open.ts';
import { AT_REST, STATION_KEY } from '../support/at-rest.ts';
import { startScript } from '../support/process.ts';
import { afterFile, ON_POSTGRES, testFolder, testStoreConfig } from '../support/store.ts';

const NOW_MS = Date.now();
const DAY_KEY = Buffer.alloc(32, 1);
/** Reports of some batches, and how many a batch holds: few while few wait, but on the embedded store (jobs/pace.ts). */
const [SOME, BATCH] = ON_POSTGRES ? [100, 20] : [2_000, 100];
const ON_LINUX = process.platform === 'linux';
const setupFor = (store: Store) => ({
  ...{ store: store.address, stationKey: STATION_KEY, barredKey: new Uint8Array(32), logLevel: 'silent' },
});

let config: StoreConfig;
let store: Store;
let stopping: AbortController;
let beside: FoldBeside;

beforeAll(async () => {
  config = await testStoreConfig();
  store = await openStore(config);
  afterFile(() => store.close());
});

beforeEach(async () => {
  await store.pool.query('truncate inbox');
  stopping = new AbortController();
  beside = openFoldBeside(store.pool, setupFor(store), testFolder(), stopping.signal);
});

afterEach(async () => {
  stopping.abort();
  await beside.ended();
});

test('starts nothing while there is nothing to fold, and ends when the gateway stops', async () => {
  expect(await beside.fold()).toBeNull();
  expect(children()).toEqual([]);
  await report(1);
  expect(await beside.fold()).toMatchObject({ rows: 1, observations: 1, unreadable: 0 });
  expect(await beside.fold()).toBeNull();
  if (ON_LINUX) expect(children()).toHaveLength(1);
  stopping.abort();
  await beside.ended();
  expect(children()).toEqual([]);
  await report(2);
  expect(await beside.fold()).toBeNull();
  expect(await folded()).toBe(1);
});

test.runIf(ON_LINUX)(
  'gives way with all its threads on PostgreSQL, and with none where others wait for it',
  async () => {
    await report(1);
    await beside.fold();
    const [pid] = children();
    const nices = readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
      // The name before it may hold blanks.
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    });
    expect(nices.length).toBeGreaterThan(1);
    expect(new Set(nices)).toEqual(new Set([ON_POSTGRES ? 19 : getPriority()]));
  },
);

test.runIf(ON_LINUX)('killed in the middle, fails the fold, leaves whole batches, and is started again', async () => {
  await report(SOME);
  const broken = expect(beside.fold()).rejects.toThrow('the fold ended');
  while ((await folded()) === 0) await sleep(5);
  process.kill(children()[0], 'SIGKILL');
  await broken;
  const done = await folded();
  expect(done).toBeLessThan(SOME);
  expect(done % BATCH).toBe(0);
  // A run folds for some seconds at most, which a busy machine may need for a part of it.
  let again = 0;
  for (let run = await beside.fold(); run !== null; run = await beside.fold()) {
    expect(run.unreadable).toBe(0);
    again += run.rows;
  }
  expect(again).toBe(SOME - done);
  expect(await folded()).toBe(SOME);
});

test.runIf(ON_LINUX)('let go when nothing waits, does not fail what the next is asked for by ending late', async () => {
  await report(1);
  await beside.fold();
  const [pid] = children();
  process.kill(pid, 'SIGSTOP');
  for (let i = 0; i < 30; i++) expect(await beside.fold()).toBeNull();
  await report(2);
  const folding = beside.fold();
  while (children().length < 2) await sleep(1);
  process.kill(pid, 'SIGCONT');
  expect(await folding).toMatchObject({ rows: 2 });
  stopping.abort();
  await beside.ended();
  expect(children()).toEqual([]);
});

test.runIf(ON_LINUX)('is let go while the store is away, and there again for what waits when it is back', async () => {
  let isAway = false;
  const away = new Proxy(store.pool, {
    get: (pool, name) =>
      name === 'query' && isAway ? () => Promise.reject(new Error('away')) : Reflect.get(pool, name, pool),
  });
  const own = openFoldBeside(away, setupFor(store), testFolder(), stopping.signal);
  await report(1);
  await own.fold();
  const [pid] = children();
  isAway = true;
  for (let i = 0; i < 30; i++) await expect(own.fold()).rejects.toThrow('away');
  while (isThere(pid)) await sleep(20);
  isAway = false;
  await report(2);
  expect(await own.fold()).toMatchObject({ rows: 2 });
  stopping.abort();
  await own.ended();
});

test.runIf(ON_LINUX)('told to stop in the middle, finishes its batch and ends', async () => {
  await report(SOME);
  const folding = beside.fold();
  while ((await folded()) === 0) await sleep(5);
  stopping.abort();
  expect(await folding).toBeNull();
  await beside.ended();
  expect(children()).toEqual([]);
  const done = await folded();
  expect(done).toBeLessThan(SOME);
  expect(done % BATCH).toBe(0);
});

test.runIf(ON_LINUX)('hears no signal but the last, and opens no debugger for one', async () => {
  await report(1);
  await beside.fold();
  const [pid] = children();
  const listening = listenersOf(pid);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.kill(pid, signal);
  await report(2);
  expect(await beside.fold()).toMatchObject({ rows: 2 });
  await sleep(500);
  expect(children()).toEqual([pid]);
  expect(listenersOf(pid)).toEqual(listening);
});

test.runIf(ON_LINUX)('does not outlive a gateway that was killed', async () => {
  await report(1);
  await store.close();
  const gateway = startScript(
    `import { openFoldBeside } from 'src/process/fold-beside.ts';
    import { openStore } from 'src/storage/open.ts';
    const store = await openStore(JSON.parse(process.env.STORE));
    const setup = { store: store.address, stationKey: Buffer.alloc(32, 21), barredKey: new Uint8Array(32), logLevel: 'silent' };
    const done = await openFoldBeside(store.pool, setup, '${testFolder()}', new AbortController().signal).fold();
    process.stdout.write(done.rows + '\\n');`,
    { STORE: JSON.stringify(config) },
  );
  expect(await gateway.line()).toBe('1');
  const [pid] = children(gateway.process.pid);
  gateway.process.kill('SIGKILL');
  await gateway.ended;
  while (isThere(pid)) await sleep(20);
});

/** Reports that wait, of one access point, by one contributor. */
async function report(n: number): Promise<void> {
  await store.pool.query('insert into contributor_keys (day, key) values ($1, $2) on conflict do nothing', [
    Math.floor(NOW_MS / 86_400_000),
    DAY_KEY,
  ]);
  const reports = Array.from({ length: n }, (_, i) => ({
    ...{ lat: 38.7 + i * 1e-6, lon: -9.1, accuracyM: 8, speedMps: 1, fused: false, timeMs: NOW_MS },
    ...{ wifi: [{ mac: 0x001a2b3c4d5e + n, dbm: -60, ageMs: 0 }], bluetooth: [], cells: [], neighbours: [] },
  }));
  await insertRows(
    store.pool,
    packRows(reports, { tag: 1, dayKey: DAY_KEY, trusted: false }, NOW_MS, AT_REST.payloads),
  );
}

async function folded(): Promise<number> {
  const { rows } = await store.pool.query('select count(*)::int4 as n from inbox where folded_at is not null');
  return rows[0].n;
}

/** Processes of the fold that `parent` started, as Linux tells. */
function children(parent = process.pid): number[] {
  if (!ON_LINUX) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isThere(pid) && parentOf(pid) === parent && commandOf(pid).includes('fold-entry'));
}

/** Sockets of a process on which it takes connections by TCP: their numbers. */
function listenersOf(pid: number): string[] {
  const ours = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
  const rows = ['tcp', 'tcp6'].flatMap((family) => textOf(`/proc/net/${family}`).split('\n'));
  const LISTENING = '0A';
  const open = rows.map((row) => row.trim().split(/\s+/)).filter((fields) => fields[3] === LISTENING);
  return open.map((fields) => `socket:[${fields[9]}]`).filter((socket) => ours.has(socket));
}

const isThere = (pid: number) => statusOf(pid) !== '' && !/^State:\tZ/m.test(statusOf(pid));
const parentOf = (pid: number) => Number(/^PPid:\t(\d+)/m.exec(statusOf(pid))?.[1]);
const statusOf = (pid: number) => textOf(`/proc/${pid}/status`);
const commandOf = (pid: number) => textOf(`/proc/${pid}/cmdline`);

/** What a link leads to; empty if it went meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Empty if it went meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/honeyguide.ts';
import { loadConfig } from '../../src/config/env.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows } from '../../src/observations/store.ts';
import { openAtRest } from '../../src/process/at-rest.ts';
import { storeClock } from '../../src/process/right-clock.ts';
import { requestRemoval } from '../../src/rights/store.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const AP = 0x001a2b3c4d5e;
const store = await openTestStore();
const config = loadConfig({ DATA_DIR: testFolder() });
const { macs, payloads } = await openAtRest(store.pool, loadSecrets(config, randomBytes).stationKey);

const run = (...args: string[]) => runWith(storeClock, args);
async function runWith(storeMs: CommandContext['storeMs'], args: string[]) {
  const texts = { output: '', messages: '' };
  const collect = (name: keyof typeof texts) =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += chunk;
        done();
      },
    });
  const context: CommandContext = {
    config,
    openStore: async () => store,
    input: Readable.from([]),
    output: collect('output'),
    messages: collect('messages'),
    signal: new AbortController().signal,
    now: Date.now,
    storeMs,
    random: randomBytes,
  };
  const exitCode = await runCommandLine(args, context);
  return { exitCode, ...texts };
}

test('fold works what waits into the map and says what it did, the second time nothing', async () => {
  const timeMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const seen = { accuracyM: 8, speedMps: 1, fused: false, timeMs, bluetooth: [], cells: [], neighbours: [] };
  const report = { ...seen, lat: 38.7, lon: -9.1, wifi: [{ mac: AP, dbm: -60, ageMs: 0 }] };
  const fleet = { tag: 1, dayKey: Buffer.alloc(32), trusted: true };
  await insertRows(store.pool, packRows([report], fleet, timeMs, payloads));
  const first = await run('fold', '--json');
  expect(first.exitCode).toBe(0);
  expect(JSON.parse(first.output)).toMatchObject({ rows: 1, observations: 1, stations: 1, published: 1, failed: 0 });
  expect((await run('fold')).output).toMatch(/^0 reports, 0 observations/);
  expect((await run('fold', 'more')).exitCode).toBe(2);
});

test('removals lists codes without addresses and confirms one of them, once', async () => {
  await store.pool.query('insert into wifi_stations (mac, lat, lon) values ($1, 1, 2) on conflict (mac) do nothing', [
    macs.seal('wifi', [AP])[0],
  ]);
  const code = await requestRemoval(store.pool, macs, AP, 'c0ffee00c0de', Date.now());
  const listed = await run('removals', 'list', '--json');
  expect(JSON.parse(listed.output)).toEqual([{ code, requestedAt: expect.any(String), removedAt: null }]);
  expect((await run('removals', 'list')).output + listed.output).not.toMatch(/1a2b3c4d5e|1a:2b/i);
  expect((await run('removals', 'confirm', 'nonsense')).exitCode).toBe(1);
  expect((await run('removals', 'confirm', code)).exitCode).toBe(0);
  expect((await store.pool.query('select lat from wifi_stations')).rows).toEqual([{ lat: null }]);
  expect((await run('removals', 'confirm', code)).exitCode).toBe(1);
  expect((await run('removals')).exitCode).toBe(2);
  const done = await run('removals', 'list', '--json');
  expect(JSON.parse(done.output)).toEqual([{ code, requestedAt: null, removedAt: expect.any(String) }]);
  expect((await run('removals', 'undo', 'nonsense')).exitCode).toBe(1);
  expect((await run('removals', 'undo', code)).exitCode).toBe(0);
  expect((await store.pool.query('select from barred_stations')).rows).toEqual([]);
  expect((await run('removals', 'undo', code)).exitCode).toBe(1);
});

test('sweep forgets what nobody hears any more, in runs as many as it takes, and the second time nothing', async () => {
  const today = Math.floor(Date.now() / 86_400_000);
  const [long, short] = [today - 731, today - 729];
  for (const [first, day] of [
    [1, long],
    [500_001, short],
  ])
    await store.pool.query(
      "insert into mac_learning (kind, mac, last_day, witness_day, state) select 2, n, $2, null, '\\x00' from generate_series($1::int, $1::int + 4999) n",
      [first, day],
    );
  await store.pool.query('insert into bluetooth_stations (mac, lat, lon) values (1, 52, 4), (500001, 52, 4)');
  const { exitCode, output } = await run('sweep', '--json');
  expect([exitCode, JSON.parse(output).gone.stations]).toEqual([0, 5_000]);
  const { rows } = await store.pool.query('select mac::int4 as mac, lat from bluetooth_stations order by mac');
  expect(rows).toEqual([
    { mac: 1, lat: null },
    { mac: 500_001, lat: 52 },
  ]);
  expect((await run('sweep')).output).toBe('Nothing was over.\n');
});

test.each([
  ['a year ahead of', -365 * 86_400_000, '8760 hours ahead of'],
  ['two hours behind', 7_200_000, '2 hours behind'],
])('sweep ends nothing by a clock %s the store’s, counts nothing by it, and says so', async (_how, ms, says) => {
  await store.pool.query("insert into suppressions values ('\\x01', 1, 2)");
  const storeMs = async () => Date.now() + ms;
  for (const args of [['sweep'], ['sweep', '--check']]) {
    const { exitCode, output, messages } = await runWith(storeMs, args);
    expect([exitCode, output]).toEqual([1, '']);
    expect(messages).toBe(`honeyguide: this machine’s clock is ${says} the store’s: nothing is ended by it\n`);
  }
  expect((await store.pool.query('delete from suppressions')).rowCount).toBe(1);
});

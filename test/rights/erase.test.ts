import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { unseal, wrapDeviceKey } from '../../src/devices/device-key.ts';
import { masterKeysOf, openDeviceKey } from '../../src/devices/master-keys.ts';
import { loadDevice } from '../../src/devices/store.ts';
import {
  advanceErasure,
  advanceErasures,
  beginErasure,
  compactKeys,
  erasureStatus,
  findPerson,
  findReturned,
} from '../../src/rights/erase-store.ts';
import { readHeld } from '../../src/rights/held-store.ts';
import { noticeHandle } from '../../src/rights/notices-store.ts';
import { endHold, placeHold } from '../../src/rights/retention-store.ts';
import { findTraces } from '../../src/rights/traces-store.ts';
import { unguardedTables } from '../../src/storage/append-only.ts';
import { openStore } from '../../src/storage/open.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder, testStoreConfig } from '../support/store.ts';
import { disclose, eraseDeps, MARKER_KEY, MASTERS, register, START_MS } from './people.ts';
import { plant } from './plant.ts';
import { dumpTables, inFiles } from './scan.ts';

/** A process for every step takes its time on a busy machine. */
const PROCESSES_MS = 300_000;

const store = await openTestStore();
const { pool } = store;
const deps = eraseDeps(pool, () => START_MS);
const code = () => randomBytes(16).toString('base64url');

test('erasure takes the key first, then every row, and leaves hashes only', async () => {
  const person = await register(pool);
  await disclose(pool, (await loadDevice(pool, MASTERS, person.tokenHash, START_MS))!.subject, 'app-one');
  const marks = await plant(pool, person);
  const bystander = await register(pool);
  await plant(pool, bystander, ['challenges', 'rights_requests', 'last_locations']);
  // The planted tombstone and hold stand in the way of a real one.
  await pool.query('delete from erasures where device = $1', [person.device]);
  await pool.query('delete from legal_holds where device = $1', [person.device]);
  expect((await findTraces(pool, person.device)).length).toBeGreaterThan(10);
  const theirs = code();
  expect(await beginErasure(deps, person, 'asked', theirs)).toBe(true);
  expect(await beginErasure(deps, person, 'asked', code())).toBe(false);

  // Nothing is half shown: no token, no key, but rows still.
  expect(await loadDevice(pool, MASTERS, person.tokenHash, START_MS)).toBeNull();
  expect(await findPerson(pool, MASTERS, person.device)).toBeNull();
  expect((await pool.query('select 1 from device_tokens where device = $1', [person.device])).rows).toEqual([]);
  expect(await erasureStatus(pool, theirs)).toMatchObject({ state: 'in progress' });

  expect(await advanceErasure(deps, person.device)).toBe(true);
  expect(await findTraces(pool, person.device)).toEqual([]);
  expect(await erasureStatus(pool, theirs)).toMatchObject({ state: 'done', doneAt: START_MS });
  expect(await erasureStatus(pool, 'another code')).toBeNull();
  const dump = await dumpTables(pool);
  const kept = ['ledger', 'recipient_notices'];
  // A notice names the device by its handles.
  const gone = marks.filter(
    ({ table, column, mark }) => !kept.includes(table) && column !== 'handle' && mark.length > 6,
  );
  for (const { mark } of gone) expect(dump).not.toContain(mark);
  for (const secret of [person.key, person.tokenHash]) expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
  expect(Object.keys(await readHeld(pool, bystander, START_MS, { forPerson: true }))).toEqual(
    expect.arrayContaining(['challenges', 'devices', 'last_locations', 'rights_requests']),
  );
  // Recipients were told, without a word on why.
  const { rows } = await pool.query("select kind, handles from recipient_notices where application = 'app-one'");
  // One handle for each token that was good.
  expect(rows.map((row) => row.kind)).toEqual(['erased']);
  expect(rows[0].handles).toContain(noticeHandle(person.tokenHash));
});

test('what is left of an erasure says neither who nor why to whoever has no secret', async () => {
  const person = await register(pool);
  await beginErasure(deps, person, 'asked', code());
  await advanceErasures(deps);
  const { rows } = await pool.query('select to_jsonb(e)::text as row from erasures e where device is null');
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map((one) => one.row).join()).not.toContain(person.device);
  const { rows: left } = await pool.query('select to_jsonb(e)::text as row from erasures e');
  expect(left.map((one) => one.row).join()).not.toContain(person.device);
});

test('a hold on one row keeps that row and its key, nothing else, and the erasure ends with the hold', async () => {
  const person = await register(pool);
  await plant(pool, person, ['rights_requests', 'last_locations', 'grants']);
  const { rows } = await pool.query('select id from rights_requests where device = $1', [person.device]);
  const hold = {
    id: crypto.randomUUID(),
    table: 'rights_requests',
    rowKey: rows[0].id,
    reason: 'case',
    placedBy: 'ana',
    endsAt: START_MS * 2,
  };
  expect(await placeHold(pool, hold, START_MS)).toBe(true);
  await beginErasure(deps, person, 'asked', code());
  expect(await advanceErasure(deps, person.device)).toBe(false);
  expect(await loadDevice(pool, MASTERS, person.tokenHash, START_MS)).toBeNull();
  const held = await readHeld(pool, person, START_MS, { forPerson: false });
  expect(Object.keys(held).sort()).toEqual([
    'device_keys',
    'devices',
    'erasures',
    'ledger',
    'legal_holds',
    'rights_requests',
  ]);
  await endHold(pool, hold.id, START_MS - 1);
  expect(await advanceErasure(deps, person.device)).toBe(true);
  expect(await findTraces(pool, person.device)).toEqual([]);
});

test('a device that comes back with a backup is recognised and can be erased again', async () => {
  const person = await register(pool);
  await beginErasure(deps, person, 'asked', code());
  await advanceErasures(deps);
  expect(await findReturned(pool, MARKER_KEY)).toEqual([]);
  const sealed = randomBytes(60);
  await pool.query('insert into devices (id, created_at, last_used_day, sealed) values ($1, 0, 0, $2)', [
    person.device,
    sealed,
  ]);
  await pool.query('insert into device_keys values ($1, $2, $3)', [
    person.device,
    MASTERS.current.name,
    wrapDeviceKey(MASTERS.current, person.device, Buffer.from(person.key), randomBytes),
  ]);
  expect(await findReturned(pool, MARKER_KEY)).toEqual([person.device]);
  expect(await beginErasure(deps, person, 'operator', code())).toBe(true);
  expect(await advanceErasures(deps)).toBe(1);
  expect(await findReturned(pool, MARKER_KEY)).toEqual([]);
});

test('no erased text, key or token can be found in the files of the database', async () => {
  // A database of its own, so that nothing else writes beside.
  const config = await testStoreConfig();
  const own = await openStore(config);
  const { pool: theirs } = own;
  const person = await register(theirs);
  const marks = (await plant(theirs, person)).filter(({ mark }) => mark.startsWith('sealed mark'));
  await theirs.query('delete from erasures');
  await theirs.query('delete from legal_holds');
  const { rows } = await theirs.query('select wrapped from device_keys where device = $1', [person.device]);
  await theirs.query('checkpoint');
  // The scan can find: the wrapped key is there before.
  expect(await inFiles(config.dataDir, theirs, [rows[0].wrapped])).toEqual([true]);
  const ofPerson = eraseDeps(theirs, () => START_MS);
  await beginErasure(ofPerson, person, 'asked', code());
  await advanceErasures(ofPerson);
  expect(await compactKeys(theirs, START_MS - 1)).toBe(true);
  await theirs.query('checkpoint');
  const needles = [
    ...marks.map(({ mark }) => Buffer.from(mark)),
    Buffer.from(person.key),
    Buffer.from(person.token),
    rows[0].wrapped,
  ];
  expect(marks.length).toBeGreaterThan(5);
  expect(await inFiles(config.dataDir, theirs, needles)).toEqual(needles.map(() => false));
  await own.close();
});

test.runIf(ON_POSTGRES)(
  'a restored dump of the data opens for who was not erased, and for nobody else',
  async () => {
    const url = await testDatabase();
    const folder = testFolder();
    const run = (command: string, args: string[]) =>
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const source = await openStore({ dataDir: folder, databaseUrl: url });
    const stays = await register(source.pool);
    const goes = await register(source.pool);
    for (const one of [stays, goes]) await plant(source.pool, one, ['last_locations', 'rights_requests']);
    // What docs/operations.md says: the history of the data without the keys, and the keys apart, of which the newest only is kept.
    run('pg_dump', ['-Fc', '--exclude-table-data=device_keys', '-f', join(folder, 'data.dump'), url]);
    run('pg_dump', ['-Fc', '-f', join(folder, 'whole.dump'), url]);
    await beginErasure(
      eraseDeps(source.pool, () => START_MS),
      goes,
      'asked',
      code(),
    );
    await advanceErasures(eraseDeps(source.pool, () => START_MS));
    run('pg_dump', ['-Fc', '-a', '-t', 'device_keys', '-f', join(folder, 'keys.dump'), url]);
    await source.close();

    const restored = await testDatabase();
    run('pg_restore', ['-d', restored, join(folder, 'data.dump')]);
    run('pg_restore', ['-d', restored, join(folder, 'keys.dump')]);
    const client = new pg.Client({ connectionString: restored });
    await client.connect();
    afterFile(() => client.end());
    const open = async (device: string, key: Uint8Array) => {
      const { rows } = await client.query('select sealed from last_locations where device = $1', [device]);
      return unseal(key, `last_locations.sealed ${device}`, rows[0].sealed)?.toString();
    };
    const { rows: keys } = await client.query('select device, master_key, wrapped from device_keys');
    // The erased one's rows are there again, its key is not; whoever has every secret of the installation reads nothing of it.
    expect(keys.map((row) => row.device)).toEqual([stays.device]);
    expect(await open(stays.device, openDeviceKey(MASTERS, keys[0])!)).toContain('sealed mark');
    for (const key of [openDeviceKey(MASTERS, keys[0])!, MASTERS.current.key])
      expect(await open(goes.device, key)).toBeUndefined();
    // The evidence came back as it was, and is guarded as it was.
    const { rows: evidence } = await client.query('select seq from ledger order by seq');
    expect(evidence.length).toBeGreaterThan(1);
    expect(await unguardedTables(client)).toEqual([]);
    await expect(client.query('delete from ledger')).rejects.toThrow('append-only');

    // A whole dump from before holds the wrapped key too: it ends with the master key that wrapped it (`master-key rotate`).
    const whole = await testDatabase();
    run('pg_restore', ['-d', whole, join(folder, 'whole.dump')]);
    const other = new pg.Client({ connectionString: whole });
    await other.connect();
    afterFile(() => other.end());
    const { rows } = await other.query('select device, master_key, wrapped from device_keys where device = $1', [
      goes.device,
    ]);
    expect(openDeviceKey(MASTERS, rows[0])).not.toBeNull();
    expect(openDeviceKey(masterKeysOf([Buffer.alloc(32, 99)]), rows[0])).toBeNull();
  },
  PROCESSES_MS,
);

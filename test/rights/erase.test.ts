import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { unseal, wrapDeviceKey } from '../../src/devices/device-key.ts';
import { openDeviceKey } from '../../src/devices/master-keys.ts';
import { loadDevice } from '../../src/devices/store.ts';
import { eraseUnused } from '../../src/rights/children-store.ts';
import {
  advanceErasure,
  advanceErasures,
  beginErasure,
  compactKeys,
  erasureStatus,
  findPerson,
  isSuppressed,
} from '../../src/rights/erase-store.ts';
import { noticeHandle } from '../../src/rights/notice-handle.ts';
import { REGISTRY } from '../../src/rights/registry.ts';
import { endHold, placeHold } from '../../src/rights/retention-store.ts';
import { findLeaving, findReturned } from '../../src/rights/returned-store.ts';
import { findTraces } from '../../src/rights/traces-store.ts';
import { unguardedTables } from '../../src/storage/append-only.ts';
import { openStore } from '../../src/storage/open.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder, testStoreConfig } from '../support/store.ts';
import { disclose, eraseDeps, MARKER_KEY, MASTERS, register, START_MS } from './people.ts';
import { type Mark, plant } from './plant.ts';
import { readHeld } from './read-held.ts';
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
  await plant(pool, bystander);
  // The planted tombstone and hold stand in the way of a real one.
  await pool.query('delete from erasures where device = $1', [person.device]);
  await pool.query('delete from legal_holds where device = $1', [person.device]);
  expect((await findTraces(pool, person.device)).length).toBeGreaterThan(10);
  // The planner keeps samples of columns, of ids and times as well.
  await pool.query('analyze');
  const theirs = code();
  expect(await beginErasure(deps, person, 'asked', theirs)).toBe(true);
  expect(await beginErasure(deps, person, 'asked', code())).toBe(false);

  // Nothing is half shown: no token, no key, but rows still.
  expect(await loadDevice(pool, MASTERS, person.tokenHash, START_MS)).toBeNull();
  expect(await findPerson(pool, MASTERS, person.device)).toBeNull();
  expect((await pool.query('select 1 from device_tokens where device = $1', [person.device])).rows).toEqual([]);
  expect(await erasureStatus(pool, theirs, START_MS)).toMatchObject({ state: 'in progress' });

  expect(await advanceErasure(deps, person.device)).toBe(true);
  expect(await findTraces(pool, person.device)).toEqual([]);
  expect(await erasureStatus(pool, theirs, START_MS)).toMatchObject({ state: 'done', doneAt: START_MS });
  expect(await erasureStatus(pool, 'another code', START_MS)).toBeNull();
  // Autovacuum may be at a table.
  await expect.poll(() => compactKeys(pool, START_MS - 1), { timeout: 30_000 }).toBe(true);
  const dump = await dumpTables(pool);
  for (const [column, form] of goneOf(marks)) expect([column, dump.includes(form)]).toEqual([column, false]);
  for (const secret of [person.key, person.tokenHash, person.proofKey])
    expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
  expect(dump).not.toContain(person.token);
  expect(Object.keys(await readHeld(pool, bystander, START_MS, { forPerson: true }))).toEqual(
    expect.arrayContaining(['challenges', 'devices', 'last_locations', 'rights_requests']),
  );
  // Recipients were told, without a word on why.
  const { rows } = await pool.query("select kind, handles from recipient_notices where application = 'app-one'");
  // A notice for each token that was good.
  expect(new Set(rows.map(({ kind, handles }) => `${kind} ${handles.length}`))).toEqual(new Set(['erased 1']));
  expect(rows.flatMap(({ handles }) => handles)).toContain(noticeHandle(person.tokenHash));
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

test('who was erased after the backup was made comes back without key and tombstone, and goes again, asked for or when its time is over', async () => {
  const [asked, unused, stays] = [await register(pool), await register(pool), await register(pool)];
  for (const one of [asked, unused, stays]) await plant(pool, one, ['grants', 'consent_events', 'notice_handles']);
  // The rest is that of the backup, the keys are the newest.
  await pool.query('delete from device_keys where device = any($1)', [[asked.device, unused.device]]);
  expect((await findReturned(pool, MARKER_KEY)).sort()).toEqual([asked.device, unused.device].sort());
  expect(await findLeaving(pool, MASTERS, asked.device)).toEqual({ device: asked.device, key: null });

  expect(await beginErasure(deps, { device: asked.device, key: null }, 'operator', code())).toBe(true);
  expect(await eraseUnused(deps, randomBytes, `t.id = '${unused.device}' and $1::int8 is not null`)).toBe(1);
  await advanceErasures(deps);
  for (const gone of [asked, unused]) {
    expect(await findTraces(pool, gone.device)).toEqual([]);
    // Its token gets the empty copy of everybody who was erased, not a stranger's answer.
    expect(await isSuppressed(pool, MARKER_KEY, gone.tokenHash, START_MS)).toBe(true);
  }
  expect(await findReturned(pool, MARKER_KEY)).toEqual([]);
  expect((await findTraces(pool, stays.device)).length).toBeGreaterThan(0);
});

test('keys that were not restored are not taken for erased people', async () => {
  const config = await testStoreConfig();
  const own = await openStore(config);
  afterFile(() => own.close());
  await register(own.pool);
  await own.pool.query('delete from device_keys');
  await expect(findReturned(own.pool, MARKER_KEY)).rejects.toThrow('restore the newest device_keys first');
});

test('no erased text, key or token can be found in the files of the database', async () => {
  // A database of its own, so that nothing else writes beside.
  const config = await testStoreConfig();
  const own = await openStore(config);
  const { pool: theirs } = own;
  const person = await register(theirs);
  const marks = await plant(theirs, person);
  await theirs.query('delete from erasures');
  await theirs.query('delete from legal_holds');
  const { rows } = await theirs.query('select wrapped from device_keys where device = $1', [person.device]);
  await theirs.query('checkpoint');
  const look = (needles: readonly Buffer[]) => inFiles(config.dataDir, theirs, needles);
  // The scan can find: the wrapped key is there before, and so is every column but what is in the sealed ones.
  const sealed = goneOf(marks).filter(([, form]) => form.startsWith('sealed mark'));
  const columns = goneOf(marks).filter(([, form]) => !form.startsWith('sealed mark'));
  const stored = columns.flatMap(([name, form]) => (storedAs(form) === null ? [] : [{ name, bytes: storedAs(form)! }]));
  const leftIn = async () => {
    const found = await look(stored.map(({ bytes }) => bytes));
    return stored.filter((_, i) => found[i]).map(({ name }) => name);
  };
  expect(await look([rows[0].wrapped])).toEqual([true]);
  expect(await leftIn()).toEqual(stored.map(({ name }) => name));
  const ofPerson = eraseDeps(theirs, () => START_MS);
  await beginErasure(ofPerson, person, 'asked', code());
  await advanceErasures(ofPerson);
  const needles = [
    ...sealed.map(([, form]) => Buffer.from(form)),
    Buffer.from(person.key),
    Buffer.from(person.token),
    rows[0].wrapped,
  ];
  expect(sealed.length).toBeGreaterThan(5);
  // Somebody's snapshot (autovacuum's) may keep a dead row through a compaction; the job does it again.
  await expect
    .poll(
      async () => [await compactKeys(theirs, START_MS - 1), await theirs.query('checkpoint'), await look(needles)],
      {
        timeout: 30_000,
      },
    )
    .toEqual([true, expect.anything(), needles.map(() => false)]);
  // Ids, hashes and times are in dead rows of other tables until PostgreSQL uses their place again; and nowhere but there.
  for (const [table, { subject }] of Object.entries(REGISTRY)) if (subject) await theirs.query(`vacuum full ${table}`);
  await theirs.query('checkpoint');
  await expect.poll(leftIn, { timeout: 30_000 }).toEqual([]);
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
  },
  PROCESSES_MS,
);

/** Flags and small numbers, which many rows share; what is null in a row that is to be found. */
const NO_MARK = [
  ...['grants.precision', 'grants.sources', 'consent_events.precision', 'consent_events.sources', 'devices.flags'],
  ...[
    'device_tokens.arrived',
    'parental_consents.precise',
    'parental_consents.withdrawn_at',
    'legal_disclosures.gag_until',
  ],
  'devices.last_used_day',
  // Of a good token it is kept until then that its phone was erased.
  'device_tokens.expires_at',
  // Recipients hear of the erasure by it.
  'notice_handles.handle',
];

/**
 * What of the marks must be nowhere: of every column that a device's rows have, but in tables of which rows outlive it (the
 * registry says why), in the form in which the store has it. A column without a mark that is its own is named here.
 */
function goneOf(marks: readonly Mark[]): [string, string][] {
  const gone: [string, string][] = [];
  const marked = new Map(marks.map((one) => [`${one.table}.${one.column}`, one.mark]));
  for (const [table, entry] of Object.entries(REGISTRY)) {
    if (entry.subject?.by !== 'device' || entry.survivesErasure !== undefined || table === 'device_keys') continue;
    for (const column of Object.keys(entry.columns)) {
      const name = `${table}.${column}`;
      const mark = marked.get(name);
      if (NO_MARK.includes(name)) continue;
      // Times are shown in words and kept as numbers.
      gone.push([name, /T.*Z$/.test(mark!) ? `${Date.parse(mark!)}` : mark!]);
    }
  }
  return gone;
}

/** The bytes by which a file of the database has it; null for numbers too short to be told from others. */
function storedAs(form: string): Buffer | null {
  if (/^[0-9a-f]{32}$|^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(form)) return Buffer.from(form.replaceAll('-', ''), 'hex');
  if (!/^\d+$/.test(form)) return Buffer.from(form);
  if (form.length < 13) return null;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(form));
  return bytes;
}

// What a dump of the whole store gives away: to whoever finds one, and to whoever restores one from before somebody was erased.

import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import { checkEvidence } from '../../src/cli/doctor-evidence.ts';
import { loadConfig } from '../../src/config/env.ts';
import { readMasterKeys } from '../../src/config/master-keys.ts';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';
import { unseal } from '../../src/devices/device-key.ts';
import { masterKeysOf, openDeviceKey } from '../../src/devices/master-keys.ts';
import { fileComplaint } from '../../src/rights/complaints-store.ts';
import { advanceErasures, beginErasure } from '../../src/rights/erase-store.ts';
import { REGISTRY } from '../../src/rights/registry.ts';
import { addStaff } from '../../src/rights/staff-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { runCommand } from '../support/command.ts';
import { canDump } from '../support/private-postgres.ts';
import { addPartner } from '../support/sharing.ts';
import { afterFile, ON_POSTGRES, testDatabase, testFolder, testStoreConfig } from '../support/store.ts';
import { eraseDeps, MASTERS, register, START_MS } from './people.ts';
import { plant } from './plant.ts';
import { dumpTables } from './scan.ts';

const PROCESSES_MS = 300_000;
const list = (names: string) => names.split(' ');

/**
 * Columns about people that lie in a dump as they are, and why: none says where anybody is or was, nor who. A place, a profile, what
 * somebody said and who a parent is are sealed; a new column that is neither there nor here fails.
 */
const PLAIN: readonly (readonly [why: string, columns: readonly string[]])[] = [
  [
    'random or keyed names by which rows are found, joined, exported and erased',
    list('device id record parental disclosure subject handle handles tag seq event_seq'),
  ],
  [
    'times: what is over is invisible by query and deleted by age',
    list(
      'created_at expires_at issued_at at given_at suspended_at withdrawn_at marked_at received_at due_at extended_at ended_at requested_at ends_at gag_until executed_at last_used_day placed_at started_at done_at read_at added_at tick ticks window_no',
    ),
  ],
  [
    'the terms on which every question of a partner is decided under the lock',
    list('application purpose state precision scopes sources policy_version flags version precise'),
  ],
  ['words of a closed list that say what kind of act a row is', list('kind basis method action cause step detail')],
  ['whether a token reached its phone: on it stands what the one before it may still do', list('arrived')],
  ['a region under a tag that dies with its window, for counts', list('region')],
  [
    'what staff and law must answer for: who, which row, until when, in words that name nobody',
    list('staff requested_by placed_by table_name row_key reason roles'),
  ],
  ['which authority answers', list('jurisdiction')],
  [
    'encrypted or hashed by other means: test/process/at-rest.test.ts, test/rights/removal.test.ts',
    list('mac mac_hash payload digest contributor code'),
  ],
];

/** The whole store as whoever finds a backup has it. */
async function wholeDump(config: { dataDir: string; databaseUrl?: string }, db: pg.Pool): Promise<Buffer> {
  if (config.databaseUrl !== undefined)
    return execFileSync('pg_dump', [config.databaseUrl], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
  await db.query('checkpoint');
  const files = readdirSync(config.dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const tables = Buffer.from(await dumpTables(db));
  return Buffer.concat([tables, ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)))]);
}

test('every column about people is sealed, a secret, or plain for a reason that is written down', () => {
  const plain = new Set<string>();
  for (const { columns } of Object.values(REGISTRY))
    for (const [column, kind] of Object.entries(columns))
      if (kind === 'personal' || kind === 'pseudonymous') plain.add(column);
  expect([...plain].sort()).toEqual(PLAIN.flatMap(([, columns]) => columns).sort());
});

test.skipIf(ON_POSTGRES && !(await canDump()))(
  'no word of anybody, nor a key or token, is to be read in a whole dump',
  async () => {
    const config = await testStoreConfig();
    const store = await openStore(config);
    afterFile(() => store.close());
    const { pool } = store;
    const person = await register(pool, START_MS, { jurisdiction: 'NL', ageBand: '16to17' });
    const marks = await plant(pool, person);
    const deps = { pool, masters: MASTERS, random: randomBytes, newId: randomUUID };
    const said = { text: 'they followed me home', replyTo: 'ada@people.example', jurisdiction: 'NL' };
    const { ticket } = await fileComplaint(deps, said, START_MS);
    const partner = await addPartner(store, 'Bus Times');
    const staffKey = await addStaff(pool, 'ana', ['privacy'], randomBytes, START_MS);
    const sealed = marks.filter(({ mark }) => mark.startsWith('sealed mark'));
    // Every sealed column there is has a mark: those of devices planted, the complaint's said.
    const all = Object.entries(REGISTRY).filter(([, { columns }]) => Object.values(columns).includes('sealed'));
    expect([...sealed.map(({ table }) => table), 'complaints'].sort()).toEqual(all.map(([table]) => table).sort());

    const dump = await wholeDump(config, pool);
    const words = [...sealed.map(({ mark }) => mark), said.text, said.replyTo, '16to17'];
    const secrets = [person.token, ticket, partner.key, staffKey];
    for (const word of [...words, ...secrets])
      for (const form of [
        word,
        Buffer.from(word).toString('hex'),
        Buffer.from(word).toString('base64').replace(/=+$/, ''),
      ])
        expect([word, dump.includes(form)]).toEqual([word, false]);
    for (const key of [person.key, person.proofKey])
      for (const form of [
        Buffer.from(key),
        ...(['hex', 'base64', 'base64url'] as const).map((as) => Buffer.from(key).toString(as)),
      ])
        expect(dump.includes(form)).toBe(false);
    // The dump can be searched: what is plain on purpose is in it.
    for (const { table, column, mark } of marks.filter((one) => one.mark.startsWith('mark ')))
      expect([table, column, dump.includes(mark)]).toEqual([table, column, true]);
  },
);

test.runIf(ON_POSTGRES && (await canDump()))(
  'a dump of the whole store from before an erasure opens for nobody once the master key has been replaced, which the doctor asks for',
  async () => {
    const url = await testDatabase();
    const DATA_DIR = testFolder();
    const store = await openStore({ dataDir: DATA_DIR, databaseUrl: url });
    afterFile(() => store.close());
    const path = secretsPath({ dataDir: DATA_DIR });
    loadSecrets({ dataDir: DATA_DIR }, randomBytes);
    const masterKey = Buffer.from(MASTERS.current.key).toString('hex');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), masterKey }));
    const inForce = () => masterKeysOf(readMasterKeys(path));
    const run = (command: string, args: string[]) =>
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const [stays, goes] = [await register(store.pool), await register(store.pool)];
    for (const one of [stays, goes]) await plant(store.pool, one, ['last_locations']);
    run('pg_dump', ['-Fc', '-f', join(DATA_DIR, 'whole.dump'), url]);
    const deps = eraseDeps(store.pool, () => START_MS);
    await beginErasure(deps, goes, 'asked', 'a code');
    await advanceErasures(deps);

    const target = await testDatabase();
    const restored = new pg.Client({ connectionString: target });
    await restored.connect();
    afterFile(() => restored.end());
    run('pg_restore', ['-d', target, join(DATA_DIR, 'whole.dump')]);
    /** Whose last place whoever has the dump and every secret of the installation can read. */
    const readable = async () => {
      const { rows } = await restored.query(
        'select device, sealed, k.master_key, k.wrapped from last_locations join device_keys k using (device)',
      );
      return rows
        .filter((row) => {
          const key = openDeviceKey(inForce(), row);
          return key !== null && unseal(key, `last_locations.sealed ${row.device}`, row.sealed) !== null;
        })
        .map((row) => row.device)
        .sort();
    };
    const doctor = async () => {
      const context = { config: loadConfig({ DATA_DIR }), now: () => START_MS + 31 * DAY_MS } as CommandContext;
      return (await checkEvidence(store.pool, context)).find((one) => one.what === 'erased keys')?.state;
    };
    expect([await readable(), await doctor()]).toEqual([[stays.device, goes.device].sort(), 'weak']);
    for (const verb of ['prepare', 'switch', 'retire'])
      expect([verb, (await runCommand(['master-key', verb], store, { DATA_DIR })).exitCode]).toEqual([verb, 0]);
    expect([await readable(), await doctor()]).toEqual([[], 'ok']);

    // As docs/operations.md says: with the newest keys in place of its own it is a backup of those who stayed.
    run('pg_dump', ['-Fc', '-a', '-t', 'device_keys', '-f', join(DATA_DIR, 'keys.dump'), url]);
    await restored.query('truncate device_keys');
    run('pg_restore', ['-d', target, join(DATA_DIR, 'keys.dump')]);
    expect(await readable()).toEqual([stays.device]);
  },
  PROCESSES_MS,
);

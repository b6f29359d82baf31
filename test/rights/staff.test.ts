import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/honeyguide.ts';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { fileComplaint, findComplaint } from '../../src/rights/complaints-store.ts';
import { addRequest } from '../../src/rights/requests-store.ts';
import { allows, ROLES, staffActOf, staffDetail } from '../../src/rights/staff.ts';
import { COMMAND_NOW_MS } from '../support/command.ts';
import { testFolder } from '../support/store.ts';
import { openTestDesk, REASON } from './desk.ts';
import { disclose } from './people.ts';

const { pool, masters, keys, run, hire, device } = await openTestDesk();
const staffRows = async () =>
  (await pool.query('select detail from ledger where kind = 7 order by seq')).rows.map((row) => row.detail as string);
/** The same without what it was done to, which staff-acts.test.ts looks at. */
const acts = async () =>
  (await staffRows()).map((detail) => {
    const act = staffActOf(detail);
    return act === null ? detail : staffDetail({ ...act, object: null });
  });

test('without any staff keys, partners and policies need the shell and nothing else, with a reason or without', async () => {
  for (const args of [
    ['keys', 'add', '--class', 'partner', '--name', 'Shop'],
    ['keys', 'list', ...REASON],
    ['partners', 'list', '--reason=because'],
    ['policies', 'list'],
    ['removals', 'list'],
    ['staff', 'list'],
  ])
    expect([args, (await run(null, ...args)).exitCode]).toEqual([args, 0]);
  expect((await run(null, 'keys', 'list', '--reason')).exitCode).toBe(2);
  expect(await staffRows()).toEqual([]);
});

test('the first of the staff is an admin; after that nobody is added without an admin’s key, a role and a reason', async () => {
  expect((await run(null, 'staff', 'add', 'eve', '--roles', 'legal')).exitCode).toBe(2);
  const first = await run(null, 'staff', 'add', 'root', '--roles', 'admin');
  expect(first).toMatchObject({ exitCode: 0, json: { id: 'root', key: expect.stringMatching(/^hgf_/) } });
  keys.root = first.json.key;
  expect((await run(null, 'staff', 'add', 'eve', '--roles', 'legal', ...REASON)).exitCode).toBe(2);
  expect((await run('hgf_wrong', 'staff', 'add', 'eve', '--roles', 'legal', ...REASON)).exitCode).toBe(1);
  expect((await run('root', 'staff', 'add', 'eve', '--roles', 'legal')).exitCode).toBe(1);
  expect((await run('root', 'staff', 'add', 'eve', '--roles', 'nonsense', ...REASON)).exitCode).toBe(2);
  await hire('priv', 'privacy');
  expect((await run('priv', 'staff', 'add', 'eve', '--roles', 'legal', ...REASON)).exitCode).toBe(1);
  const { rows } = await pool.query('select id, key_hash from staff order by id');
  expect(rows.map((row) => row.id)).toEqual(['priv', 'root']);
  expect(JSON.stringify(rows)).not.toContain(keys.root);
});

test('of two who would be the first at the same moment one is, and the other needs leave', async () => {
  const desk = await openTestDesk();
  const add = (id: string) => desk.run(null, 'staff', 'add', id, '--roles', 'admin', ...REASON);
  const both = await Promise.all([add('ann'), add('bea')]);
  expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
  const { rows } = await desk.pool.query('select s.id, l.detail from staff s, ledger l where l.kind = 7');
  const { id } = both.find(({ exitCode }) => exitCode === 0)!.json;
  expect(rows).toEqual([{ id, detail: `(shell) staff add ${id} admin: the first of the staff` }]);
});

test('no role allows everything, and nothing is allowed without one', () => {
  const actions = new Set(Object.values(ROLES).flat());
  for (const role of Object.keys(ROLES)) expect([...actions].every((action) => allows([role], action))).toBe(false);
  for (const action of actions)
    for (const roles of [[], ['nonsense'], ['constructor']]) expect(allows(roles, action)).toBe(false);
});

test('every act of staff, and every refusal, is a row of the audit chain that verifies; who has left can do nothing', async () => {
  await hire('leaver', 'privacy');
  const ada = await device();
  const copy = await run('leaver', 'requests', 'export', ada.id, ...REASON);
  expect(copy.exitCode).toBe(0);
  expect(copy.json.devices.rows[0].content.jurisdiction).toBe('NL');
  expect(await staffRows()).toContain('leaver export: for the test of it');
  expect((await run('root', 'requests', 'export', ada.id, ...REASON)).exitCode).toBe(1);
  expect(await staffRows()).toContain('root refused export: for the test of it');
  await run('root', 'staff', 'end', 'leaver', ...REASON);
  expect((await run('leaver', 'requests', 'export', ada.id, ...REASON)).exitCode).toBe(1);
  expect(await staffRows()).toContain('leaver refused export: for the test of it');
  expect((await run('priv', 'requests', 'export', ada.id, '--reason', 'short')).exitCode).toBe(1);
  expect((await run(null, 'audit', 'verify')).exitCode).toBe(0);
});

test('the last admin can’t be ended by anybody, also when two would end each other at once; the attempt is a row, too', async () => {
  const end = (who: string, id: string) => run(who, 'staff', 'end', id, ...REASON);
  const before = (await staffRows()).length;
  expect(await end('root', 'root')).toMatchObject({
    exitCode: 1,
    json: { error: expect.stringContaining('no admin') },
  });
  expect((await staffRows()).length).toBe(before + 1);
  await hire('second', 'admin,privacy');
  await hire('third', 'privacy');
  const both = await Promise.all([end('root', 'second'), end('second', 'root')]);
  expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1]);
  const [left, gone] = both[0].exitCode === 0 ? ['root', 'second'] : ['second', 'root'];
  expect((await end(left, left)).exitCode).toBe(1);
  expect((await end(left, gone)).json.error).toContain('nobody of that id');
  expect((await end(left, 'third')).exitCode).toBe(0);
  // The others here are hired by `root`.
  await pool.query("update staff set ended_at = null where id = 'root'");
});

test('parents’ consents are the business of staff too, as soon as there is any', async () => {
  const dee = await device();
  const list = (who: string | null, ...more: string[]) => run(who, 'parental', 'list', dee.id, ...more);
  expect((await list(null, ...REASON)).exitCode).toBe(2);
  expect((await list('root', ...REASON)).exitCode).toBe(1);
  expect((await list('priv')).exitCode).toBe(1);
  expect((await list('priv', ...REASON)).exitCode).toBe(0);
  expect(await staffRows()).toContain('priv parental: for the test of it');
});

describe('as soon as there is staff', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'p.en.md'), 'We.');
  const [ofKeys, map] = [['keys', 'operator'] as const, ['map', 'operator'] as const];
  const GUARDED: (readonly [action: string, role: string, ...args: string[]])[] = [
    [...ofKeys, 'keys', 'list'],
    [...ofKeys, 'keys', 'add', '--class', 'device', '--name', 'X'],
    [...ofKeys, 'keys', 'revoke', 'nobody'],
    ['partners', 'operator', 'partners', 'list'],
    ['partners', 'operator', 'partners', 'add', '--name', 'Navi'],
    ['partners', 'operator', 'partners', 'suspend', 'nobody'],
    ['policies', 'privacy', 'policies', 'list'],
    ['policies', 'privacy', 'policies', 'publish', join(folder, 'p.en.md'), '--version', '2030'],
    ['removals', 'privacy', 'removals', 'list'],
    ['removals', 'operator', 'removals', 'confirm', 'x'],
    [...map, 'export', join(folder, 'map.ndjson')],
    ['master-key', 'operator', 'master-key', 'status'],
    ['parental', 'privacy', 'parental', 'list', '00000000-0000-0000-0000-000000000000'],
  ];

  test('every command either needs none of it for a reason, or gets no store without a key, a role and a reason', async () => {
    await hire('ops', 'operator');
    await hire('officer', 'privacy');
    await hire('nobody', 'legal-approver');
    const guarded = Object.entries(COMMANDS).filter(([, { access }]) => access !== 'open' && access !== 'desk');
    expect(new Set(GUARDED.map(([, , name]) => name))).toEqual(new Set(guarded.map(([name]) => name)));
    const others = Object.entries(COMMANDS).filter(([, { access }]) => access === 'open');
    expect(others.map(([name]) => name).sort()).toEqual(
      ['anonymity-map', 'audit', 'doctor', 'fold', 'import', 'serve', 'sweep', 'transparency'].sort(),
    );
    const before = await pool.query('select count(*)::int as n from api_keys');
    for (const [action, role, ...args] of GUARDED) {
      expect(COMMANDS[args[0]].access).toBe(action);
      expect([args, (await run(null, ...args, ...REASON)).exitCode]).toEqual([args, 2]);
      expect([args, (await run('hgf_wrong', ...args, ...REASON)).exitCode]).toEqual([args, 1]);
      expect([args, (await run('nobody', ...args, ...REASON)).exitCode]).toEqual([args, 1]);
      const who = role === 'operator' ? 'ops' : 'officer';
      expect([args, (await run(who, ...args)).exitCode]).toEqual([args, 1]);
      expect(await acts()).toContain(`nobody refused ${action}: for the test of it`);
      expect(await acts()).not.toContain(`${who} ${action}: ${args[0]} is allowed`);
    }
    expect((await pool.query('select count(*)::int as n from api_keys')).rows).toEqual(before.rows);
    expect((await pool.query("select 1 from partners where name = 'Navi'")).rows).toEqual([]);
    for (const [action, role, ...args] of GUARDED) {
      const who = role === 'operator' ? 'ops' : 'officer';
      const done = await run(who, ...args, `--reason=${args[0]} is allowed`);
      expect([args, done.exitCode]).toEqual([args, /nobody|confirm|parental/.test(args.join()) ? 1 : 0]);
      expect(await acts()).toContain(`${who} ${action}: ${args[0]} is allowed`);
    }
  });

  test('lists of people’s cases and of staff are read for a reason too', async () => {
    for (const args of [
      ['requests', 'list'],
      ['complaints', 'list'],
      ['legal', 'holds'],
      ['staff', 'list'],
    ]) {
      expect([args, (await run(null, ...args, ...REASON)).exitCode]).toEqual([args, 2]);
      expect([args, (await run('ops', ...args, ...REASON)).exitCode]).toEqual([args, 1]);
      const who = args[0] === 'staff' ? 'root' : 'officer';
      expect([args, (await run(who, ...args, ...REASON)).exitCode]).toEqual([args, 0]);
    }
  });
});

test('staff moves a request on, extends it once, and the person is told why it was refused', async () => {
  const ada = await device();
  const person = { device: ada.id, key: ada.key };
  const add = (kind: 'rectification') =>
    addRequest(
      pool,
      person,
      randomUUID(),
      kind,
      { field: 'other', statement: 'the wrong town' },
      [{ kind: 'askProof' }],
      COMMAND_NOW_MS,
      randomBytes,
    );
  const first = await add('rectification');
  expect((await run(null, 'requests', 'list', ...REASON)).exitCode).toBe(2);
  const listed = (await run('priv', 'requests', 'list', ...REASON)).json as { id: string }[];
  expect(listed.map((one) => one.id)).toContain(first.id);
  expect((await run('priv', 'requests', 'show', first.id, ...REASON)).json.asked).toMatchObject({
    statement: 'the wrong town',
  });
  expect((await run('priv', 'requests', 'finish', first.id, ...REASON)).exitCode).toBe(1);
  expect((await run('priv', 'requests', 'start', first.id, ...REASON)).json.state).toBe('in progress');
  const extended = await run('priv', 'requests', 'extend', first.id, '--say', 'we must ask the maker', ...REASON);
  expect(new Date(extended.json.dueAt).toISOString().slice(0, 10)).toBe('2026-04-02');
  expect((await run('priv', 'requests', 'extend', first.id, '--say', 'again', ...REASON)).exitCode).toBe(1);
  await disclose(pool, ledgerSubject(ada.key), 'told-the-wrong-town', COMMAND_NOW_MS);
  expect((await run('priv', 'requests', 'finish', first.id, ...REASON)).json.state).toBe('done');
  // Whoever was shown something is told that it was wrong.
  const told = await pool.query('select application, kind from recipient_notices');
  expect(told.rows).toEqual([{ application: 'told-the-wrong-town', kind: 'rectified' }]);
  const second = await add('rectification');
  expect((await run('priv', 'requests', 'refuse', second.id, ...REASON)).exitCode).toBe(2);
  const refused = await run('priv', 'requests', 'refuse', second.id, '--say', 'it is right', ...REASON);
  expect(refused.json).toMatchObject({ state: 'refused', reason: 'it is right' });
});

test('staff can call nothing done that was not done', async () => {
  const ada = await device();
  const person = { device: ada.id, key: ada.key };
  const begin = async (kind: 'erasure' | 'rectification', asked: object) => {
    const events = [{ kind: 'askProof' }] as const;
    const { id } = await addRequest(pool, person, randomUUID(), kind, asked, events, COMMAND_NOW_MS, randomBytes);
    expect((await run('priv', 'requests', 'start', id, ...REASON)).exitCode).toBe(0);
    return id;
  };
  const finish = async (id: string) => (await run('priv', 'requests', 'finish', id, ...REASON)).json;
  const erasure = await begin('erasure', {});
  expect((await finish(erasure)).error).toContain('honeyguide erase DEVICE');
  expect((await run('priv', 'requests', 'show', erasure, ...REASON)).json).toMatchObject({
    ...{ state: 'in progress', device: ada.id },
  });
  // What it was is still there to be shown, and is asked for by name.
  for (const [asked, says] of [
    [{ field: 'jurisdiction', value: 'DE' }, 'PATCH /v1/me'],
    [{ field: 'ageBand', value: '16to17' }, 'correct-age'],
    [{ field: 'sources', value: [] }, 'refuse'],
    [{ field: 'consent' }, 'refuse'],
  ] as const)
    expect([asked, (await finish(await begin('rectification', asked))).error]).toEqual([
      asked,
      expect.stringContaining(says),
    ]);
  const age = await begin('rectification', { field: 'ageBand', value: '16to17' });
  await run('priv', 'parental', 'correct-age', ada.id, '--age-band', '16to17', ...REASON);
  expect((await finish(age)).state).toBe('done');
  await pool.query("insert into last_locations values ($1, $2, '\\x00')", [ada.id, COMMAND_NOW_MS + 1000]);
  expect((await finish(await begin('rectification', { field: 'position' }))).state).toBe('done');
  expect((await pool.query('select 1 from last_locations where device = $1', [ada.id])).rows).toEqual([]);
});

test('a complaint is answered by staff and may be said not to satisfy', async () => {
  const deps = { pool, masters, random: randomBytes, newId: randomUUID };
  const { ticket, complaint } = await fileComplaint(
    deps,
    { text: 'it shows my street', replyTo: null, jurisdiction: 'NL' },
    COMMAND_NOW_MS,
  );
  expect((await run('priv', 'complaints', 'show', complaint.id, ...REASON)).json.text).toBe('it shows my street');
  expect((await run('root', 'complaints', 'show', complaint.id, ...REASON)).exitCode).toBe(1);
  expect((await run('priv', 'complaints', 'close', complaint.id, ...REASON)).exitCode).toBe(1);
  await run('priv', 'complaints', 'answer', complaint.id, '--say', 'it cannot, and here is why', ...REASON);
  expect(await findComplaint(deps, ticket, COMMAND_NOW_MS)).toMatchObject({
    state: 'answered',
    answers: ['it cannot, and here is why'],
  });
});

test('a held row outlives its device’s erasure until the hold is ended, and staff erases and marks by command', async () => {
  await hire('lawyer', 'legal');
  const ada = await device();
  const dee = await device();
  // Over already, it would hold nothing, and for ever is no end: now is 2 January 2026.
  for (const wrong of ['2025-06-01', '2026-01-02', '9999-12-31'])
    expect((await run('lawyer', 'legal', 'hold', 'devices', ada.id, '--ends', wrong, ...REASON)).exitCode).toBe(2);
  const held = await run('lawyer', 'legal', 'hold', 'devices', ada.id, '--ends', '2026-06-01', ...REASON);
  expect(held.exitCode).toBe(0);
  expect((await run('root', 'erase', ada.id, ...REASON)).exitCode).toBe(1);
  expect((await run('priv', 'erase', ada.id, ...REASON)).json).toMatchObject({ begun: 1, done: 0 });
  await run('lawyer', 'legal', 'end-hold', held.json.id, ...REASON);
  expect((await run(null, 'sweep')).json.gone.devices).toBeGreaterThanOrEqual(1);
  expect((await pool.query('select 1 from devices where id = $1', [ada.id])).rows).toEqual([]);
  expect((await run(null, 'sweep', '--check')).json).toEqual({ overdue: {} });
  expect((await run('priv', 'erase', dee.id, '--child', ...REASON)).json).toMatchObject({ marked: 'child' });
  expect((await pool.query('select flags from devices where id = $1', [dee.id])).rows[0].flags & 4).toBe(4);
});

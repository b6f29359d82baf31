// What the ledger says of an act of staff: about whom, or about which thing; and what the person hears of it.
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { fileComplaint } from '../../src/rights/complaints-store.ts';
import { disclosureInWords } from '../../src/rights/disclosure-words.ts';
import { addRequest } from '../../src/rights/requests-store.ts';
import { staffActOf, staffDetail, withoutStaff } from '../../src/rights/staff.ts';
import { COMMAND_NOW_MS } from '../support/command.ts';
import { createTestPeople } from '../support/people.ts';
import { testFolder } from '../support/store.ts';
import { openTestDesk, REASON } from './desk.ts';

const { store, pool, masters, run, found, hire, device } = await openTestDesk();
const people = await createTestPeople(store, { masters });
people.clock.nowMs = COMMAND_NOW_MS;

beforeAll(async () => {
  await found();
  for (const [id, roles] of [
    ['priv', 'privacy'],
    ['ops', 'operator'],
    ['lawyer', 'legal'],
    ['one', 'legal-approver'],
  ])
    await hire(id, roles);
});

/** Rows about acts since `work` began: whose they are, and what they say. */
async function rowsOf(work: () => Promise<unknown>) {
  const { rows: before } = await pool.query('select coalesce(max(seq), 0)::float8 as seq from ledger');
  await work();
  const { rows } = await pool.query('select subject, detail from ledger where kind = 7 and seq > $1 order by seq', [
    before[0].seq,
  ]);
  return rows as { subject: Buffer | null; detail: string }[];
}

test('an act on somebody is a row of theirs, under their pseudonym, refused ones too', async () => {
  const ada = await device();
  const person = { device: ada.id, key: ada.key };
  const waiting = [{ kind: 'askProof' }] as const;
  const asked = await addRequest(pool, person, randomUUID(), 'erasure', {}, waiting, COMMAND_NOW_MS, randomBytes);
  const acts: (readonly [who: string, says: string, ...args: string[]])[] = [
    ['priv', 'priv export', 'requests', 'export', ada.id],
    ['lawyer', 'lawyer refused export', 'requests', 'export', ada.id],
    ['priv', 'priv rights', 'requests', 'show', asked.id],
    ['priv', 'priv rights', 'requests', 'start', asked.id],
    ['priv', 'priv parental', 'parental', 'list', ada.id],
    ['priv', 'priv parental', 'parental', 'correct-age', ada.id, '--age-band', '18plus'],
    ['priv', 'priv child', 'erase', ada.id, '--child'],
    ['priv', 'priv erase', 'erase', ada.id],
  ];
  for (const [who, says, ...args] of acts) {
    const [row] = await rowsOf(() => run(who, ...args, ...REASON));
    expect([args, row]).toEqual([args, { subject: ledgerSubject(ada.key), detail: `${says}: for the test of it` }]);
  }
});

test('an act on a thing names it, and what was done: a person’s id that was given for one leaves no trace', async () => {
  const ada = await device();
  const id = (text: string) => text.match(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/)![0];
  const of = async (who: string, ...args: string[]) => {
    let json: { id: string } | null = null;
    const rows = await rowsOf(async () => {
      json = (await run(who, ...args, ...REASON)).json;
    });
    for (const { subject } of rows) expect(subject).toBeNull();
    return { details: rows.map(({ detail }) => detail), id: (json as { id: string } | null)?.id ?? '' };
  };
  const says = (text: string) => `${text}: for the test of it`;
  expect((await of('root', 'staff', 'add', 'mole', '--roles', 'legal,privacy')).details).toEqual([
    says('root staff add mole legal,privacy'),
  ]);
  expect((await of('root', 'staff', 'end', 'mole')).details).toEqual([says('root staff end mole')]);

  const partner = await of('ops', 'partners', 'add', '--name', 'Gnu & Co');
  expect(partner.details).toEqual([says('ops partners'), `partner ${partner.id} added`]);
  const app = await of('ops', 'partners', 'add-application', '--partner', partner.id, '--name', 'Maps');
  expect(app.details).toEqual([says('ops partners'), `application ${app.id} added`]);
  const key = await of('ops', 'keys', 'add', '--class', 'partner', '--name', 'ghost', '--application', app.id);
  expect(key.details).toEqual([says(`ops keys add ${key.id} partner`)]);
  expect((await of('ops', 'keys', 'revoke', key.id)).details).toEqual([says(`ops keys revoke ${key.id}`)]);
  expect((await of('ops', 'master-key', 'status')).details).toEqual([says('ops master-key status')]);

  const scope = ['--reference', 'A', '--authority', 'Court', '--statute', 'Sv', '--fields', 'devices'];
  const times = ['--from', '2025-01-01', '--to', '2026-01-01', '--ends', '2026-02-01'];
  const basis = ['--basis', 'legal_obligation'];
  const asked = await of('lawyer', 'legal', 'request', ada.id, ...basis, ...scope, ...times);
  expect(asked.details).toEqual([says(`lawyer legal:legal_obligation request ${asked.id}`)]);
  expect((await of('one', 'legal', 'approve', asked.id)).details).toEqual([
    says(`one approve:legal_obligation approve ${asked.id}`),
  ]);
  expect((await of('lawyer', 'legal', 'execute', asked.id, '--out', join(testFolder(), 'out.json'))).details).toEqual([
    says(`lawyer execute:legal_obligation execute ${asked.id}`),
  ]);
  const held = await of('lawyer', 'legal', 'hold', 'devices', ada.id, '--ends', '2026-06-01');
  expect(held.details).toEqual([says(`lawyer hold hold ${held.id}`)]);
  expect((await of('lawyer', 'legal', 'end-hold', held.id)).details).toEqual([says(`lawyer hold end-hold ${held.id}`)]);

  const deps = { pool, masters, random: randomBytes, newId: randomUUID };
  const said = { text: 'no', replyTo: null, jurisdiction: null };
  const { complaint } = await fileComplaint(deps, said, COMMAND_NOW_MS);
  const [shown] = (await of('priv', 'complaints', 'show', complaint.id)).details;
  expect([shown, id(shown)]).toEqual([says(`priv complaints show ${complaint.id}`), complaint.id]);

  for (const [who, ...args] of [
    ['priv', 'complaints', 'show', ada.id],
    ['lawyer', 'legal', 'end-hold', ada.id],
    ['lawyer', 'legal', 'execute', ada.id, '--out', join(testFolder(), 'out.json')],
    ['ops', 'keys', 'revoke', ada.id],
    ['priv', 'removals', 'confirm', ada.id],
  ])
    await of(who, ...args);
  const { rows } = await pool.query('select 1 from ledger where position($1 in detail) > 0', [ada.id]);
  expect(rows).toEqual([]);
  expect((await run(null, 'audit', 'verify')).exitCode).toBe(0);
});

test('the person finds in the export and the disclosures what staff did and why, and not who', async () => {
  const ada = await device();
  await run('priv', 'requests', 'export', ada.id, '--reason', 'a zebra of a reason');
  const copy = await people.call('GET', '/v1/me/export', ada.token);
  expect(copy.text).toContain('staff export: a zebra of a reason');
  expect(copy.text).not.toContain('priv export');
  const told = await people.call('GET', '/v1/me/disclosures', ada.token);
  expect((told.body as { disclosures: object[] }).disclosures).toMatchObject([
    { what: 'none', inWords: 'Somebody of our staff made a copy of what we hold of you: a zebra of a reason.' },
  ]);
  expect(told.text).not.toContain('priv');
});

test('a row about an act is read as it was written, whatever the reason says', () => {
  for (const action of ['export', 'legal:security', 'approve:protect_rights', 'master-key'])
    for (const object of [null, 'add mole legal,privacy'])
      for (const allowed of [true, false]) {
        const act = { staff: 'a.b-1', allowed, action, object, reason: 'why: so, and so' };
        expect(staffActOf(staffDetail(act))).toEqual(act);
        expect(withoutStaff(staffDetail(act))).toBe(staffDetail({ ...act, staff: 'staff' }));
      }
  const row = { seq: 1, at: 1, kind: 7, application: null, purpose: null, basis: null, precision: null } as const;
  const words = (detail: string) => disclosureInWords({ ...row, policyVersion: null, detail }, null, 'nl');
  expect(words('ann refused export: uit de post')).toContain('mocht dat niet');
  expect(words('ann rights: uit de post')).toBe('Iemand van ons behandelde een verzoek van je: uit de post.');
});

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { rowNamesOf } from '../../src/privacy/row-names.ts';
import { REGISTRY } from '../../src/rights/registry.ts';
import { visitTags } from '../../src/rights/visit-tags-store.ts';
import { openTestStore } from '../support/store.ts';
import { tamper } from '../support/tamper.ts';
import { register, START_MS } from './people.ts';
import { plant } from './plant.ts';
import { readHeld } from './read-held.ts';

const { pool } = await openTestStore();

test('an export contains what was planted in every personal column of every table about people', async () => {
  const person = await register(pool);
  const marks = await plant(pool, person);
  const held = await readHeld(pool, person, START_MS, { forPerson: true });
  // Who of the staff it was is about somebody else.
  const ofStaff = ['legal_disclosures.requested_by', 'legal_holds.placed_by'];
  const { nameOf } = rowNamesOf(person.key);
  for (const { table, column, mark } of marks.filter((one) => !one.isSecret)) {
    if (ofStaff.includes(`${table}.${column}`)) {
      expect(JSON.stringify(held[table].rows)).not.toContain(mark);
      continue;
    }
    expect([table, column, JSON.stringify(held[table]?.rows ?? '')]).toEqual([
      table,
      column,
      expect.stringContaining(/(^|_)seq$/.test(column) ? `${nameOf(Number(mark))}` : mark),
    ]);
  }
  const tables = Object.entries(REGISTRY).filter(([, { subject }]) => subject !== undefined && subject.by !== 'tags');
  expect(Object.keys(held).sort()).toEqual(tables.map(([table]) => table).sort());
});

test('an export shows no key, no hash of a credential and nothing of anybody else', async () => {
  const person = await register(pool);
  const other = await register(pool);
  await plant(pool, person);
  const marks = await plant(pool, other);
  const text = JSON.stringify(await readHeld(pool, person, START_MS, { forPerson: true }));
  for (const { mark } of marks.filter((one) => one.mark.length > 6)) expect(text).not.toContain(mark);
  for (const secret of [person.key, person.tokenHash, person.proofKey])
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(text).not.toContain(Buffer.from(secret).toString(form));
});

test('what is under a gag is in nobody’s own export until the gag ends, and in the full one always', async () => {
  const person = await register(pool);
  await plant(pool, person, ['legal_disclosures', 'legal_holds']);
  const { rows } = await pool.query('update legal_disclosures set gag_until = $2 where device = $1 returning id', [
    person.device,
    START_MS + 1000,
  ]);
  await tamper(pool, 'update ledger set detail = $1 where subject = $2', [
    `disclosed ${rows[0].id}`,
    ledgerSubject(person.key),
  ]);
  const shown = (nowMs: number, forPerson: boolean) => readHeld(pool, person, nowMs, { forPerson });
  const quiet = await shown(START_MS, true);
  expect(quiet.legal_disclosures).toBeUndefined();
  expect(quiet.legal_holds).toBeUndefined();
  expect(JSON.stringify(quiet)).not.toContain(rows[0].id);
  for (const held of [await shown(START_MS + 1001, true), await shown(START_MS, false)]) {
    expect(held.legal_disclosures.rows).toHaveLength(1);
    expect(held.legal_holds.rows).toHaveLength(1);
    expect(JSON.stringify(held.ledger)).toContain(rows[0].id);
  }
});

test('an export has the regions somebody is counted in while they are kept, as cells, and nobody else’s', async () => {
  const [person, other] = [await register(pool), await register(pool)];
  const secret = randomBytes(32);
  const region = keyOfCell('871fa4460ffffff');
  const WINDOW_MS = 6 * 3_600_000;
  const now = Math.floor(START_MS / WINDOW_MS);
  const tagsOf = ({ device }: { device: string }) => visitTags(pool, device, secret);
  for (const window of [now - 1, now]) {
    await pool.query('insert into visit_salts (window_no, salt) values ($1, $2)', [window, randomBytes(32)]);
    for (const { device } of [person, other]) {
      const tag = (await tagsOf({ device })).find(([one]) => one === window)![1];
      await pool.query(`insert into visits (window_no, tag, region, ticks) values ($1, decode($2, 'hex'), $3, 5)`, [
        window,
        tag,
        device === person.device ? region : keyOfCell('871f1d488ffffff'),
      ]);
    }
  }
  const { visits } = await readHeld(pool, person, START_MS, { forPerson: true, tagsOf });
  expect(visits).toMatchObject({
    room: 'sharing',
    class: 'pseudonymous',
    kept: expect.stringContaining('a day after'),
  });
  expect(visits.rows).toMatchObject(
    [now - 1, now].map((windowNo) => ({ windowNo, region: '871fa4460ffffff', ticks: 5 })),
  );
  for (const row of visits.rows) expect(Date.parse(row.keptUntil)).toBe((row.windowNo + 13) * WINDOW_MS);
  const later = await readHeld(pool, person, START_MS + 14 * WINDOW_MS, { forPerson: true, tagsOf });
  expect(later.visits).toBeUndefined();
});

// What people ask for, as recipients on two gateways see it: both remember the phone before, neither answers afterwards.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSecrets } from '../../src/config/secrets.ts';
import { unseal } from '../../src/devices/device-key.ts';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { eraseDepsOf } from '../../src/process/rights.ts';
import { markChild } from '../../src/rights/children-store.ts';
import { advanceErasures, findPerson } from '../../src/rights/erase-store.ts';
import { createRights } from '../../src/rights/me-store.ts';
import { tagKeyOf, tagOf } from '../../src/sharing/counts/tag.ts';
import { runCommand } from '../support/command.ts';
import {
  addDevice,
  addPartner,
  at,
  LAT,
  LEDGER_KEY,
  LON,
  MAP,
  MASTERS,
  openSharingGateway,
  setGrant,
  type TestDevice,
} from '../support/sharing.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const PSEUDONYM_KEY = Buffer.alloc(32, 5);

const dataDir = testFolder();
loadSecrets({ dataDir }, randomBytes);
// Those of the gateways, as commands beside them have them.
const secrets = join(dataDir, 'secrets.json');
const theirs = { masterKey: '09'.repeat(32), ledgerKey: LEDGER_KEY.toString('hex') };
writeFileSync(secrets, JSON.stringify({ ...JSON.parse(readFileSync(secrets, 'utf8')), ...theirs }), { mode: 0o600 });
const store = await openTestStore();
const { pool } = store;
const gateways = [await openSharingGateway(store, { map: MAP }), await openSharingGateway(store, { map: MAP })];
const { inChain, clock } = gateways[0];
const coarse = await addPartner(store, 'Coarse');
const precise = await addPartner(store, 'Precise');
for (const gateway of gateways) await gateway.followKeys();
const deps = eraseDepsOf({ pool, inChain, masters: MASTERS, pseudonymKey: PSEUDONYM_KEY }, () => clock.nowMs);
const rights = createRights({ ...deps, random: randomBytes, newId: randomUUID, tagsOf: async () => [] });

async function shown(device: TestDevice): Promise<string[]> {
  const kinds: string[] = [];
  for (const gateway of gateways)
    for (const { key } of [coarse, precise]) {
      const answer = await gateway.ask({ key, device: device.token }, at());
      kinds.push(answer.statusCode === 200 ? answer.json().precision : `${answer.statusCode}`);
    }
  return kinds;
}
const EVERYTHING = ['region', 'precise', 'region', 'precise'];
const NOTHING = Array(4).fill('404');

async function known() {
  const device = await addDevice(inChain, clock.nowMs);
  await setGrant(inChain, device, precise.application, clock.nowMs);
  expect(await shown(device)).toEqual(EVERYTHING);
  return {
    device,
    presented: {
      ...{ id: device.id, key: Buffer.from((await findPerson(pool, MASTERS, device.id))!.key), flags: 0 },
      tokenHash: hashToken(device.token),
    },
  };
}

type Known = Awaited<ReturnType<typeof known>>;

describe('on every gateway, from the acknowledgement on', () => {
  test('a restriction ends every answer, and lifting it brings them back', async () => {
    const { device, presented } = await known();
    await rights.restrict(presented);
    expect(await shown(device)).toEqual(NOTHING);
    await rights.lift(presented);
    expect(await shown(device)).toEqual(EVERYTHING);
  });

  test('a rectified position is followed by no other region within its tick', async () => {
    const { device, presented } = await known();
    await rights.rectify(presented, { field: 'position' });
    const rows = async () =>
      (await pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.region])).rows[0].n;
    const before = await rows();
    expect(await shown(device)).toEqual(['404', 'precise', '404', 'precise']);
    expect(await rows()).toBe(before);
    clock.nowMs += TICK_MS;
    gateways[1].clock.nowMs = clock.nowMs;
    expect(await shown(device)).toEqual(EVERYTHING);
    expect(await rows()).toBe(before + 1);
  });

  test('a child’s mark ends every answer', async () => {
    const { device } = await known();
    await markChild(deps, device.id);
    expect(await shown(device)).toEqual(NOTHING);
  });

  test('an erasure ends every answer before its first row is gone, and still when the last is', async () => {
    const { device, presented } = await known();
    expect(await rights.erase(presented)).not.toBeNull();
    expect(await shown(device)).toEqual(NOTHING);
    await advanceErasures(deps);
    expect(await shown(device)).toEqual(NOTHING);
  });

  test('what was asked for together with an erasure, and comes after it, leaves no row', async () => {
    for (const isComplete of [false, true]) {
      const { device, presented } = await known();
      await rights.erase(presented);
      if (isComplete) await advanceErasures(deps);
      const ledger = async () => (await pool.query('select count(*)::int as n from ledger')).rows;
      const before = await ledger();
      expect(await rights.await(presented, 'erasure', {})).toBe('gone');
      expect(await rights.rectify(presented, { field: 'position' })).toBe('gone');
      await rights.export(presented);
      expect(await ledger()).toEqual(before);
      const rows = await pool.query('select kind from rights_requests where device = $1', [device.id]);
      expect(rows.rows).toEqual([]);
    }
  });

  test('a suspension of a partner by command ends its answers and nobody else’s, until it is resumed', async () => {
    const { device } = await known();
    const partners = async (verb: string, application: string) => {
      const how = { DATA_DIR: dataDir };
      const done = await runCommand(['partners', verb, '--application', application], store, how, clock.nowMs);
      expect([verb, done.messages, done.exitCode]).toEqual([verb, '', 0]);
    };
    // Regions are told from memory, precise places never.
    for (const [one, left] of [
      [coarse, ['404', 'precise', '404', 'precise']],
      [precise, ['region', '404', 'region', '404']],
    ] as const) {
      await partners('suspend', one.application);
      expect(await shown(device)).toEqual(left);
      await partners('resume', one.application);
      expect(await shown(device)).toEqual(EVERYTHING);
    }
  });

  test.each([
    ['a restriction', 'recipient_notices', ({ presented }: Known) => rights.restrict(presented)],
    ['a child’s mark', 'child_marks', ({ device }: Known) => markChild(deps, device.id)],
  ])('%s whose last step fails is not there at all: one transaction', async (_, table, act) => {
    const one = await known();
    const before = await pool.query('select count(*)::int as n from ledger');
    await pool.query(`alter table ${table} add constraint refuses check (false) not valid`);
    await expect(act(one)).rejects.toThrow();
    await pool.query(`alter table ${table} drop constraint refuses`);
    const { rows } = await pool.query('select flags from devices where id = $1', [one.device.id]);
    expect(rows).toEqual([{ flags: 0 }]);
    expect((await pool.query('select count(*)::int as n from ledger')).rows).toEqual(before.rows);
    expect(await shown(one.device)).toEqual(EVERYTHING);
    await act(one);
    expect(await shown(one.device)).toEqual(NOTHING);
  });

  test('an objection to being counted changes no answer', async () => {
    const { device, presented } = await known();
    await rights.object(presented);
    expect(await shown(device)).toEqual(EVERYTHING);
  });
});

test('a restriction, an objection, a child’s mark and an erasure take the phone out of counts that are not released yet', async () => {
  const salt = randomBytes(32);
  await pool.query('insert into visit_salts (window_no, salt) values (7, $1)', [salt]);
  const acts = [rights.restrict, rights.object, rights.erase, ({ id }: { id: string }) => markChild(deps, id)];
  const bystander = await addDevice(inChain, clock.nowMs);
  const tagOfDevice = (id: string) => tagOf(tagKeyOf(PSEUDONYM_KEY, salt), id);
  const visit = (id: string) =>
    pool.query('insert into visits (window_no, tag, region, ticks) values (7, $1, 1, 1)', [tagOfDevice(id)]);
  const visits = async (id: string) =>
    (await pool.query('select 1 from visits where tag = $1', [tagOfDevice(id)])).rows.length;
  await visit(bystander.id);
  for (const act of acts) {
    const device = await addDevice(inChain, clock.nowMs);
    const { key } = (await findPerson(pool, MASTERS, device.id))!;
    await visit(device.id);
    expect(await visits(device.id)).toBe(1);
    await act({ id: device.id, key: Buffer.from(key), flags: 0, tokenHash: hashToken(device.token) });
    expect(await visits(device.id)).toBe(0);
  }
  expect(await visits(bystander.id)).toBe(1);
  await pool.query('delete from visit_salts where window_no = 7');
});

test('what is written of phones that consented to nothing does not tell one from another of its region, nor where it was', async () => {
  const devices: TestDevice[] = [];
  const places: number[][] = [];
  for (let i = 0; i < 24; i++) {
    const device = await addDevice(inChain, clock.nowMs);
    const place = [LAT + (i - 12) * 1e-4 + 1.234e-5, LON + (i - 12) * 1e-4 + 4.321e-5];
    expect(
      (await gateways[i % 2].ask({ key: coarse.key, device: device.token }, at(place[0], place[1]))).statusCode,
    ).toBe(200);
    devices.push(device);
    places.push(place);
  }
  const tables = await pool.query(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  let dump = '';
  for (const { name } of tables.rows)
    dump += (await pool.query(`select to_jsonb(t)::text as row from "${name}" t`)).rows
      .map((row) => row.row)
      .join('\n');
  const opened = new Set<string>();
  const rows = new Set<string>();
  for (const [i, { id }] of devices.entries()) {
    const { key } = (await findPerson(pool, MASTERS, id))!;
    const state = await pool.query('select sealed, tick, expires_at from coarse_states where device = $1', [id]);
    const plain = unseal(key, `coarse_states.sealed ${id}`, state.rows[0].sealed)!.toString();
    opened.add(`${plain.trim()} ${state.rows[0].tick}`);
    expect((await pool.query('select 1 from last_locations where device = $1', [id])).rows).toEqual([]);
    const ledger = await pool.query(
      `select kind, application, purpose, basis, precision, event_seq, policy_version, tick, detail from ledger l
       where kind = 2 and subject = (select subject from ledger where detail = 'registered' and seq =
         (select min(seq) from consent_events where device = $1))`,
      [id],
    );
    rows.add(JSON.stringify(ledger.rows));
    for (const degrees of places[i]) {
      // To a hundred metres or so, in the open or inside what was sealed.
      const digits = degrees.toFixed(4).slice(0, -1);
      expect(dump.includes(digits) || plain.includes(digits)).toBe(false);
    }
  }
  expect(opened.size).toBe(1);
  expect(rows.size).toBe(1);
});

test('every answer that shows something is one row of the ledger: as many shares as rows, whoever asks at the same time', async () => {
  const count = async () => {
    const { rows } = await pool.query('select kind, count(*)::int as n from ledger where kind in (1, 2) group by 1');
    return Object.fromEntries(rows.map((row) => [row.kind, row.n]));
  };
  clock.nowMs += 15 * 60_000;
  const devices: TestDevice[] = [];
  for (let i = 0; i < 8; i++) {
    const device = await addDevice(inChain, clock.nowMs);
    if (i % 2 === 0) await setGrant(inChain, device, precise.application, clock.nowMs);
    devices.push(device);
  }
  const before = await count();
  const answers = await Promise.all(
    Array.from({ length: 240 }, (_, i) =>
      gateways[i % 2].ask({ key: (i % 3 === 0 ? coarse : precise).key, device: devices[i % 8].token }, at()),
    ),
  );
  const kinds = answers.map((answer) => answer.json().precision);
  const after = await count();
  expect(after[1] - (before[1] ?? 0)).toBe(kinds.filter((kind) => kind === 'precise').length);
  // A region is one row a device, application and tick: what is repeated discloses nothing new.
  const shares = new Set(
    answers.flatMap((_, i) => (kinds[i] === 'region' ? [`${devices[i % 8].id} ${i % 3 === 0}`] : [])),
  );
  expect(after[2] - (before[2] ?? 0)).toBe(shares.size);
  expect(kinds.every((kind) => kind === 'precise' || kind === 'region')).toBe(true);
});

test('vendors, licensees and our own analytics are told the same of the same phone', async () => {
  clock.nowMs += 15 * 60_000;
  const answers = new Set<string>();
  for (const role of ['vendor', 'licensee', 'operator']) {
    const one = await addPartner(store, `As ${role}`);
    await pool.query('update partners set role = $1 where id = (select partner from applications where id = $2)', [
      role,
      one.application,
    ]);
    for (const gateway of gateways) await gateway.followKeys();
    const device = await addDevice(inChain, clock.nowMs);
    const silent = await gateways[0].ask({ key: one.key, device: device.token }, at());
    await setGrant(inChain, device, one.application, clock.nowMs);
    const granted = await gateways[0].ask({ key: one.key, device: device.token }, at());
    await rights.restrict({
      id: device.id,
      key: Buffer.from((await findPerson(pool, MASTERS, device.id))!.key),
      flags: 0,
      tokenHash: hashToken(device.token),
    });
    const restricted = await gateways[0].ask({ key: one.key, device: device.token }, at());
    answers.add(JSON.stringify([silent, granted, restricted].map((answer) => [answer.statusCode, answer.payload])));
  }
  expect(answers.size).toBe(1);
  expect([...answers][0]).toContain('precise');
});

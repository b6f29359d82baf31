// Disclosures under law, for security and to protect rights, from the request to what the person and the public hear of it.
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { sealJson } from '../../src/devices/profile.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { LEGAL_BASES, type LegalBasis } from '../../src/rights/legal-store.ts';
import { keepLastLocations } from '../../src/sharing/last-location-store.ts';
import { PARTNER_KEY } from '../support/app.ts';
import { COMMAND_NOW_MS, runCommand } from '../support/command.ts';
import { createTestPeople } from '../support/people.ts';
import { testFolder } from '../support/store.ts';
import { openTestDesk, REASON } from './desk.ts';
import { readHeld } from './read-held.ts';

const { store, pool, masters, inChain, keys, dataDir, run, runAt, found, hire, device } = await openTestDesk();
const people = await createTestPeople(store, { masters });
people.clock.nowMs = COMMAND_NOW_MS;

const SCOPE = ['--reference', 'AB-12', '--authority', 'Court of Utrecht', '--statute', 'Sv 126ng'];
const ENDS_MS = Date.UTC(2026, 1, 1);

beforeAll(async () => {
  await found();
  for (const [id, roles] of [
    ['lawyer', 'legal,legal-approver'],
    ['one', 'legal-approver'],
    ['two', 'legal-approver'],
    ['sentry', 'security,security-approver'],
    ['guard', 'security-approver'],
    ['watch', 'security-approver'],
    ['priv', 'privacy'],
  ])
    await hire(id, roles);
});

/** Who asks for it, who may approve it, who may not although they approve others. */
const WHO: Readonly<Record<LegalBasis, { asks: string; approve: readonly [string, string]; others: string }>> = {
  legal_obligation: { asks: 'lawyer', approve: ['one', 'two'], others: 'guard' },
  security: { asks: 'sentry', approve: ['guard', 'watch'], others: 'one' },
  protect_rights: { asks: 'sentry', approve: ['guard', 'watch'], others: 'one' },
};
const WORDS: Readonly<Record<LegalBasis, string>> = {
  legal_obligation: 'because the law demands it',
  security: 'to prevent fraud or danger',
  protect_rights: 'to protect rights or property',
};

describe.each(LEGAL_BASES)('a disclosure on the basis %s', (basis) => {
  const { asks, approve, others } = WHO[basis];
  const act = (who: string, verb: string, id: string, ...more: string[]) =>
    run(who, 'legal', verb, id, ...more, ...REASON);
  const request = (id: string, from: string, to: string, ...more: string[]) =>
    act(asks, 'request', id, '--basis', basis, ...SCOPE, ...limits(from, to), ...more);
  const limits = (from: string, to: string) => [
    '--fields',
    'devices,ledger,last_locations,coarse_states',
    '--from',
    from,
    '--to',
    to,
    '--ends',
    '2026-02-01',
  ];

  /** Registered in March, shown to somebody in June and August, found a moment ago. */
  async function known() {
    const ada = await device(Date.UTC(2025, 2, 1));
    await inChain(async (client, chain) => {
      for (const month of [5, 7])
        chain.append({
          ...{ at: Date.UTC(2025, month, 10), kind: KIND.precise, application: `in-${month}`, subject: ada.subject },
          ...{ purpose: 'dpv:ServiceProvision', basis: 'consent', precision: 2, eventSeq: 1 },
        });
      const where = { lat: 52.0907, lon: 5.1214, accuracyM: 20, fallback: '', source: 'gps', sources: 1 } as const;
      await keepLastLocations(client, [{ device: ada, where }], randomBytes, COMMAND_NOW_MS - 60_000);
      const eventSeq = chain.append({
        ...{ at: COMMAND_NOW_MS, kind: KIND.consent, application: 'asks', subject: ada.subject, purpose: 'p' },
        ...{ basis: 'consent', precision: 2, policyVersion: 'v', detail: 'given' },
      });
      await client.query(
        `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version,
           given_at, expires_at, event_seq) values ($1, 'asks', 'p', $1, 'given', 2, '{last-location}', 31, 'v', 0, $2, $3)`,
        [ada.id, COMMAND_NOW_MS + 60_000, eventSeq],
      );
      const region = sealJson(ada.key, `coarse_states.sealed ${ada.id}`, { region: 'of-today' }, randomBytes);
      await client.query('insert into coarse_states (device, tick, expires_at, sealed) values ($1, 1, $2, $3)', [
        ada.id,
        COMMAND_NOW_MS + 60_000,
        region,
      ]);
    });
    return ada;
  }

  async function handOver(id: string) {
    for (const who of approve) expect((await act(who, 'approve', id)).exitCode).toBe(0);
    const out = join(testFolder(), 'out.json');
    expect((await act(asks, 'execute', id, '--out', out)).exitCode).toBe(0);
    return JSON.parse(readFileSync(out, 'utf8'));
  }
  const times = (rows: { at: string }[]) => rows.map(({ at }) => at);

  test('is approved by two of its own approvers, and hands over the fields and the period of its scope, nothing else', async () => {
    const ada = await known();
    const { json } = await request(ada.id, '2025-06-01', '2025-07-01');
    for (const who of [asks, others, 'priv', 'root']) expect((await act(who, 'approve', json.id)).exitCode).toBe(1);
    const handed = await handOver(json.id);
    expect(handed).toMatchObject({ disclosure: json.id, reference: 'AB-12', statute: 'Sv 126ng' });
    expect(Object.keys(handed.held).sort()).toEqual(['coarse_states', 'devices', 'last_locations', 'ledger']);
    // Registered before; found after, and in a region now.
    for (const table of ['devices', 'last_locations', 'coarse_states'])
      expect([table, handed.held[table].rows]).toEqual([table, []]);
    expect(times(handed.held.ledger.rows)).toEqual(['2025-06-10T00:00:00.000Z']);
    expect(JSON.stringify(handed)).not.toMatch(/52\.09|of-today|in-7/);
  });

  test('is carried out by those who may ask for one of its basis, and by no others of the staff', async () => {
    const ada = await known();
    const { json } = await request(ada.id, '2025-06-01', '2025-07-01');
    for (const who of approve) expect((await act(who, 'approve', json.id)).exitCode).toBe(0);
    for (const who of [asks === 'lawyer' ? 'sentry' : 'lawyer', ...approve, 'priv', 'root']) {
      const out = join(testFolder(), 'out.json');
      expect([who, (await act(who, 'execute', json.id, '--out', out)).exitCode]).toEqual([who, 1]);
      expect(existsSync(out)).toBe(false);
    }
    expect((await act(asks, 'execute', json.id, '--out', join(testFolder(), 'out.json'))).exitCode).toBe(0);
  });

  test('hands over the last day of its period to its end, and no moment of a time that is said', async () => {
    const ada = await known();
    const rowsUntil = async (to: string) =>
      times((await handOver((await request(ada.id, '2025-06-01', to)).json.id)).held.ledger.rows);
    expect(await rowsUntil('2025-06-10')).toEqual(['2025-06-10T00:00:00.000Z']);
    await inChain(async (_client, chain) => {
      const at = Date.UTC(2025, 5, 10, 23, 59, 59, 999);
      chain.append({ at, kind: KIND.precise, application: 'at-night', subject: ada.subject });
    });
    expect(await rowsUntil('2025-06-10')).toEqual(['2025-06-10T00:00:00.000Z', '2025-06-10T23:59:59.999Z']);
    expect(await rowsUntil('2025-06-10T23:00Z')).toEqual(['2025-06-10T00:00:00.000Z']);
    expect(await rowsUntil('2025-06-09')).toEqual([]);
  });

  test('whose period reaches from the registration to today hands over what is of today, too', async () => {
    const ada = await known();
    const { json } = await request(ada.id, '2025-03-01', '2026-01-03');
    const { held } = await handOver(json.id);
    expect(held.devices.rows[0].content).toMatchObject({ jurisdiction: 'NL' });
    expect(held.last_locations.rows[0].content).toMatchObject({ lat: 52.0907 });
    expect(held.coarse_states.rows[0].content).toMatchObject({ region: 'of-today' });
    expect(times(held.ledger.rows)).toEqual(
      expect.arrayContaining(['2025-06-10T00:00:00.000Z', '2025-08-10T00:00:00.000Z']),
    );
  });

  test('can neither be approved nor carried out once its end is there', async () => {
    const ada = await known();
    const { json } = await request(ada.id, '2025-01-01', '2026-12-31');
    const late = (who: string, verb: string, ...more: string[]) =>
      runAt(ENDS_MS, who, 'legal', verb, json.id, ...more, ...REASON);
    expect((await act(approve[0], 'approve', json.id)).exitCode).toBe(0);
    expect(await late(approve[1], 'approve')).toMatchObject({
      exitCode: 1,
      json: { error: expect.stringContaining('its time is over') },
    });
    expect((await act(approve[1], 'approve', json.id)).exitCode).toBe(0);
    const out = join(testFolder(), 'late.json');
    expect(await late(asks, 'execute', '--out', out)).toMatchObject({
      exitCode: 1,
      json: { error: expect.stringContaining('its time is over') },
    });
    expect(existsSync(out)).toBe(false);
    const { rows } = await pool.query('select executed_at from legal_disclosures where id = $1', [json.id]);
    expect(rows).toEqual([{ executed_at: null }]);
  });

  test('is in the person’s own export and disclosures, in the ledger and in the transparency report under its basis', async () => {
    const ada = await known();
    const counted = async () => {
      const { requested, handedOver } = (await run(null, 'transparency', '--year', '2026')).json;
      return [requested[basis] ?? 0, handedOver[basis] ?? 0];
    };
    const before = await counted();
    const { json } = await request(ada.id, '2025-06-01', '2025-07-01');
    const gagged = await request(ada.id, '2025-06-01', '2025-07-01', '--gag-until', '2027-01-01');
    for (const { id } of [json, gagged.json]) await handOver(id);
    expect(await counted()).toEqual(before.map((n) => n + 2));
    const { rows } = await pool.query('select basis, kind, application, purpose from ledger where detail like $1', [
      `handed over ${json.id} to %`,
    ]);
    expect(rows).toEqual([{ basis, kind: KIND.legal, application: null, purpose: null }]);
    expect((await run(null, 'audit', 'verify')).exitCode).toBe(0);

    const copy = await people.call('GET', '/v1/me/export', ada.token);
    const { held } = copy.body as { held: Record<string, { rows: Record<string, unknown>[] }> };
    expect(held.legal_disclosures.rows).toEqual([
      expect.objectContaining({ id: json.id, basis, content: expect.objectContaining({ reference: 'AB-12' }) }),
    ]);
    expect(held.ledger.rows.filter((row) => row.kind === KIND.legal)).toMatchObject([
      { basis, detail: `asked for ${json.id}` },
      {
        ...{ basis, precision: null },
        detail: `handed over ${json.id} to Court of Utrecht under Sv 126ng: devices, ledger, last_locations, coarse_states`,
      },
    ]);
    expect(copy.text).not.toContain(gagged.json.id);
    const told = await people.call('GET', '/v1/me/disclosures', ada.token);
    const { disclosures } = told.body as { disclosures: { basis: string; inWords: string }[] };
    expect(disclosures.filter((one) => one.basis === basis)).toMatchObject([
      { inWords: `Data about you was handed over, ${WORDS[basis]}.` },
      { inWords: `Data about you was asked for, ${WORDS[basis]}.` },
    ]);
  });

  test('has nothing to do with a partner: no key of one shows it or gets it carried out', async () => {
    const ada = await known();
    const { json } = await request(ada.id, '2025-06-01', '2025-07-01');
    const { paths } = (people.app as unknown as { swagger(): { paths: Record<string, object> } }).swagger();
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{\w+\}/g, json.id);
        const answer = await people.call(method.toUpperCase() as 'GET', url, PARTNER_KEY);
        expect([method, path, answer.text.includes('AB-12')]).toEqual([method, path, false]);
      }
    const { rows } = await pool.query('select executed_at from legal_disclosures where id = $1', [json.id]);
    expect(rows).toEqual([{ executed_at: null }]);
  });
});

describe('a disclosure under law', () => {
  const limits = ['--fields', 'devices,ledger', '--from', '2025-01-01', '--to', '2026-12-31', '--ends', '2026-02-01'];
  const ask = (id: string, ...more: string[]) =>
    run('lawyer', 'legal', 'request', id, '--basis', 'legal_obligation', ...SCOPE, ...limits, ...REASON, ...more);
  const approve = (who: string, id: string) => run(who, 'legal', 'approve', id, ...REASON);
  const execute = (id: string, file: string) => run('lawyer', 'legal', 'execute', id, '--out', file, ...REASON);

  test('needs two approvers who did not ask for it, is carried out once, and hands over its fields only', async () => {
    const ada = await device();
    const { json } = await ask(ada.id);
    const out = join(testFolder(), 'out.json');
    expect((await execute(json.id, `${out}0`)).exitCode).toBe(1);
    expect((await approve('lawyer', json.id)).exitCode).toBe(1);
    expect((await approve('guard', json.id)).exitCode).toBe(1);
    expect((await approve('one', json.id)).exitCode).toBe(0);
    expect((await approve('one', json.id)).exitCode).toBe(0);
    expect((await execute(json.id, `${out}1`)).exitCode).toBe(1);
    expect((await approve('two', json.id)).json.approvedBy).toEqual(['one', 'two']);
    expect((await execute(json.id, out)).exitCode).toBe(0);
    const handed = JSON.parse(readFileSync(out, 'utf8'));
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(handed).toMatchObject({ reference: 'AB-12', statute: 'Sv 126ng' });
    expect(Object.keys(handed.held).sort()).toEqual(['devices', 'ledger']);
    expect((await execute(json.id, `${out}2`)).exitCode).toBe(1);
    const { rows } = await pool.query('select basis from ledger where kind = 8 and detail like $1', [
      `handed over ${json.id} to %`,
    ]);
    expect(rows).toEqual([{ basis: 'legal_obligation' }]);
    const held = await readHeld(pool, { device: ada.id, key: ada.key }, COMMAND_NOW_MS, { forPerson: true });
    expect(held.legal_disclosures.rows[0].content).toMatchObject({ reference: 'AB-12', authority: 'Court of Utrecht' });
  });

  test('is seen whole by its approvers, before they approve and as they do, and by who asked, and by nobody else', async () => {
    const ada = await device();
    const { json } = await ask(ada.id, '--gag-until', '2026-06-01');
    const show = (who: string) => run(who, 'legal', 'show', json.id, ...REASON);
    const scope = {
      ...{ reference: 'AB-12', authority: 'Court of Utrecht', statute: 'Sv 126ng', fields: ['devices', 'ledger'] },
      ...{ from: Date.UTC(2025, 0, 1), to: Date.UTC(2027, 0, 1) - 1 },
    };
    const whole = { device: ada.id, endsAt: ENDS_MS, gagUntil: Date.UTC(2026, 5, 1), requestedBy: 'lawyer', scope };
    expect((await show('one')).json).toMatchObject({ ...whole, approvedBy: [] });
    expect((await approve('one', json.id)).json).toMatchObject({ ...whole, approvedBy: ['one'] });
    // `lawyer` may approve others', `asker` only asks.
    await hire('asker', 'legal');
    expect((await show('asker')).json.error).toContain('only who asked');
    for (const who of ['guard', 'priv', 'root']) expect((await show(who)).exitCode).toBe(1);
    const own = ['--basis', 'legal_obligation', ...SCOPE, ...limits, ...REASON];
    const theirs = await run('asker', 'legal', 'request', ada.id, ...own);
    expect((await run('asker', 'legal', 'show', theirs.json.id, ...REASON)).json).toMatchObject({ scope });
    const { output } = await runCommand(['legal', 'show', json.id, ...REASON], store, {
      DATA_DIR: dataDir,
      STAFF_KEY: keys.two,
    });
    for (const text of ['Court of Utrecht', 'Sv 126ng', 'AB-12', 'devices, ledger', '2026-06-01', 'one'])
      expect(output).toContain(text);
  });

  test('hands over neither what staff did nor what was handed over to others', async () => {
    const ada = await device();
    await run('priv', 'requests', 'export', ada.id, ...REASON);
    const carry = async () => {
      const { json } = await ask(ada.id, '--authority', 'Court of Breda');
      for (const who of ['one', 'two']) await approve(who, json.id);
      const out = join(testFolder(), 'out.json');
      expect((await execute(json.id, out)).exitCode).toBe(0);
      return JSON.parse(readFileSync(out, 'utf8')).held;
    };
    for (const held of [await carry(), await carry()]) {
      const kinds = (held.ledger?.rows ?? []).map(({ kind }: { kind: number }) => kind);
      expect(kinds).not.toEqual(expect.arrayContaining([KIND.staff]));
      expect(kinds).not.toEqual(expect.arrayContaining([KIND.legal]));
      expect(JSON.stringify(held)).not.toMatch(/Breda|priv export/);
    }
  });

  test('is not carried out on an approval of somebody who was ended since', async () => {
    const ada = await device();
    const { json } = await ask(ada.id);
    await hire('leaver', 'legal-approver');
    for (const who of ['one', 'leaver']) expect((await approve(who, json.id)).exitCode).toBe(0);
    await run('root', 'staff', 'end', 'leaver', ...REASON);
    const out = join(testFolder(), 'out.json');
    expect((await execute(json.id, out)).json.error).toContain('must approve it first');
    expect(existsSync(out)).toBe(false);
    expect((await approve('two', json.id)).json.approvedBy).toEqual(['one', 'two']);
    expect((await execute(json.id, out)).exitCode).toBe(0);
  });

  test('that two begin to carry out at once is handed over to one of them, and the other has no file', async () => {
    const ada = await device();
    const { json } = await ask(ada.id);
    for (const who of ['one', 'two']) await approve(who, json.id);
    const folder = testFolder();
    const both = await Promise.all(['a', 'b'].map((name) => execute(json.id, join(folder, name))));
    expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1]);
    expect(readdirSync(folder)).toHaveLength(1);
    const { rows } = await pool.query('select 1 from ledger where detail like $1', [`handed over ${json.id} %`]);
    expect(rows).toHaveLength(1);
  });

  test('is written while it is read, whatever its length, and nobody waits for the ledger meanwhile', async () => {
    const ada = await device();
    const { json } = await ask(ada.id);
    for (const who of ['one', 'two']) await approve(who, json.id);
    await pool.query(
      `insert into ledger (seq, at, kind, application, subject, hash)
       select 1000000 + n, $1, 1, 'often', $2, '' from generate_series(1, 1000) n`,
      [Date.UTC(2025, 5, 1), ada.subject],
    );
    const out = join(testFolder(), 'long.json');
    const connects = vi.spyOn(pool, 'connect');
    expect((await execute(json.id, out)).exitCode).toBe(0);
    // A page has a connection of its own, so none is read on the one that holds the lock.
    expect(connects.mock.calls.length).toBeGreaterThan(5);
    connects.mockRestore();
    const { held } = JSON.parse(readFileSync(out, 'utf8'));
    expect(held.ledger.rows.filter(({ application }: { application: string }) => application === 'often')).toHaveLength(
      1000,
    );
  });

  test('is refused without reference, authority, statute, fields, period or end, for keys, and for who is not there', async () => {
    const ada = await device();
    const all = [...SCOPE, ...limits];
    for (let i = 0; i < all.length; i += 2)
      expect(
        (
          await run(
            'lawyer',
            'legal',
            'request',
            ada.id,
            '--basis',
            'legal_obligation',
            ...all.slice(0, i),
            ...all.slice(i + 2),
            ...REASON,
          )
        ).exitCode,
      ).toBe(2);
    expect((await ask(ada.id, '--fields', 'device_keys')).exitCode).toBe(2);
    expect((await ask(ada.id, '--ends', '2020-01-01')).exitCode).toBe(2);
    for (const far of [
      ['--ends', '2028-01-01'],
      ['--to', '9999-12-31'],
      ['--gag-until', '2199-01-01'],
    ])
      expect([far, (await ask(ada.id, ...far)).exitCode]).toEqual([far, 2]);
    expect((await ask(randomUUID())).exitCode).toBe(1);
    expect(
      (await run('priv', 'legal', 'request', ada.id, '--basis', 'legal_obligation', ...all, ...REASON)).exitCode,
    ).toBe(1);
    expect((await run('lawyer', 'legal', 'request', ada.id, '--basis', 'security', ...all, ...REASON)).exitCode).toBe(
      1,
    );
  });

  test('outlives an erasure as long as a hold stands, and is carried out on what is held', async () => {
    const ada = await device();
    const hold = await run('lawyer', 'legal', 'hold', 'devices', ada.id, '--ends', '2026-06-01', ...REASON);
    const before = await ask(ada.id);
    expect((await run('priv', 'erase', ada.id, ...REASON)).json).toMatchObject({ begun: 1, done: 0 });
    const after = await ask(ada.id);
    expect((await run(null, 'sweep')).exitCode).toBe(0);
    for (const { json } of [before, after]) {
      for (const who of ['one', 'two'])
        expect((await approve(who, json.id)).json).toMatchObject({ scope: { reference: 'AB-12' } });
      const out = join(testFolder(), 'held.json');
      expect((await execute(json.id, out)).exitCode).toBe(0);
      expect(Object.keys(JSON.parse(readFileSync(out, 'utf8')).held)).toContain('devices');
    }
    await run('lawyer', 'legal', 'end-hold', hold.json.id, ...REASON);
    expect((await run(null, 'sweep')).json.gone.devices).toBe(1);
    const { rows } = await pool.query('select 1 from legal_disclosures where device = $1', [ada.id]);
    expect(rows).toEqual([]);
    expect((await ask(ada.id)).json.error).toContain('no such device');
  });

  test('leaves evidence that outlives its person, under the pseudonym that then ties to nobody, and so do the totals', async () => {
    const report = async () => (await run(null, 'transparency', '--year', '2026')).json;
    const before = await report();
    const ada = await device();
    const [carried, open] = [(await ask(ada.id)).json.id, (await ask(ada.id)).json.id];
    for (const who of ['one', 'two']) await approve(who, carried);
    expect((await execute(carried, join(testFolder(), 'out.json'))).exitCode).toBe(0);
    expect((await people.call('POST', '/v1/me/restrict', ada.token)).status).toBe(200);
    const between = await report();
    expect((await run('priv', 'erase', ada.id, ...REASON)).json).toMatchObject({ done: 1 });
    await run(null, 'sweep');
    const after = await report();
    const { erasures: _now, ...lasting } = after;
    const { erasures: _then, ...counted } = between;
    expect(lasting).toEqual(counted);
    const more = (name: string, of: string) => (after[name][of] ?? 0) - (before[name][of] ?? 0);
    expect(more('requested', 'legal_obligation')).toBe(2);
    expect(more('handedOver', 'legal_obligation')).toBe(1);
    expect(more('refusedOrOpen', 'legal_obligation')).toBe(1);
    expect(more('requestsOfPeople', 'restriction')).toBe(1);
    const { rows } = await pool.query('select subject, basis, detail from ledger where kind = 8 and subject = $1', [
      ada.subject,
    ]);
    expect(rows.map((row) => row.detail)).toEqual([
      `asked for ${carried}`,
      `asked for ${open}`,
      `handed over ${carried} to Court of Utrecht under Sv 126ng: devices, ledger; approved by one, two`,
    ]);
    for (const [name, words] of [
      ['--authority', `who has ${ada.id}`],
      ['--statute', 'x'.repeat(201)],
    ])
      expect((await ask((await device()).id, name, words)).exitCode).toBe(2);
  });

  test('under a gag is not in the person’s export, but counted in the transparency report', async () => {
    const ada = await device();
    const { json } = await ask(ada.id, '--gag-until', '2027-01-01');
    await approve('one', json.id);
    await approve('two', json.id);
    await execute(json.id, join(testFolder(), 'gagged.json'));
    const held = await readHeld(pool, { device: ada.id, key: ada.key }, COMMAND_NOW_MS, { forPerson: true });
    expect(JSON.stringify(held)).not.toContain(json.id);
    const report = await run(null, 'transparency', '--year', '2026');
    expect(report.json).toMatchObject({
      year: 2026,
      requested: { legal_obligation: expect.any(Number) },
      handedOver: { legal_obligation: expect.any(Number) },
    });
    expect((await run(null, 'transparency', '--year', '2025')).json.requested).toEqual({});
  });
});

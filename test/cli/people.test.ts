import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/env.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { FLAG } from '../../src/devices/device-contract.ts';
import { type MasterKeys, masterKeysOf } from '../../src/devices/master-keys.ts';
import { loadDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { COMMAND_NOW_MS, runCommand } from '../support/command.ts';
import { addTestApplication, createTestPeople, type TestPeople } from '../support/people.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const store = await openTestStore();
const folder = testFolder();
const env = { DATA_DIR: folder, PRIVACY_CONTACT: 'complaints@operator.example' };
let gateway: TestPeople;
let weather: string;
let masters: MasterKeys;

beforeAll(async () => {
  const { masterKey, ledgerKey } = loadSecrets(loadConfig(env), randomBytes);
  masters = masterKeysOf([masterKey]);
  gateway = await createTestPeople(store, { masters, ledgerKey });
  gateway.clock.nowMs = COMMAND_NOW_MS;
  weather = await addTestApplication(store);
});

async function json(...args: string[]) {
  const { exitCode, output } = await runCommand([...args, '--json'], store, env);
  return { exitCode, ...JSON.parse(output) } as Record<string, never> & { exitCode: number; id: string };
}
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const consentUrl = (application: string) => `/v1/me/consents/${application}/dpv:ServiceProvision`;
const put = (token: string, precision: string, application = weather) =>
  gateway.call('PUT', consentUrl(application), token, { precision });
async function shown(token: string, application = weather): Promise<object> {
  return (await gateway.call('GET', consentUrl(application), token)).body;
}

describe('honeyguide parental', () => {
  const evidence = () => file('form.pdf', 'signed by a parent');
  const add = (device: string, ...more: string[]) =>
    json(
      'parental',
      'add',
      device,
      '--method',
      'signed-form',
      '--parent',
      'P. Arent',
      '--evidence',
      evidence(),
      ...more,
    );

  test("lets a parent's consent carry a child's, as far as it names", async () => {
    const token = await gateway.register({ ageBand: 'under13', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    expect(await shown(token)).toMatchObject({ consent: { shows: 'nothing', because: 'child' } });

    const coarse = await add(id);
    expect(coarse).toMatchObject({ exitCode: 0, method: 'signed-form', precise: false });
    expect((await gateway.call('GET', '/v1/me', token)).body).toMatchObject({ needsParent: false });
    expect(await shown(token)).toMatchObject({ consent: { shows: 'region', because: 'silence' } });
    expect((await put(token, 'precise')).body).toMatchObject({ type: '/problems/parent-limits' });
    expect((await put(token, 'region')).status).toBe(200);

    const precise = await add(id, '--precise');
    expect((await put(token, 'precise')).body).toMatchObject({ consent: { shows: 'precise' } });
    const paidByAds = await addTestApplication(store, { adFunded: true });
    expect((await put(token, 'precise', paidByAds)).body).toMatchObject({ type: '/problems/not-for-children' });

    const device = (await loadDevice(store.pool, masters, hashToken(token), COMMAND_NOW_MS))!;
    await gateway.inChain(async (_client, chain) => {
      const told = { application: weather, purpose: 'dpv:ServiceProvision', detail: 'wifi' };
      chain.append({ at: COMMAND_NOW_MS, kind: KIND.precise, subject: device.subject, ...told });
    });
    expect(await json('parental', 'withdraw', precise.id)).toMatchObject({ exitCode: 0, withdrawn: true });
    // Who could rely on it hears that it ended; by the erasure that follows where nobody speaks for the child any more.
    const notices = async () =>
      (await store.pool.query('select kind from recipient_notices where application = $1', [weather])).rows;
    expect(await notices()).toEqual([{ kind: 'withdrawn' }]);
    expect(await shown(token)).toMatchObject({
      consent: { state: 'invalidated', shows: 'region', because: 'invalidated' },
    });
    await json('parental', 'withdraw', coarse.id);
    expect(await notices()).toHaveLength(1);
    expect(await shown(token)).toMatchObject({ consent: { shows: 'nothing', because: 'child' } });
    expect((await runCommand(['parental', 'withdraw', coarse.id], store, env)).exitCode).toBe(1);
    const { rows } = await store.pool.query('select marked_at::float8 as at from child_marks where device = $1', [id]);
    expect(rows).toEqual([{ at: COMMAND_NOW_MS }]);

    const listed = (await runCommand(['parental', 'list', id, '--json'], store, env)).output;
    const both = [
      expect.objectContaining({ id: coarse.id }),
      expect.objectContaining({ id: precise.id, precise: true }),
    ];
    expect(JSON.parse(listed)).toEqual(expect.arrayContaining(both));
  });

  test('taken back, ends what stands on it with a receipt, and leaves what the child had taken back itself as it is', async () => {
    const token = await gateway.register({ ageBand: 'under13', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    const parental = await add(id, '--precise');
    const [kept, lapsed] = [await addTestApplication(store), await addTestApplication(store)];
    for (const application of [weather, kept, lapsed])
      expect((await put(token, 'precise', application)).status).toBe(200);
    await gateway.call('DELETE', consentUrl(weather), token);
    await store.pool.query('update grants set expires_at = $2 where application = $1', [lapsed, COMMAND_NOW_MS]);
    await json('parental', 'withdraw', parental.id);
    expect(await shown(token)).toMatchObject({ consent: { state: 'withdrawn' } });
    expect(await shown(token, lapsed)).toMatchObject({ consent: { state: 'expired' } });
    expect(await shown(token, kept)).toMatchObject({ consent: { state: 'invalidated' } });
    const { receipts } = (await gateway.call('GET', '/v1/me/receipts', token)).body as {
      receipts: { id: string; state: string; application: string }[];
    };
    expect(receipts.map(({ state }) => state)).toEqual(['invalidated', 'withdrawn', 'given', 'given', 'given']);
    expect(receipts[0].application).toBe(kept);
    // Its end is not what its row says: audit verify would find it.
    await store.pool.query('delete from grants where application = $1', [lapsed]);
    const { receipt } = (await gateway.call('GET', `/v1/me/receipts/${receipts[0].id}`, token)).body as {
      receipt: string;
    };
    const said = JSON.parse(Buffer.from(receipt.split('.')[1], 'base64url').toString());
    expect(said).toMatchObject({
      consent: { state: 'invalidated', precision: 'none', parentalConsent: parental.id },
      processing: { thirdPartyDisclosure: false },
      parties: [{ id: 'gateway', contact: 'complaints@operator.example' }, {}],
    });
    expect(said.events).toMatchObject([
      { state: 'given', entity: 'subject' },
      { state: 'invalidated', entity: 'parent' },
    ]);
    const { keys } = (await gateway.call('GET', '/.well-known/jwks.json')).body as { keys: { kid: string }[] };
    const { kid } = JSON.parse(Buffer.from(receipt.split('.')[0], 'base64url').toString());
    expect(keys.map((key) => key.kid)).toContain(kid);
  });

  test('taken back by one of two parents, ends what stands on that one and nothing else', async () => {
    const token = await gateway.register({ ageBand: 'under13', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    const [near, far] = [await addTestApplication(store), await addTestApplication(store)];
    await add(id);
    expect((await put(token, 'region', far)).status).toBe(200);
    const second = await add(id, '--precise');
    expect((await put(token, 'precise', near)).status).toBe(200);
    await json('parental', 'withdraw', second.id);
    expect(await shown(token, near)).toMatchObject({ consent: { state: 'invalidated', shows: 'region' } });
    expect(await shown(token, far)).toMatchObject({ consent: { state: 'given', shows: 'region' } });
    // The one who is left named no precise positions.
    expect((await put(token, 'precise', near)).status).toBe(403);
  });

  test('keeps who the parent is, and what proved it, out of reach of who reads tables', async () => {
    const token = await gateway.register({ ageBand: 'under13' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    await add(id);
    const { rows } = await store.pool.query('select * from parental_consents where device = $1', [id]);
    const dump = rows
      .map((row) =>
        Object.values(row)
          .map((one) => (Buffer.isBuffer(one) ? one.toString('latin1') : `${one}`))
          .join(),
      )
      .join();
    expect(dump).toContain('signed-form');
    expect(dump).not.toContain('P. Arent');
    expect(dump).not.toContain(createHash('sha256').update('signed by a parent').digest('hex'));
  });

  test('corrects an age that was wrongly stated, which its user cannot', async () => {
    const token = await gateway.register({ ageBand: 'under13', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    const proof = await gateway.prove(token, 'profile');
    expect(await gateway.call('PATCH', '/v1/me', token, { ageBand: '18plus' }, proof)).toMatchObject({
      status: 403,
      body: { type: '/problems/age-needs-operator' },
    });
    expect(await json('parental', 'correct-age', id, '--age-band', '18plus')).toMatchObject({ exitCode: 0 });
    expect((await put(token, 'precise')).body).toMatchObject({ consent: { shows: 'precise' } });
    const flagsOf = async () =>
      (await store.pool.query('select flags from devices where id = $1', [id])).rows[0].flags & FLAG.child;
    expect(await flagsOf()).toBe(0);
    await store.pool.query("insert into last_locations (device, expires_at, sealed) values ($1, 4e12, '\\x00')", [id]);
    await json('parental', 'correct-age', id, '--age-band', '13to15');
    expect(await flagsOf()).toBe(FLAG.child);
    // As of any child that is found out: its last place goes at once, and its parents' time begins.
    const left = async (table: string) =>
      (await store.pool.query(`select 1 from ${table} where device = $1`, [id])).rows.length;
    expect([await left('last_locations'), await left('child_marks')]).toEqual([0, 1]);
  });

  test('corrects where a child lives, which its user cannot, with its age or without', async () => {
    const token = await gateway.register({ ageBand: '13to15', jurisdiction: 'NL' });
    const me = async () => (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    const { id } = await me();
    const proof = await gateway.prove(token, 'profile');
    expect(await gateway.call('PATCH', '/v1/me', token, { jurisdiction: 'BE' }, proof)).toMatchObject({ status: 403 });
    const correct = (...args: string[]) => json('parental', 'correct-age', id, ...args);
    expect(await correct('--jurisdiction', 'BE')).toEqual({ exitCode: 0, device: id, jurisdiction: 'BE' });
    expect(await me()).toMatchObject({ ageBand: '13to15', jurisdiction: 'BE', needsParent: false });
    expect(await shown(token)).toMatchObject({ consent: { shows: 'region' } });
    expect(await correct('--jurisdiction', 'IN', '--age-band', '16to17')).toMatchObject({ exitCode: 0 });
    expect(await me()).toMatchObject({ ageBand: '16to17', jurisdiction: 'IN', needsParent: true });
    expect(await shown(token)).toMatchObject({ consent: { shows: 'nothing', because: 'child' } });
    expect(await correct('--jurisdiction', 'unknown')).toMatchObject({ exitCode: 0, jurisdiction: null });
    expect(await me()).toMatchObject({ ageBand: '16to17', jurisdiction: null, needsParent: false });
  });

  test('who was found out to be a child, whatever its age band says, stays one elsewhere until its age is corrected', async () => {
    const token = await gateway.register({ ageBand: '18plus', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    await store.pool.query('update devices set flags = flags | $2 where id = $1', [id, FLAG.child]);
    await json('parental', 'correct-age', id, '--jurisdiction', 'BE');
    expect(await shown(token)).toMatchObject({ consent: { shows: 'nothing', because: 'child' } });
    await json('parental', 'correct-age', id, '--age-band', '18plus');
    expect(await shown(token)).toMatchObject({ consent: { shows: 'region' } });
  });

  test.each([
    [['parental'], 2],
    [['parental', 'correct-age', 'x'], 2],
    [['parental', 'correct-age', 'x', '--jurisdiction', 'Belgium'], 2],
    [['parental', 'correct-age', 'x', '--jurisdiction', 'BE'], 1],
    [['parental', 'add', 'x'], 2],
    [['parental', 'add', 'x', '--method', 'guess', '--parent', 'p', '--evidence', 'e'], 2],
    [['parental', 'correct-age', 'x', '--age-band', 'old'], 2],
    [['parental', 'correct-age', 'x', '--age-band', '18plus'], 1],
    [['parental', 'withdraw', '00000000-0000-0000-0000-000000000000'], 1],
    [['parental', 'list', 'x'], 1],
    [['parental', 'list', '00000000-0000-0000-0000-000000000000'], 1],
    [['parental', 'dance', 'x'], 2],
  ])('takes %j for a mistake, exit code %i', async (args, exitCode) => {
    expect((await runCommand(args, store, env)).exitCode).toBe(exitCode);
  });
});

describe('honeyguide audit verify', () => {
  test.each([
    ['made precise where a region was agreed to', 'update grants set precision = 2 where device = $1'],
    [
      'said to be as old as what is dropped',
      'update grants set precision = 2, expires_at = 4e12, event_seq = 0 where device = $1',
    ],
    ['with another end', "update grants set expires_at = 4e12 where device = $1 and state = 'given'"],
    [
      'with another end from the first on',
      `with e as (update consent_events set expires_at = 4e12 where device = $1 and state = 'given' returning seq)
       update grants set expires_at = 4e12 where event_seq in (select seq from e)`,
    ],
    [
      'with other scopes',
      "update grants set scopes = '{geolocate,last-location}' where device = $1 and state = 'given'",
    ],
    ['by other sources', "update grants set sources = 1 where device = $1 and state = 'given'"],
    [
      'that somebody else gave, with its history',
      `with moved as (update consent_events set device = gen_random_uuid() where device = $1 and state = 'given' returning seq, device)
       update grants g set device = m.device from moved m where g.event_seq = m.seq`,
    ],
    ['taken from a refusal', "update grants set state = 'given' where device = $1 and state = 'refused'"],
    [
      'said to be about another application',
      "update grants set application = 'somebody-else' where device = $1 and state = 'given'",
    ],
    [
      'that somebody else gave',
      `insert into grants select gen_random_uuid(), application, purpose, record, state, precision, scopes, sources, policy_version,
         given_at, 4e12, suspended_at, parental, event_seq from grants where device = $1 and state = 'given'`,
    ],
    [
      'of before it was taken back',
      `update grants g set state = 'given', precision = 2, expires_at = 4e12, event_seq = e.seq from consent_events e
       where g.device = $1 and g.state = 'withdrawn' and e.record = g.record and e.state = 'given'`,
    ],
    [
      'or silence in place of a no, as it was before that',
      `update grants g set state = 'withdrawn', precision = e.precision, scopes = e.scopes, sources = e.sources,
         expires_at = e.expires_at, event_seq = e.seq from consent_events e
       where g.device = $1 and g.state = 'refused' and e.record = g.record and e.state = 'withdrawn'`,
    ],
    [
      'or no more since a policy widened what it is for',
      `insert into policies (version, effective_at, published_at, material, widens)
       select '2026-12-past-it', $2::int8, $2::int8, true, '{recipients}' where $1::uuid is not null`,
    ],
    ['or silence in place of a no that was removed', "delete from grants where device = $1 and state = 'refused'"],
    [
      'put into its history',
      `insert into consent_events select seq + 1000000, device, record, application, purpose, at, 'given', 2, scopes, sources,
         policy_version, expires_at, sealed from consent_events where device = $1 and state <> 'device' limit 1`,
    ],
  ])('finds a consent that nobody said, %s', async (_how, forge) => {
    const token = await gateway.register({ ageBand: '18plus', jurisdiction: 'NL' });
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    await put(token, 'region');
    const refused = await addTestApplication(store);
    await put(token, 'region', refused);
    await gateway.call('DELETE', consentUrl(refused), token);
    await put(token, 'none', refused);
    const taken = await addTestApplication(store);
    await put(token, 'precise', taken);
    await gateway.call('DELETE', consentUrl(taken), token);
    const verify = async () => {
      const { exitCode, output } = await runCommand(['audit', 'verify'], store, env);
      return [exitCode, output.split(':')[0]];
    };
    expect(await verify()).toEqual([0, 'The ledger holds']);
    const client = await store.pool.connect();
    try {
      await client.query('begin');
      // Whoever owns a table takes away what guards it.
      await client.query('alter table consent_events disable trigger user');
      await client.query(forge, forge.includes('$2') ? [id, COMMAND_NOW_MS] : [id]);
      const audit = { ...store, pool: { query: client.query.bind(client) } } as never;
      const { exitCode, output } = await runCommand(['audit', 'verify', '--json'], audit, env);
      expect([exitCode, JSON.parse(output)]).toEqual([
        1,
        expect.objectContaining({ holds: false, broken: { at: expect.any(Number), what: 'forgedConsent' } }),
      ]);
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await verify()).toEqual([0, 'The ledger holds']);
  });
});

describe('honeyguide audit verify, of devices', () => {
  const OFF = 'update devices set flags = 0 where id = $1';
  const child = { ageBand: 'under13', jurisdiction: 'NL' };
  const adult = { ageBand: '18plus', jurisdiction: 'NL' };
  const guard = (token: string) => gateway.call('PUT', '/v1/me/guard', token);
  const nothing = async () => {};

  test.each<[string, object, (token: string) => Promise<unknown>, string]>([
    ['whose guard was taken off', adult, guard, OFF],
    ['whose child’s mark was taken off', child, nothing, OFF],
    [
      'a parent of which was made up',
      child,
      nothing,
      `insert into parental_consents (id, device, at, method, precise, sealed) values (gen_random_uuid(), $1, 1, 'payment', true, '')`,
    ],
    [
      'of which nothing is noted any more',
      adult,
      guard,
      `delete from consent_events where device = $1 and state = 'device'`,
    ],
    [
      'the last note of which does not open any more',
      adult,
      guard,
      `update consent_events set sealed = '' where device = $1 and state = 'device'`,
    ],
    [
      'that was given back what it was before a source was switched off',
      adult,
      (token) => gateway.call('PATCH', '/v1/me', token, { sources: { wifi: false } }),
      'update devices d set sealed = b.sealed from before b where d.id = $1',
    ],
  ])('finds one %s', async (_how, profile, change, forge) => {
    const token = await gateway.register(profile);
    const { id } = (await gateway.call('GET', '/v1/me', token)).body as { id: string };
    const { sealed } = (await store.pool.query('select sealed from devices where id = $1', [id])).rows[0];
    await change(token);
    const client = await store.pool.connect();
    const audit = async () => {
      const on = { ...store, pool: { query: client.query.bind(client) } } as never;
      const { exitCode, output } = await runCommand(['audit', 'verify', '--json'], on, env);
      return [exitCode, JSON.parse(output).broken?.what ?? null];
    };
    try {
      await client.query('begin');
      expect(await audit()).toEqual([0, null]);
      await client.query('alter table consent_events disable trigger user');
      await client.query('create temporary table before (sealed bytea) on commit drop');
      await client.query('insert into before values ($1)', [sealed]);
      await client.query('savepoint untouched');
      // Shown to nobody, and the doctor's.
      await client.query(`update devices set sealed = '' where id = $1`, [id]);
      expect(await audit()).toEqual([0, null]);
      await client.query('rollback to untouched');
      await client.query(forge, [id]);
      expect(await audit()).toEqual([1, 'forgedDevice']);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('honeyguide policies', () => {
  test('publishes for good; what a material version widens waits for a new yes', async () => {
    const [precise, region] = [await gateway.register(), await gateway.register()];
    await put(precise, 'precise');
    await put(region, 'region');
    const effective = new Date(COMMAND_NOW_MS + DAY_MS).toISOString();
    const texts = [file('policy.en.md', 'We widen.'), file('policy.nl.md', 'Wij verruimen.')];
    const widening = ['--material', '--widens', 'precision', '--effective', effective];
    const published = await json('policies', 'publish', ...texts, '--version', '2026-12', ...widening);
    expect(published).toMatchObject({ exitCode: 0, version: '2026-12', effectiveAt: effective });

    // Announced, and told to everybody who looks, once.
    const notice = { version: '2026-12', material: true, url: '/v1/policies/2026-12', effectiveAt: effective };
    const first = (await gateway.call('GET', '/v1/me', precise)).body as { notices: object[] };
    expect(first.notices).toEqual([{ ...notice, firstShownAt: new Date(gateway.clock.nowMs).toISOString() }]);
    gateway.clock.nowMs += 1_000;
    expect(((await gateway.call('GET', '/v1/me', precise)).body as typeof first).notices).toEqual(first.notices);
    expect(await shown(precise)).toMatchObject({ consent: { shows: 'precise', waitsForReconsent: false } });

    // A yes to the old one given after the announcement doesn't outlive it either.
    const late = await gateway.register();
    await put(late, 'precise');
    gateway.clock.nowMs = COMMAND_NOW_MS + DAY_MS;
    for (const token of [precise, late])
      expect(await shown(token)).toMatchObject({
        consent: { shows: 'region', because: 'policyChanged', waitsForReconsent: true },
      });
    expect(await shown(region)).toMatchObject({ consent: { shows: 'region', because: 'regionGranted' } });
    expect((await put(precise, 'precise')).body).toMatchObject({
      consent: { state: 'reconfirmed', shows: 'precise', policyVersion: '2026-12', waitsForReconsent: false },
    });
    const old = { precision: 'precise', policyVersion: '2017-06-30' };
    expect((await gateway.call('PUT', consentUrl(weather), late, old)).status).toBe(409);
    // Holds that are as they should be are none that somebody made up.
    expect((await runCommand(['audit', 'verify'], store, env)).exitCode).toBe(0);

    const document = (await gateway.call('GET', '/v1/policies/current')).body as {
      texts: { text: string; sha256: string }[];
    };
    expect(document).toMatchObject({ version: '2026-12', current: true, widens: ['precision'] });
    expect(document.texts).toMatchObject([{ language: 'en', text: 'We widen.' }, { language: 'nl' }]);
    expect(document.texts[0].sha256).toBe(createHash('sha256').update('We widen.').digest('hex'));
    const archive = (await gateway.call('GET', '/v1/policies')).body as { policies: object[] };
    expect(archive.policies).toMatchObject([
      { version: '2017-06-30', effectiveAt: '2017-06-30T00:00:00.000Z', current: false },
      { version: '2026-12', current: true },
    ]);
    expect((await gateway.call('GET', '/v1/policies/2017-06-30')).body).toMatchObject({
      current: false,
      material: false,
    });
    expect((await gateway.call('GET', '/v1/policies/1999')).status).toBe(404);
  });

  test('never changes what is published, and takes nonsense for a mistake', async () => {
    const text = file('other.en.md', 'Other.');
    const publish = async (...args: string[]) =>
      (await runCommand(['policies', 'publish', text, '--version', 'x1', ...args], store, env)).exitCode;
    const again = ['policies', 'publish', text, '--version', '2017-06-30', '--effective', '2027-06-30', '--json'];
    const first = (await gateway.call('GET', '/v1/policies/2017-06-30')).text;
    expect(await runCommand(again, store, env)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('what is published is never changed'),
    });
    expect((await gateway.call('GET', '/v1/policies/2017-06-30')).text).toBe(first);
    // A year too early by a slip, or said to be meant (but others took effect since).
    expect(await publish('--effective', '2018-01-01')).toBe(2);
    expect(await publish('--effective', '2018-01-01', '--backdated')).toBe(1);
    expect(await publish('--effective', 'soon')).toBe(2);
    for (const date of ['11/12/2027', '+200000-01-01', '2027-02-30', '2027-03-01T10:00', '2027', '', 'March 1, 2027'])
      expect([date, await publish('--effective', date)]).toEqual([date, 2]);
    // Two years ahead at most, from 2026-01-02: after a slip of the year no version could be published before that.
    expect(await publish('--effective', '2028-01-03')).toBe(2);
    expect(await publish('--effective', '2107-03-01')).toBe(2);
    expect(await publish('--material')).toBe(2);
    expect(await publish('--widens', 'purposes')).toBe(2);
    expect(await publish('--material', '--widens', 'everything')).toBe(2);
    expect((await runCommand(['policies', 'publish', '--version', 'x1'], store, env)).exitCode).toBe(2);
    expect((await runCommand(['policies', 'publish', file('none', 'x'), '--version', 'x1'], store, env)).exitCode).toBe(
      2,
    );
    const { output } = await runCommand(['policies', 'list', '--json'], store, env);
    expect(JSON.parse(output)).toMatchObject([
      { version: '2017-06-30' },
      { version: '2026-12', languages: ['en', 'nl'] },
    ]);
  });

  test('publishes a text as the bytes of its file, and none whose letters it could only guess', async () => {
    const publish = (name: string, bytes: Buffer) => {
      const path = join(testFolder(), name);
      writeFileSync(path, bytes);
      return runCommand(
        ['policies', 'publish', path, '--version', 'bytes', '--json'],
        store,
        env,
        COMMAND_NOW_MS + 2 * DAY_MS,
      );
    };
    // Latin-1, UTF-16 with its mark and without, a byte of zero.
    for (const bytes of [
      Buffer.from('Caf\u00e9 policy', 'latin1'),
      Buffer.from('\ufeffPolicy', 'utf16le'),
      Buffer.from('Policy', 'utf16le'),
      Buffer.from('Policy\0'),
    ]) {
      const { exitCode, output } = await publish('policy.en.md', bytes);
      expect(exitCode).toBe(1);
      expect(JSON.parse(output).error).toContain('UTF-8');
    }
    const marked = Buffer.from('\ufeffCaf\u00e9\r\npolicy \u{1f426}');
    expect((await publish('policy.en.md', marked)).exitCode).toBe(0);
    const { rows } = await store.pool.query(`select sha256, text from policy_texts where version = 'bytes'`);
    expect(rows).toEqual([{ sha256: createHash('sha256').update(marked).digest(), text: marked.toString() }]);
  });

  test('puts on hold again what was confirmed under the change before, and puts off nothing that waits since then', async () => {
    const day = (n: number) => COMMAND_NOW_MS + n * DAY_MS;
    const widen = async (version: string, from: number) => {
      const widening = ['--material', '--widens', 'precision', '--effective', new Date(day(from)).toISOString()];
      return (await json('policies', 'publish', file('policy.en.md', version), '--version', version, ...widening))
        .exitCode;
    };
    const [waiting, confirmed] = [await gateway.register(), await gateway.register()];
    for (const token of [waiting, confirmed]) await put(token, 'precise');
    expect(await widen('wider', 3)).toBe(0);
    gateway.clock.nowMs = day(3);
    expect((await put(confirmed, 'precise')).body).toMatchObject({ consent: { state: 'reconfirmed' } });
    expect(await widen('widest', 5)).toBe(0);
    const waits = { consent: { shows: 'region', because: 'policyChanged', waitsForReconsent: true } };
    expect(await shown(waiting)).toMatchObject(waits);
    expect(await shown(confirmed)).toMatchObject({ consent: { shows: 'precise', waitsForReconsent: false } });
    gateway.clock.nowMs = day(5);
    for (const token of [waiting, confirmed]) expect(await shown(token)).toMatchObject(waits);
    // Of two that take effect at once nobody could say which is in force.
    expect(await widen('as-wide', 5)).toBe(1);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readRecipient } from '../../src/partners/registry-store.ts';
import { COMMAND_NOW_MS, runCommand } from '../support/command.ts';
import { openTestStore, testFolder } from '../support/store.ts';

const PARTICULARS = [
  ...['--policy-url', 'https://weathervane.example/privacy', '--contact', 'privacy@weathervane.example'],
  ...['--controller', 'Weathervane BV, Dom 1, Utrecht'],
];

async function setUp() {
  const store = await openTestStore();
  const env = { DATA_DIR: testFolder() };
  async function json(...args: string[]) {
    const { exitCode, output } = await runCommand([...args, '--json'], store, env);
    return { exitCode, ...JSON.parse(output) } as Record<string, unknown>;
  }
  return { store, env, json };
}

describe('partners on the command line', () => {
  test('are added with applications and keys, completed, and listed', async () => {
    const { store, json } = await setUp();
    const key = await json('keys', 'add', '--class', 'partner', '--name', 'Tally Ho', '--expires-days', '30');
    expect(key).toEqual({
      exitCode: 0,
      id: expect.stringMatching(/^key_/),
      key: expect.stringMatching(/^hgp_/),
      class: 'partner',
      name: 'Tally Ho',
      application: 'tally-ho',
    });
    const before = await readRecipient(store.pool, String(key.id), COMMAND_NOW_MS);
    expect(before).toMatchObject({ active: false, purposes: ['dpv:ServiceProvision'] });
    expect(await readRecipient(store.pool, String(key.id), COMMAND_NOW_MS + 30 * 86_400_000)).toBeNull();
    expect(await json('partners', 'update', 'tally-ho', ...PARTICULARS, '--ad-funded')).toMatchObject({ exitCode: 0 });
    expect(await readRecipient(store.pool, String(key.id), COMMAND_NOW_MS)).toMatchObject({
      active: true,
      adFunded: true,
    });
    await json('partners', 'update', 'tally-ho', '--no-ad-funded');

    expect(await json('partners', 'add', '--name', 'Weathervane', '--id', 'wv', ...PARTICULARS)).toMatchObject({
      exitCode: 0,
      id: 'wv',
    });
    const purposes = ['--purposes', 'dpv:DeliveryOfGoods,dpv:ServiceProvision'];
    const parcels = ['partners', 'add-application', '--partner', 'wv', '--name', 'Parcels', ...purposes];
    expect(await json(...parcels, '--max-precision', 'region')).toMatchObject({ exitCode: 0, id: 'parcels' });
    expect(await json('partners', 'update', '--application', 'parcels', '--max-precision', 'precise')).toMatchObject({
      exitCode: 0,
    });
    const second = await json('keys', 'add', '--class', 'partner', '--name', 'k2', '--application', 'parcels');
    expect(second).toMatchObject({ exitCode: 0, application: 'parcels' });
    const { output } = await runCommand(['partners', 'list', '--json'], store);
    expect(JSON.parse(output)).toMatchObject([
      { id: 'tally-ho', role: 'vendor', adFunded: false, active: true, applications: [{ id: 'tally-ho' }] },
      {
        id: 'wv',
        applications: [
          { id: 'parcels', maxPrecision: 'precise', purposes: ['dpv:DeliveryOfGoods', 'dpv:ServiceProvision'] },
        ],
      },
    ]);
    expect((await runCommand(['partners', 'list'], store)).output).toContain('parcels');
  });

  test('are suspended and resumed in the order of the ledger, for every gateway to forget', async () => {
    const { store, json } = await setUp();
    const { id } = await json('keys', 'add', '--class', 'partner', '--name', 'Tally Ho');
    expect(await json('partners', 'suspend', 'tally-ho')).toMatchObject({ exitCode: 0, suspended: true });
    expect((await readRecipient(store.pool, String(id), COMMAND_NOW_MS))?.suspended).toBe(true);
    expect(await json('partners', 'suspend', '--application', 'tally-ho')).toMatchObject({ exitCode: 0 });
    expect(await json('partners', 'resume', 'tally-ho')).toMatchObject({ exitCode: 0, suspended: false });
    expect((await readRecipient(store.pool, String(id), COMMAND_NOW_MS))?.suspended).toBe(true);
    expect(await json('partners', 'resume', '--application', 'tally-ho')).toMatchObject({ exitCode: 0 });
    expect((await readRecipient(store.pool, String(id), COMMAND_NOW_MS))?.suspended).toBe(false);
    expect((await json('partners', 'suspend', 'nobody')).exitCode).toBe(1);
    const { rows } = await store.pool.query('select detail from ledger order by seq');
    expect(rows.map((row) => row.detail)).toEqual([
      'partner tally-ho suspended',
      'application tally-ho suspended',
      'partner tally-ho resumed',
      'application tally-ho resumed',
    ]);
    const changes = await store.pool.query('select device from privacy_changes');
    expect(changes.rows).toEqual(Array(4).fill({ device: null }));
  });

  test('are not handed to somebody else with the consents they have, unless it is the same legal person renamed', async () => {
    const { store, json } = await setUp();
    await json('partners', 'add', '--name', 'Navi', ...PARTICULARS);
    const sold = ['partners', 'update', 'navi', '--name', 'Broker', '--controller', 'DataBroker Inc, Panama'];
    const before = await store.pool.query('select name, controller from partners');
    expect(await json(...sold)).toMatchObject({ exitCode: 1, error: expect.stringContaining('--same-controller') });
    expect((await store.pool.query('select name, controller from partners')).rows).toEqual(before.rows);
    expect((await store.pool.query('select detail from ledger')).rows).toEqual([{ detail: 'partner navi added' }]);
    const moved = ['partners', 'update', 'navi', '--controller', 'Weathervane NV, Dom 2, Utrecht'];
    expect(await json(...moved, '--same-controller')).toMatchObject({ exitCode: 0 });
    const { rows } = await store.pool.query('select detail from ledger order by seq desc limit 1');
    expect(rows).toEqual([{ detail: 'partner navi updated: controller; the controller is affirmed to be the same' }]);
  });

  test('need no such word for the first controller, for the one they have, and for anything else', async () => {
    const { store, json } = await setUp();
    await json('partners', 'add', '--name', 'Navi');
    for (const args of [PARTICULARS, PARTICULARS, ['--name', 'Navi 2', '--contact', 'privacy@navi.example']])
      expect(await json('partners', 'update', 'navi', ...args)).toMatchObject({ exitCode: 0 });
    const { rows } = await store.pool.query('select detail from ledger order by seq');
    expect(rows.map((row) => row.detail)).toEqual([
      'partner navi added',
      ...Array(2).fill('partner navi updated: policyUrl, contact, controller'),
      'partner navi updated: name, contact',
    ]);
    expect(await json('partners', 'update', 'nobody', ...PARTICULARS)).toMatchObject({ exitCode: 1 });
  });

  test('are not said to be suspended before a gateway that may still answer from memory has forgotten', async () => {
    const { store, json } = await setUp();
    await json('keys', 'add', '--class', 'partner', '--name', 'Tally Ho');
    const replica = randomUUID();
    await store.pool.query(
      `insert into replicas (id, seen, lease_until) values ($1, 0, clock_timestamp() + interval '1 hour')`,
      [replica],
    );
    let done = false;
    const suspending = json('partners', 'suspend', 'tally-ho').then(() => {
      done = true;
    });
    await expect.poll(async () => (await store.pool.query('select from privacy_changes')).rowCount).toBe(1);
    await store.pool.query('select pg_sleep(0.2)');
    expect(done).toBe(false);
    await store.pool.query('update replicas set seen = (select max(seq) from privacy_changes)');
    await suspending;
    expect(done).toBe(true);
  });

  test.each([
    ['partners'],
    ['partners', 'add'],
    ['partners', 'add', '--name', 'X', '--id', 'Not An Id'],
    ['partners', 'add', '--name', 'X', '--policy-url', 'http://x.example'],
    ['partners', 'add', '--name', 'X', '--role', 'friend'],
    ['partners', 'add-application', '--name', 'X'],
    ['partners', 'add-application', '--partner', 'p', '--name', 'X', '--purposes', 'dpv:Anything'],
    ['partners', 'suspend'],
    ['partners', 'suspend', 'p', '--application', 'a'],
    ['partners', 'update', 'p'],
    ['partners', 'update', 'p', '--purposes', 'dpv:ServiceProvision'],
    ['partners', 'update', 'p', '--name', 'X', '--same-controller'],
    ['partners', 'update', '--application', 'a', '--name', 'X', '--same-controller'],
    ['partners', 'list', 'p'],
    ['keys', 'add', '--class', 'device', '--name', 'X', '--application', 'a'],
    ['keys', 'add', '--class', 'device', '--name', 'X', '--role', 'vendor'],
    ['keys', 'add', '--class', 'partner', '--name', 'X', '--application', 'a', '--role', 'vendor'],
    ['keys', 'add', '--class', 'partner', '--name', 'X', '--expires-days', '0'],
  ])('are not touched by what makes no sense: %s %s %s %s %s %s %s', async (...args) => {
    const { exitCode, messages } = await runCommand(args);
    expect({ exitCode, usage: messages.includes('usage: honeyguide') }).toEqual({ exitCode: 2, usage: true });
  });
});

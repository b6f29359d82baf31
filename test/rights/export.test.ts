// A copy of much: of somebody who was shown thousands of times.
import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { describe, expect, test, vi } from 'vitest';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { rowNamesOf } from '../../src/privacy/row-names.ts';
import { findPerson } from '../../src/rights/erase-store.ts';
import { addExportRoute } from '../../src/rights/export-routes.ts';
import { type HeldPage, PAGE_ROWS } from '../../src/rights/held-store.ts';
import type { Rights } from '../../src/rights/me-store.ts';
import { tagKeyOf, tagOf } from '../../src/sharing/counts/tag.ts';
import { addTestApplication } from '../support/people.ts';
import { MASTERS, openWorld, type Phone, PSEUDONYM_KEY } from './world.ts';

const world = await openWorld();
const { pool, call, phone } = world;

/** Rows of the ledger about a phone, without a chain: behind every row that has one. */
async function show(who: Phone, application: string, times: number, fromSeq: number): Promise<void> {
  const { key } = (await findPerson(pool, MASTERS, who.id))!;
  await pool.query(
    `insert into ledger (seq, at, kind, application, subject, purpose, basis, precision, hash)
     select $1::int8 + n, $2, 1, $3, $4, 'dpv:ServiceProvision', 'consent', 2, '' from generate_series(1, $5::int) n`,
    [fromSeq, Date.now(), application, ledgerSubject(key), times],
  );
}

describe('a copy of somebody who was shown thousands of times', () => {
  test('has every row once, in its order, and everybody who was shown', async () => {
    const ada = await phone();
    const bo = await phone();
    const [often, once, never] = await Promise.all([1, 2, 3].map(() => addTestApplication(world.store)));
    await show(ada, often, 5 * PAGE_ROWS, 1_000_000);
    await show(bo, never, 3, 2_000_000);
    await show(ada, once, 1, 3_000_000);
    const { status, headers, body } = await call(ada, 'GET', '/v1/me/export');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const shown = body.held.ledger.rows.filter(({ kind }: { kind: number }) => kind === 1);
    const { seqOf } = rowNamesOf((await findPerson(pool, MASTERS, ada.id))!.key);
    const seqs = shown.map(({ seq }: { seq: number }) => seqOf(seq));
    expect(seqs).toEqual([...Array.from({ length: 5 * PAGE_ROWS }, (_, i) => 1_000_001 + i), 3_000_001]);
    expect(body).toMatchObject({ format: 'honeyguide-export-1', device: ada.id, counts: { takesPart: true } });
    expect(body.recipients.map(({ application }: { application: string }) => application)).toEqual(
      [often, once].sort(),
    );
    expect((await call(ada, 'GET', '/v1/me/requests')).body.requests).toMatchObject([{ kind: 'access' }]);
  });

  test('is whole pages, with nothing behind the last of them', async () => {
    const ada = await phone();
    const { rows } = (await call(ada, 'GET', '/v1/me/export')).body.held.ledger;
    await show(ada, 'whole', 2 * PAGE_ROWS - rows.length, 4_000_000);
    expect((await call(ada, 'GET', '/v1/me/export')).body.held.ledger.rows).toHaveLength(2 * PAGE_ROWS);
  });

  test('takes a page from the store at a time, and none while its reader takes nothing', async () => {
    const ada = await phone();
    await show(ada, 'slow', 300 * PAGE_ROWS, 5_000_000);
    const url = await world.app.listen({ port: 0, host: '127.0.0.1' });
    const connects = vi.spyOn(pool, 'connect');
    const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write(`GET /v1/me/export HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ada.token}\r\n\r\n`);
    const pages = () => connects.mock.calls.length;
    let before = -1;
    await vi.waitFor(
      () => {
        const now = pages();
        const isStill = now === before && now > 20;
        before = now;
        expect(isStill).toBe(true);
      },
      { interval: 300, timeout: 20_000 },
    );
    expect(pages()).toBeLessThan(200);
    // Nobody's transaction is open meanwhile, and a second one of the same phone has to wait for the first.
    expect((await call(ada, 'POST', '/v1/me/restrict')).status).toBe(200);
    const again = await call(ada, 'GET', '/v1/me/export');
    expect([again.status, again.body.type, again.headers['retry-after']]).toEqual([503, '/problems/unavailable', '30']);
    socket.destroy();
    await vi.waitFor(async () => expect((await call(ada, 'GET', '/v1/me/requests')).status).toBe(200));
    connects.mockRestore();
  });
});

describe('a copy that is read slowly, after', () => {
  /** Asks for a copy and takes nothing of it but its head, until `ended`; then all that still comes. Resolves to its text. */
  async function readAfter(ada: Phone, ended: () => Promise<unknown>): Promise<string> {
    const url = await world.app.listen({ port: 0, host: '127.0.0.1' }).catch(() => world.app.listeningOrigin);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('error', () => {});
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.write(
      `GET /v1/me/export HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${ada.token}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.pause();
    await ended();
    socket.resume();
    await once(socket, 'close');
    return text;
  }
  const LAST = 300 * PAGE_ROWS;

  test.each<[string, (ada: Phone) => Promise<unknown>]>([
    ['its token was ended', (ada) => call(ada, 'DELETE', '/v1/me/token')],
    [
      'its person was erased',
      async (ada) => call(ada, 'POST', '/v1/me/erasure', {}, await world.proof(ada, 'erasure')),
    ],
  ])('%s, breaks off: whoever copied the token reads no further', async (how, end) => {
    const ada = await phone();
    await show(ada, 'slow', LAST, how === 'its token was ended' ? 6_000_000 : 7_000_000);
    const ended = async () => expect(await end(ada)).toMatchObject({ status: expect.toBeOneOf([200, 204]) });
    const text = await readAfter(ada, ended);
    expect(text).toContain('honeyguide-export-1');
    expect(text.split('"application":"slow"').length - 1).toBeLessThan(LAST);
    expect(text).not.toContain('"recipients"');
  });

  test('nothing happened, is whole', async () => {
    const ada = await phone();
    await show(ada, 'slow', LAST, 8_000_000);
    const text = await readAfter(ada, async () => {});
    expect(text.split('"application":"slow"').length - 1).toBe(LAST);
  });
});

test('a copy has the regions in which the phone waits to be counted', async () => {
  const [ada, bo] = [await phone(), await phone()];
  const window = Math.floor(Date.now() / (6 * 3_600_000));
  await pool.query('insert into visit_salts (window_no, salt) values ($1, $2)', [window, Buffer.alloc(32, 9)]);
  for (const { id } of [ada, bo])
    await pool.query('insert into visits (window_no, tag, region, ticks) values ($1, $2, $3, 2)', [
      window,
      tagOf(tagKeyOf(PSEUDONYM_KEY, Buffer.alloc(32, 9)), id),
      keyOfCell('871fa4460ffffff'),
    ]);
  const { held } = (await call(ada, 'GET', '/v1/me/export')).body;
  expect(held.visits.rows).toMatchObject([{ windowNo: window, region: '871fa4460ffffff', ticks: 2 }]);
  await call(ada, 'POST', '/v1/me/object');
  expect((await call(ada, 'GET', '/v1/me/export')).body.held.visits).toBeUndefined();
  expect((await call(bo, 'GET', '/v1/me/export')).body.held.visits.rows).toHaveLength(1);
});

describe('the route', () => {
  const about = { room: 'rights', what: 'x', class: 'personal', kept: 'long' } as const;
  const page: HeldPage = { table: 'ledger', about, rows: [{ text: 'x'.repeat(2_000_000) }] };

  /** The route over pages of the test's own; who asks is the Bearer. */
  async function serve(pages: (who: string) => AsyncGenerator<HeldPage>) {
    const logged: object[] = [];
    const app = Fastify();
    app.decorateRequest('subject', null);
    app.addHook('onRequest', async (request) => {
      request.setDecorator('subject', { id: request.headers.authorization, flags: 0 });
    });
    const rights = {
      export: ({ id }: { id: string }) => ({ pages: pages(id), finish: async () => [] }),
    } as unknown as Rights;
    await app.register(async (scope) => {
      scope.addSchema({ $id: 'Problem', type: 'object', additionalProperties: true });
      addExportRoute(scope, rights, Date.now, { error: (facts) => logged.push(facts) });
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const ask = (who: string) => fetch(url, { headers: { authorization: who } });
    return { app, ask, logged };
  }

  test('writes three long copies at a time, says to the fourth when to come again, and has room when one is done', async () => {
    const gates: (() => void)[] = [];
    const { app, ask } = await serve(async function* (who) {
      if (who === 'short') return;
      yield page;
      yield page;
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    const three = await Promise.all(['a', 'b', 'c'].map(ask));
    expect(three.map(({ status }) => status)).toEqual([200, 200, 200]);
    const fourth = await ask('d');
    expect([fourth.status, fourth.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await fourth.json()).toMatchObject({ type: '/problems/unavailable', status: 503 });
    expect(await (await ask('short')).json()).toMatchObject({ device: 'short', held: {} });
    const bodies = three.map((answer) => answer.json());
    await vi.waitFor(() => expect(gates).toHaveLength(3));
    for (const open of gates.splice(0)) open();
    for (const body of await Promise.all(bodies)) expect(body).toMatchObject({ held: { ledger: { rows: [{}, {}] } } });
    const fifth = ask('d').then((answer) => answer.json());
    await vi.waitFor(() => expect(gates).toHaveLength(1));
    gates[0]();
    expect(await fifth).toMatchObject({ device: 'd' });
    await app.close();
  });

  test('ends the connection of a copy that breaks off, notes a bug without what it says, and has room again', async () => {
    const { app, ask, logged } = await serve(async function* () {
      yield page;
      yield page;
      throw new Error('a secret');
    });
    for (let i = 0; i < 5; i++) await expect(ask('a').then((answer) => answer.json())).rejects.toThrow();
    expect(logged).toHaveLength(5);
    expect(JSON.stringify(logged)).not.toContain('a secret');
    await app.close();
  });
});

import { randomBytes } from 'node:crypto';
import { latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { KIND } from '../../../src/disclosures/entry.ts';
import { createKeyRing, type KeyRingEntry } from '../../../src/partners/key-ring.ts';
import { hashKey } from '../../../src/partners/keys.ts';
import { setSuspended } from '../../../src/partners/registry-store.ts';
import { addKey, revokeKey } from '../../../src/partners/store.ts';
import { WINDOW_MS } from '../../../src/privacy/count-rule.ts';
import { cellOfKey, keyOfCell, parentKey } from '../../../src/privacy/region-key.ts';
import { openCounts } from '../../../src/process/counts.ts';
import { connectStore } from '../../../src/storage/open.ts';
import { transact } from '../../../src/storage/transaction.ts';
import { createTestApp, DEVICE_KEY } from '../../support/app.ts';
import { openTestStore } from '../../support/store.ts';

const LATEST = 82_000;
const iso = (window: number) => new Date(window * WINDOW_MS).toISOString();
const log = { error: () => {} };
/** Sixty regions round Utrecht, in three windows. */
const REGIONS = [...new Set(Array.from({ length: 400 }, (_, i) => keyOfCell(latLngToCell(52 + i * 0.004, 5, 7))))]
  .slice(0, 60)
  .sort((a, b) => a - b);
const WINDOWS = [LATEST - 2, LATEST - 1, LATEST];

async function setUp() {
  const store = await openTestStore();
  const { pool } = store;
  for (const window of WINDOWS) {
    await pool.query(
      `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, 0, 'abc', 250)`,
      [window],
    );
    await pool.query('insert into region_counts select $1, r, 100 + r % 7 + $1 % 5 from unnest($2::int[]) r', [
      window,
      REGIONS,
    ]);
  }
  const keys: Awaited<ReturnType<typeof addKey>>[] = [];
  for (const role of ['vendor', 'licensee', 'operator'] as const) {
    const wanted = { class: 'partner', name: role, dailyQuota: null, perMinute: null } as const;
    keys.push(await addKey(store, wanted, randomBytes, 0, { role }));
  }
  // As a thread holds them that has not heard of anything since.
  const ring = createKeyRing(() => 0);
  const entries = keys.map(
    ({ id, key, class: keyClass, name }, slot): KeyRingEntry => ({
      ...{ id, class: keyClass, name, slot, dailyQuota: null, perMinute: null },
      hashHex: hashKey(key).toString('hex'),
    }),
  );
  ring.replace([...entries, { ...entries[0], class: 'device', hashHex: hashKey(DEVICE_KEY).toString('hex') }]);
  const counts = openCounts({ pool, pseudonymKey: randomBytes(32) }, log);
  const { app, clock } = await createTestApp({ counts: counts.ports, findKey: ring.find });
  async function get(query = '', headers: Record<string, string> = {}) {
    const authorization = `Bearer ${keys[0].key}`;
    const url = `/v1/partner/regions${query}`;
    const answer = await app.inject({ method: 'GET', url, headers: { authorization, ...headers } });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }
  return { store, pool, keys, ring, clock, get };
}

const { store, pool, keys, get, ring, clock } = await setUp();

describe('GET /v1/partner/regions', () => {
  test('tells the last window that is out, and nothing but the allow-list', async () => {
    const { status, body } = await get();
    expect(status).toBe(200);
    const answer = JSON.parse(body);
    expect(Object.keys(answer).sort()).toEqual(['epsilon', 'latest', 'next', 'regions', 'threshold']);
    expect(answer).toMatchObject({ next: null, latest: iso(LATEST), epsilon: 0.25, threshold: 73 });
    expect(answer.regions).toEqual(
      REGIONS.map((region) => ({
        region: cellOfKey(region),
        window: iso(LATEST),
        count: 100 + (region % 7) + (LATEST % 5),
        mapVersion: 'abc',
      })),
    );
  });

  test('goes through pages without gap or repetition, in three forms that say the same', async () => {
    const all: unknown[] = [];
    let path = `?from=${iso(LATEST - 2)}&limit=47`;
    let pages = 0;
    for (;;) {
      const page = await get(path);
      const { regions, next } = JSON.parse(page.body);
      all.push(...regions);
      pages++;
      if (next === null) {
        expect(page.headers.link).toBeUndefined();
        break;
      }
      expect(page.headers.link).toMatch(/^<\/v1\/partner\/regions\?.*cursor=.*>; rel="next"$/);
      path = /\?[^>]*/.exec(String(page.headers.link))![0];
    }
    expect(pages).toBe(4);
    expect(all).toHaveLength(3 * REGIONS.length);
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(all.length);

    const whole = `?from=${iso(LATEST - 2)}&limit=1000`;
    const lines = await get(whole, { accept: 'application/x-ndjson' });
    expect(lines.headers['content-type']).toContain('application/x-ndjson');
    expect(
      lines.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(all);
    const geo = await get(whole, { accept: 'application/geo+json' });
    expect(geo.headers['content-type']).toContain('application/geo+json');
    const { type, features } = JSON.parse(geo.body);
    expect(type).toBe('FeatureCollection');
    expect(features.map((one: { properties: unknown }) => one.properties)).toEqual(all);
    expect(features[0].geometry.coordinates[0]).toHaveLength(7);
  });

  test.each([
    ['application/json', (body: string) => JSON.parse(body).regions],
    [
      'application/x-ndjson',
      (body: string) =>
        body
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
    ],
    [
      'application/geo+json',
      (body: string) => JSON.parse(body).features.map((one: { properties: unknown }) => one.properties),
    ],
  ])('goes on page by page in %s, within the cell and the windows that were asked for', async (accept, read) => {
    const parent = cellOfKey(parentKey(REGIONS[30], 4));
    const asked = `from=${iso(LATEST - 2)}&until=${iso(LATEST)}&parent=${parent}`;
    const whole = JSON.parse((await get(`?${asked}&limit=1000`)).body).regions;
    expect(whole.length).toBeGreaterThan(10);
    const all: unknown[] = [];
    for (let path: string | undefined = `?${asked}&limit=7`; path !== undefined; ) {
      const page = await get(path, { accept });
      all.push(...read(page.body));
      path = /\?[^>]*/.exec(String(page.headers.link ?? ''))?.[0];
    }
    expect(all).toEqual(whole);
  });

  test('goes on within the window it began with, though another comes out meanwhile', async () => {
    const whole = JSON.parse((await get('?limit=1000')).body).regions;
    const first = await get('?limit=20');
    await pool.query(
      `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, 0, 'abc', 250)`,
      [LATEST + 1],
    );
    await pool.query('insert into region_counts values ($1, $2, 99)', [LATEST + 1, REGIONS[0]]);
    const { regions, next } = JSON.parse(first.body);
    const rest = await get(/\?[^>]*/.exec(String(first.headers.link))![0].replace('limit=20', 'limit=1000'));
    expect([...regions, ...JSON.parse(rest.body).regions]).toEqual(whole);
    expect(JSON.parse((await get(`?limit=1000&cursor=${next}`)).body)).toEqual(JSON.parse(rest.body));
    expect(JSON.parse((await get()).body).regions).toHaveLength(1);
    for (const table of ['region_counts', 'count_releases'])
      await pool.query(`delete from ${table} where window_no = $1`, [LATEST + 1]);
  });

  test('takes windows by time and regions by the cell they are in', async () => {
    const parent = cellOfKey(parentKey(REGIONS[0], 5));
    const inside = REGIONS.filter((region) => parentKey(region, 5) === parentKey(REGIONS[0], 5));
    const { body } = await get(`?from=${iso(LATEST - 1)}&until=${iso(LATEST)}&parent=${parent}`);
    const { regions } = JSON.parse(body);
    expect(regions.map((one: { region: string }) => one.region)).toEqual(inside.map(cellOfKey));
    expect(inside.length).toBeLessThan(REGIONS.length);
    expect(new Set(regions.map((one: { window: string }) => one.window))).toEqual(new Set([iso(LATEST - 1)]));
  });

  test('names the next page without the key that was sent, and says to caches that `Accept` chose the form', async () => {
    const { status, headers } = await get(`?limit=1&key=${keys[0].key}`, { authorization: '' });
    expect(status).toBe(200);
    expect(headers.link).toMatch(/^<[^>]+>; rel="next"$/);
    expect(headers.link).not.toContain('key');
    expect(headers.link).not.toContain(keys[0].key);
    expect(headers).toMatchObject({ vary: expect.stringMatching(/accept/i), 'cache-control': 'no-store' });
  });

  test('is the same for every partner and role, however often it is asked', async () => {
    const answers = [];
    for (let round = 0; round < 2; round++)
      for (const { key } of keys) answers.push((await get('', { authorization: `Bearer ${key}` })).body);
    expect(new Set(answers).size).toBe(1);
  });

  test('refuses what it does not understand, and credentials that are none, by problems', async () => {
    for (const query of ['?limit=0', '?from=never', '?parent=8f', '?cursor=x', '?polygon=1', '?limit=12345'])
      expect([query, (await get(query)).status]).toEqual([query, 400]);
    for (const authorization of ['', 'Bearer nobody', `Bearer ${DEVICE_KEY}`, 'Basic abc']) {
      const { status, headers } = await get('', { authorization });
      expect([authorization, status]).toEqual([authorization, 401]);
      expect(headers['content-type']).toContain('application/problem+json');
    }
  });

  test('counts every read for its application, and writes no row of the ledger', async () => {
    const reads = async () => {
      const { rows } = await pool.query<{ sum: string }>(
        'select coalesce(sum(count), 0) as sum from disclosure_counts where application = $1 and outcome = $2',
        [keys[2].application, KIND.counts],
      );
      return Number(rows[0].sum);
    };
    const [had, authorization] = [await reads(), `Bearer ${keys[2].key}`];
    for (let i = 0; i < 3; i++) await get('', { authorization });
    expect(await reads()).toBe(had + 3);
    expect((await pool.query('select from ledger')).rowCount).toBe(0);
  });

  test('gives nothing from a suspension or revocation on, whatever the thread still believes', async () => {
    const authorization = `Bearer ${keys[1].key}`;
    expect((await get('', { authorization })).status).toBe(200);
    const suspend = (atMs: number | null) =>
      transact(pool, (client) => setSuspended(client, { application: keys[1].application! }, atMs));
    await suspend(5);
    expect(ring.find(keys[1].key)).not.toBeNull();
    const refused = await get('', { authorization });
    expect([refused.status, JSON.parse(refused.body).type]).toEqual([403, '/problems/not-permitted']);
    await suspend(null);
    expect((await get('', { authorization })).status).toBe(200);
    await revokeKey(store, keys[1].id, 5);
    expect((await get('', { authorization })).status).toBe(403);
  });

  test('tells a window for 400 days from its beginning, and not until a sweep', async () => {
    const startMs = clock.nowMs;
    const told = async (nowMs: number) => {
      clock.nowMs = nowMs;
      const { regions, latest } = JSON.parse((await get('?from=2020-01-01&limit=1000')).body);
      return { windows: [...new Set(regions.map((one: { window: string }) => one.window))], latest };
    };
    const overMs = (LATEST - 1) * WINDOW_MS + 400 * 86_400_000;
    expect(await told(overMs - 1)).toEqual({ windows: [iso(LATEST - 1), iso(LATEST)], latest: iso(LATEST) });
    expect(await told(overMs)).toEqual({ windows: [iso(LATEST)], latest: iso(LATEST) });
    expect(await told(overMs + WINDOW_MS)).toEqual({ windows: [], latest: null });
    clock.nowMs = startMs;
  });

  test('is a 503 while the store is away, and empty before the first window is out', async () => {
    const gone = connectStore({ kind: 'postgres', url: 'postgres://u:p@127.0.0.1:1/x' });
    const away = openCounts({ pool: gone.pool, pseudonymKey: randomBytes(32) }, log);
    const { app } = await createTestApp({ counts: away.ports, findKey: ring.find });
    const headers = { authorization: `Bearer ${keys[0].key}` };
    const answer = await app.inject({ method: 'GET', url: '/v1/partner/regions', headers });
    expect(answer.statusCode).toBe(503);
    await gone.close();
    await pool.query('delete from count_releases');
    expect(JSON.parse((await get()).body)).toMatchObject({ regions: [], next: null, latest: null });
  });
});

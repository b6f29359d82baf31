import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { ProblemSchema, refuseProblem } from '../../src/http/errors/problem.ts';
import { refusalOf } from '../../src/http/refusal.ts';
import { createFoldDeps, foldInbox } from '../../src/jobs/fold.ts';
import { packRows } from '../../src/observations/inbox.ts';
import { insertRows } from '../../src/observations/store.ts';
import { formatMac } from '../../src/radio/mac.ts';
import { PROOF_TTL_MS, REQUEST_TTL_MS } from '../../src/rights/registry-map.ts';
import { addRemovalRoutes, REMOVALS_PER_HOUR } from '../../src/rights/routes.ts';
import {
  barredAmong,
  confirmRemoval,
  listBarred,
  listRemovals,
  noteRefusals,
  requestRemoval,
  settleRemovals,
  undoRemoval,
} from '../../src/rights/store.ts';
import { importStations } from '../../src/stations/import.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST, sealMac } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

const KEY = Buffer.alloc(32, 3);
const KEYS = { macs: AT_REST.macs, barredKey: KEY };
const NOW_MS = Date.now();
const store = await openTestStore();
const { pool } = store;
let next = 0x001a2b000000;

/** A known access point with a position and something learnt. */
async function knownAp(): Promise<number> {
  const mac = next++;
  await pool.query(
    'insert into wifi_stations (mac, lat, lon, radius_m, samples, source, loudest_dbm) values ($1, 1, 2, 3, 4, 1, -60)',
    [sealMac('wifi', mac)],
  );
  await pool.query("insert into mac_learning (kind, mac, last_day, state) values (1, $1, 1, '\\x00')", [
    sealMac('wifi', mac),
  ]);
  return mac;
}
const rowOf = async (mac: number) =>
  (
    await pool.query(
      'select lat, lon, radius_m, samples, loudest_dbm, changed::text from wifi_stations where mac = $1',
      [sealMac('wifi', mac)],
    )
  ).rows[0];
const learningOf = async (mac: number) =>
  (await pool.query('select 1 from mac_learning where mac = $1', [sealMac('wifi', mac)])).rows.length;
const request = (mac: number, nowMs = NOW_MS) =>
  requestRemoval(pool, AT_REST.macs, mac, randomBytes(6).toString('hex'), nowMs);

test('a proof is dated to the hour: to the millisecond all that one report named would stand out together', async () => {
  const hourMs = Math.floor(NOW_MS / 3_600_000) * 3_600_000;
  for (const afterMs of [1_234_567, 5]) await noteRefusals(pool, [next++, next++], KEY, hourMs + afterMs);
  const { rows } = await pool.query('select distinct seen_at::float8 as seen_at from opt_out_sightings');
  expect(rows).toEqual([{ seen_at: hourMs }]);
});

test('a request alone removes nothing', async () => {
  const mac = await knownAp();
  await request(mac);
  expect(await settleRemovals(pool, KEYS, NOW_MS)).toBe(0);
  expect(await rowOf(mac)).toMatchObject({ lat: 1, lon: 2 });
});

test('a report that shows the network refusing, before or after the request, removes and bars it', async () => {
  for (const proofFirst of [true, false]) {
    const mac = await knownAp();
    const other = await knownAp();
    const before = (await rowOf(mac)).changed;
    if (proofFirst) await noteRefusals(pool, [mac], KEY, NOW_MS - DAY_MS);
    await request(mac);
    await request(other);
    if (!proofFirst) await noteRefusals(pool, [mac], KEY, NOW_MS);
    expect(await settleRemovals(pool, KEYS, NOW_MS)).toBe(1);
    expect(await rowOf(mac)).toMatchObject({ lat: null, lon: null, radius_m: null, samples: null, loudest_dbm: null });
    // What indexes follow.
    expect(BigInt((await rowOf(mac)).changed)).toBeGreaterThan(BigInt(before));
    expect(await learningOf(mac)).toBe(0);
    expect(await rowOf(other)).toMatchObject({ lat: 1 });
    expect(await barredAmong(pool, [mac, other], KEY)).toEqual(new Set([mac]));
  }
});

test('the operator can confirm by code, once', async () => {
  const mac = await knownAp();
  const code = await request(mac);
  expect((await listRemovals(pool)).map((one) => one.code)).toContain(code);
  expect(await confirmRemoval(pool, 'nonsense', KEYS, NOW_MS)).toBe(false);
  expect(await confirmRemoval(pool, code, KEYS, NOW_MS)).toBe(true);
  expect(await confirmRemoval(pool, code, KEYS, NOW_MS)).toBe(false);
  expect((await rowOf(mac)).lat).toBeNull();
});

test('what is barred is not learnt again, also from a trusted source', async () => {
  const mac = await knownAp();
  await confirmRemoval(pool, await request(mac), KEYS, NOW_MS);
  const wifi = [mac, mac + 0x1000].map((heard) => ({ mac: heard, dbm: -60, ageMs: 0 }));
  const report = admitted({ lat: 38.7, timeMs: NOW_MS - 3_600_000, wifi });
  await insertRows(pool, packRows([report], { tag: 1, dayKey: KEY, trusted: true }, NOW_MS, AT_REST.payloads));
  const errors: unknown[] = [];
  expect(await foldInbox(createFoldDeps(store, AT_REST, KEY, (error) => errors.push(error)))).toMatchObject({
    rows: 1,
    stations: 1,
    published: 1,
  });
  expect(errors).toEqual([]);
  expect((await rowOf(mac)).lat).toBeNull();
  expect(await learningOf(mac)).toBe(0);
  expect((await rowOf(mac + 0x1000)).lat).toBeCloseTo(38.7, 4);
});

test.each([false, true])(
  'an import at work does not bring back what is removed meanwhile (known before: %s)',
  async (known) => {
    const mac = known ? await knownAp() : next++;
    const code = await request(mac);
    let removal: Promise<boolean> | undefined;
    async function* file() {
      const modifiedAt = new Date(NOW_MS + 60_000).toISOString();
      yield Buffer.from(`${JSON.stringify({ type: 'wifi', mac: formatMac(mac), lat: 52, lon: 5, modifiedAt })}\n`);
    }
    await importStations(store, file(), {
      ...{ nowMs: NOW_MS + 120_000, macs: AT_REST.macs },
      async barredAmong(client, among) {
        const barred = await barredAmong(client, among, KEY);
        removal = confirmRemoval(pool, code, KEYS, NOW_MS);
        // On PostgreSQL it would be done by now if nothing held it up.
        await sleep(200);
        return barred;
      },
    });
    expect(await removal).toBe(true);
    expect((await rowOf(mac)).lat).toBeNull();
    expect(await barredAmong(pool, [mac], KEY)).toEqual(new Set([mac]));
  },
);

test('the operator sees what was removed, also by a forged proof, and can undo it', async () => {
  const mac = await knownAp();
  const code = await request(mac);
  await noteRefusals(pool, [mac], KEY, NOW_MS);
  await settleRemovals(pool, KEYS, NOW_MS);
  expect(await listBarred(pool)).toContainEqual({ code, barredAt: NOW_MS });
  expect(await undoRemoval(pool, 'nonsense')).toBe(false);
  expect(await undoRemoval(pool, code)).toBe(true);
  expect(await barredAmong(pool, [mac], KEY)).toEqual(new Set());
  expect(await undoRemoval(pool, code)).toBe(false);
});

test.each([
  ['as old as before the removal', { modifiedAt: new Date(NOW_MS - DAY_MS).toISOString() }],
  ['of no date', {}],
])('what a forged proof removed comes back by a file that is %s, once it was undone', async (_how, dated) => {
  const [mac, other] = [await knownAp(), await knownAp()];
  const [code] = [await request(mac), await request(other)];
  await noteRefusals(pool, [mac, other], KEY, NOW_MS);
  await settleRemovals(pool, KEYS, NOW_MS);
  const lines = [mac, other].map((one) => ({
    type: 'wifi',
    mac: formatMac(one),
    lat: 3,
    lon: 4,
    radiusM: 30,
    samples: 9,
  }));
  async function* file() {
    for (const line of lines) yield Buffer.from(`${JSON.stringify({ ...line, ...dated })}\n`);
  }
  const bringBack = () =>
    importStations(store, file(), {
      ...{ nowMs: NOW_MS + 120_000, macs: AT_REST.macs },
      barredAmong: (client, among) => barredAmong(client, among, KEY),
    });
  await bringBack();
  expect((await rowOf(mac)).lat).toBeNull();
  await undoRemoval(pool, code);
  await bringBack();
  expect(await rowOf(mac)).toMatchObject({ lat: 3, lon: 4 });
  // Barred in the same moment, and still.
  expect((await rowOf(other)).lat).toBeNull();
});

test('the barred list does not say whom it bars', async () => {
  const mac = await knownAp();
  await confirmRemoval(pool, await request(mac), KEYS, NOW_MS);
  const { rows } = await pool.query('select row_to_json(b)::text as row from barred_stations b');
  const hex = mac.toString(16).padStart(12, '0');
  expect(rows.map((one) => one.row).join()).not.toMatch(
    new RegExp(`${hex}|${mac}|${Buffer.from(hex, 'hex').reverse().toString('hex')}`),
  );
  expect(await barredAmong(pool, [mac], Buffer.alloc(32, 4))).toEqual(new Set());
});

test('the requests that wait do not say for whom', async () => {
  const mac = await knownAp();
  const code = await request(mac);
  const { rows } = await pool.query('select mac::float8 as mac from bssid_removals where code = $1', [code]);
  expect(rows[0].mac).not.toBe(mac);
  // Nor which row of the map they are about.
  expect(rows[0].mac).not.toBe(sealMac('wifi', mac));
});

test('requests and proofs that are too old are forgotten, not joined', async () => {
  const mac = await knownAp();
  await noteRefusals(pool, [mac], KEY, NOW_MS - PROOF_TTL_MS - 1);
  await request(mac);
  expect(await settleRemovals(pool, KEYS, NOW_MS)).toBe(0);
  await request(mac, NOW_MS - REQUEST_TTL_MS - 1);
  await noteRefusals(pool, [mac], KEY, NOW_MS);
  expect(await settleRemovals(pool, KEYS, NOW_MS)).toBe(0);
  expect((await rowOf(mac)).lat).toBe(1);
});

async function serve() {
  const app = Fastify({ logger: false });
  app.addSchema(ProblemSchema);
  app.setErrorHandler((error, _request, reply) => refuseProblem(reply, refusalOf(error)));
  await app.register(rateLimit, {
    global: true,
    max: 600,
    errorResponseBuilder: () => Object.assign(new Error('many'), { statusCode: 429 }),
  });
  const ports = {
    request: (mac: number, nowMs: number) =>
      requestRemoval(pool, AT_REST.macs, mac, randomBytes(6).toString('hex'), nowMs),
    ttlMs: REQUEST_TTL_MS,
  };
  await app.register(async (scope) => addRemovalRoutes(scope, ports, () => NOW_MS), { prefix: '/v1/privacy' });
  return (macAddress: unknown, remoteAddress = '203.0.113.1') =>
    app.inject({ method: 'POST', url: '/v1/privacy/bssid-removal', payload: { macAddress }, remoteAddress });
}

test('the answer is the same for known, unknown, requested and barred addresses', async () => {
  const post = await serve();
  const known = await knownAp();
  const barred = await knownAp();
  await confirmRemoval(pool, await request(barred), KEYS, NOW_MS);
  const shapes = [];
  for (const mac of [known, known, barred, 0x00ffeeddccbb, 0x02ffeeddccbb]) {
    const answer = await post(mac.toString(16).padStart(12, '0'));
    const body = answer.json();
    expect(body.code).toMatch(/^[0-9a-f]{12}$/);
    shapes.push(JSON.stringify([answer.statusCode, Object.keys(answer.headers).sort(), { ...body, code: '' }]));
  }
  expect(new Set(shapes).size).toBe(1);
});

test('what is no address is a problem, and one sender can ask for a few an hour only', async () => {
  const post = await serve();
  for (const bad of ['x', '', '00:11', 7, null]) expect((await post(bad)).statusCode).toBe(400);
  const statuses = [];
  for (let i = 0; i <= REMOVALS_PER_HOUR; i++)
    statuses.push((await post('00:ff:ee:00:00:01', '203.0.113.9')).statusCode);
  expect(statuses).toEqual([...Array(REMOVALS_PER_HOUR).fill(202), 429]);
});

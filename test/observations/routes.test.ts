import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport } from '../../src/observations/report.ts';
import { SUBMIT_LIMITS } from '../../src/observations/routes.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';
import { GEOCLUE, GEOSUBMIT_V1, KAIOS, NEOSTUMBLER } from './bodies.ts';
import { type ServeOptions, serveSubmission } from './serve.ts';

const store = await openTestStore();
const { payloads } = AT_REST;
const serve = (options?: ServeOptions) => serveSubmission(store, options);

type Stored = { contributor: string; trusted: boolean; received_at: string; report: AdmittedReport };

async function stored(): Promise<Stored[]> {
  const { rows } = await store.pool.query(
    'select uuid_send(digest) as digest, payload, contributor::text, trusted, received_at::text from inbox order by id',
  );
  await store.pool.query('truncate inbox');
  return rows.map(({ digest, payload, ...row }) => {
    const envelope = { ...row, contributor: Number(row.contributor), receivedAtMs: Number(row.received_at) };
    return { ...row, report: decodeReport(payloads.open(envelope, digest, payload)!) };
  });
}

test('the bodies of KaiOS, GeoClue, NeoStumbler and the first geosubmit are stored on every path', async () => {
  const { post } = await serve();
  for (const [url, status] of [
    ['/v2/geosubmit', 200],
    ['/v1/geosubmit', 200],
    ['/v1/submit', 204],
  ] as const) {
    for (const body of [KAIOS, GEOCLUE, NEOSTUMBLER, GEOSUBMIT_V1]) {
      const answer = await post(url, body);
      expect([answer.statusCode, answer.body]).toEqual([status, status === 204 ? '' : '{}']);
    }
    const reports = (await stored()).map((row) => row.report);
    expect(reports).toHaveLength(5);
    expect(reports.flatMap((report) => report.cells.map((cell) => cell.cellId)).sort()).toEqual([
      22136, 22136, 30_000_001, 68_719_476_000,
    ]);
    expect(reports.flatMap((report) => [...report.wifi, ...report.bluetooth].map(({ mac }) => mac)).sort()).toEqual(
      [0x001122334455, 0x0011223344aa, 0x001a2b3c4d5e, 0x001a2b000001, 0x001b2c000002].sort(),
    );
  }
});

test('gzip is read when it is announced, when it is the content type, and when nothing says so', async () => {
  const { post } = await serve();
  const zipped = gzipSync(JSON.stringify(KAIOS));
  const headers: Record<string, string>[] = [
    { 'content-encoding': 'gzip' },
    { 'content-type': 'application/gzip' },
    { 'content-type': 'gzip' },
    {},
    { 'content-type': '' },
  ];
  for (const header of headers) {
    expect((await post('/v2/geosubmit', zipped, header)).statusCode).toBe(200);
    expect(await stored()).toHaveLength(1);
  }
});

test('what is no batch is a parse error in the MLS envelope', async () => {
  const { app, post } = await serve();
  for (const body of [
    '',
    ' ',
    '{}',
    'no json',
    '[]',
    '7',
    '{"items":{}}',
    '{"items":"x"}',
    Buffer.from([0x1f, 0x8b, 1, 2, 3]),
  ]) {
    const answer = await post('/v2/geosubmit', body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ code: 400, errors: [{ domain: 'global', reason: 'parseError' }] });
  }
  expect((await app.inject('/v2/geosubmit')).statusCode).toBe(400);
  expect((await app.inject({ method: 'PUT', url: '/v1/submit' })).statusCode).toBe(405);
});

test('a batch of nothing, and one of nothing but junk, is fine and leaves nothing', async () => {
  const { post, counts } = await serve();
  for (const items of [
    [],
    [null, 7, 'x', [], {}],
    [{ position: null }],
    [{ position: { latitude: 1e9, longitude: {} }, wifiAccessPoints: 'x' }],
  ]) {
    expect((await post('/v2/geosubmit', { items })).statusCode).toBe(200);
  }
  expect(await stored()).toEqual([]);
  expect(counts().dropped).toMatchObject({ malformed: 4, noPosition: 2, impossiblePosition: 1 });
});

test('one bad station or report does not hurt its neighbours', async () => {
  const { post, counts } = await serve();
  const bad = { wifiAccessPoints: [{ macAddress: 7 }, null, 'x'], cellTowers: [{ cellId: {} }] };
  const mixed = {
    items: [
      'x',
      {
        ...KAIOS.items[0],
        wifiAccessPoints: [...bad.wifiAccessPoints, ...KAIOS.items[0].wifiAccessPoints],
        cellTowers: bad.cellTowers,
      },
    ],
  };
  expect((await post('/v2/geosubmit', mixed)).statusCode).toBe(200);
  expect((await stored()).map((row) => row.report.wifi.length)).toEqual([2]);
  expect(counts()).toMatchObject({
    kept: { reports: 1, wifi: 2, cells: 0 },
    dropped: { malformed: 1, unreadable: 3, badCell: 1 },
  });
});

test('bounds: a thousand items, 1 MiB as sent, 8 MiB inflated', async () => {
  const { post } = await serve();
  const items = (n: number) => ({
    items: Array.from({ length: n }, (_, i) => ({
      ...KAIOS.items[0],
      position: { ...KAIOS.items[0].position, latitude: 40 + i / 1e4 },
    })),
  });
  expect((await post('/v2/geosubmit', gzipSync(JSON.stringify(items(1000))))).statusCode).toBe(200);
  expect(await stored()).toHaveLength(1000);
  const padded = (bytes: number) => `{"items":[]${' '.repeat(bytes - 12)}}`;
  const sizes = await Promise.all([
    post('/v2/geosubmit', gzipSync(JSON.stringify(items(1001)))),
    post('/v2/geosubmit', padded(SUBMIT_LIMITS.sentBytes)),
    post('/v2/geosubmit', padded(SUBMIT_LIMITS.sentBytes + 1)),
    post('/v2/geosubmit', gzipSync(padded(SUBMIT_LIMITS.inflatedBytes))),
    post('/v2/geosubmit', gzipSync(padded(SUBMIT_LIMITS.inflatedBytes + 1))),
  ]);
  expect(sizes.map((answer) => answer.statusCode)).toEqual([413, 200, 413, 200, 413]);
  for (const answer of sizes) if (answer.statusCode === 413) expect(answer.json().error.code).toBe(413);
  expect(await stored()).toEqual([]);
});

test.each([
  ['', 4],
  ['?key=nonsense', 4],
  ['?key=small', 4],
  ['?key=fleet', 2],
  ['?key=phone', 1],
  ['?key=partner', 3],
])('a report says whose observation it is, by the class of its key and no finer: %s', async (query, expected) => {
  const { post } = await serve();
  expect((await post(`/v2/geosubmit${query}`, KAIOS)).statusCode).toBe(200);
  const { rows } = await store.pool.query('select provenance from inbox');
  expect(rows).toEqual([{ provenance: expected }]);
  await stored();
});

test('a partner that names the device it reports about is turned away and nothing is written, whoever the device is', async () => {
  const { post } = await serve();
  const token = `hgt_${'A'.repeat(43)}`;
  const naming = (query: string, headers = {}) => post(`/v2/geosubmit?key=partner${query}`, KAIOS, headers);
  const answers = [
    await naming(`&device=${token}`),
    await naming('&device=anything'),
    await naming('', { authorization: `Bearer ${token}` }),
    await naming('', { authorization: `Bearer hga_${'A'.repeat(43)}` }),
  ];
  for (const { statusCode, body } of answers) {
    expect([statusCode, body]).toEqual([422, answers[0].body]);
    expect(JSON.parse(body).error.errors[0].reason).toBe('authorisationNeeded');
  }
  expect(await stored()).toEqual([]);
  // Phones, and whoever reports without a key, name themselves or nobody; old clients send what they always send.
  for (const query of [`?key=phone&device=${token}`, `?device=${token}`, `?key=small&device=${token}`])
    expect((await post(`/v2/geosubmit${query}`, KAIOS)).statusCode).toBe(200);
  expect((await naming('', { authorization: 'Bearer something-else' })).statusCode).toBe(200);
  expect((await naming('&device=')).statusCode).toBe(200);
  // What a body says of whom it is about has no place to go: no column, no sealed byte.
  const told = { items: KAIOS.items.map((item) => ({ ...item, deviceId: 'it is Ada', imei: '490154203237518' })) };
  await stored();
  expect((await post('/v2/geosubmit?key=partner', told)).statusCode).toBe(200);
  const kept = await stored();
  expect(kept).toHaveLength(1);
  expect(JSON.stringify(kept)).not.toMatch(/Ada|490154203237518/);
});

test('a key is optional, a bad one is none, a known one has its quota and its trust', async () => {
  const { post } = await serve();
  const status = async (url: string) => (await post(url, KAIOS)).statusCode;
  expect([await status('/v2/geosubmit?key=nonsense'), await status('/v2/geosubmit?key=')]).toEqual([200, 200]);
  expect((await stored()).map((row) => row.trusted)).toEqual([false]);
  expect(await status('/v2/geosubmit?key=fleet')).toBe(200);
  expect((await stored()).map((row) => row.trusted)).toEqual([true]);
  expect([
    await status('/v2/geosubmit?key=small'),
    await status('/v2/geosubmit?key=small'),
    await status('/v2/geosubmit?key=small'),
  ]).toEqual([200, 200, 429]);
  const refused = await post('/v2/geosubmit?key=small', KAIOS);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.headers['ratelimit-policy']).toBe('"day";q=2;w=86400');
  expect(refused.headers.ratelimit).toMatch(/^"day";r=0;t=\d+$/);
  expect((await stored()).map((row) => row.trusted)).toEqual([false]);
  expect(await status('/v2/geosubmit?key=phone')).toBe(200);
  expect((await stored()).map((row) => row.trusted)).toEqual([false]);
});

test('reports are limited by address, but for those sent on this machine itself', async () => {
  const { app, post } = await serve({ addressPerMinute: 2 });
  const codesOf = async (headers: Record<string, string>) => {
    const codes: number[] = [];
    for (let i = 0; i < 3; i++) codes.push((await post('/v2/geosubmit', KAIOS, headers)).statusCode);
    return codes;
  };
  expect(await codesOf({})).toEqual([200, 200, 200]);
  // As a proxy on this machine passes on what a client says of itself.
  expect(await codesOf({ 'x-forwarded-for': '127.0.0.1' })).toEqual([200, 200, 429]);
  expect(await codesOf({ 'x-forwarded-for': '198.51.100.7' })).toEqual([200, 200, 429]);
  await stored();
  await app.close();
});

test('a row holds hours, a tag and encrypted observations: no address, key, name, header or minute', async () => {
  const { post } = await serve();
  const named = {
    items: GEOCLUE.items.map((item) => ({
      ...item,
      carrier: 'CANARY-CARRIER',
      wifi: [{ key: '00:1a:2b:3c:4d:5e', ssid: 'CANARY-SSID', signal: -50 }],
    })),
  };
  await post('/v2/geosubmit?key=fleet', named, {
    'x-forwarded-for': '198.51.100.77',
    'user-agent': 'CANARY-AGENT',
    'x-nickname': 'CANARY-NICK',
  });
  const { rows } = await store.pool.query('select *, payload::text as bytes from inbox');
  const text = JSON.stringify(rows) + rows.map((row) => row.payload.toString('latin1')).join();
  expect(text).not.toMatch(/CANARY|198\.51\.100|fleet/i);
  // The access point, in any order of its bytes.
  for (const row of rows) {
    const hex = row.payload.toString('hex');
    expect([hex.includes('001a2b3c4d5e'), hex.includes('5e4d3c2b1a00')]).toEqual([false, false]);
  }
  for (const row of rows) expect(Number(row.received_at) % 3_600_000).toBe(0);
  for (const row of await stored()) expect(row.report.timeMs % 3_600_000).toBe(0);
});

test('senders behind one network are one contributor of the day, others another', async () => {
  const { post } = await serve();
  for (const from of ['198.51.100.1', '198.51.100.2', '203.0.113.9']) {
    const body = { items: [{ ...KAIOS.items[0], position: { latitude: 40, longitude: from.length } }] };
    await post('/v2/geosubmit', body, { 'x-forwarded-for': from });
    await post(
      '/v2/geosubmit',
      { items: [{ ...KAIOS.items[0], position: { latitude: Number(from.at(-1)) + 30, longitude: 9 } }] },
      { 'x-forwarded-for': from },
    );
  }
  const tags = (await stored()).map((row) => row.contributor);
  expect(new Set(tags).size).toBe(2);
});

test('what is sent again, because its answer was lost, is stored once', async () => {
  const { post } = await serve();
  for (let i = 0; i < 3; i++) expect((await post('/v2/geosubmit', NEOSTUMBLER)).statusCode).toBe(200);
  expect(await stored()).toHaveLength(1);
});

test('networks and beacons that refuse in words are noted for removal, hidden ones and others are not', async () => {
  const { post, noted } = await serve();
  const wifi = [
    ['001a2b000001', 'x_nomap'],
    ['001a2b000002', ''],
    ['001a2b000003', 'x'],
    ['001a2b000004', 'a_OptOut_b'],
  ];
  const wifiAccessPoints = wifi.map(([macAddress, ssid]) => ({ macAddress, ssid }));
  expect(
    (await post('/v2/geosubmit', { items: [{ wifiAccessPoints }, { ...KAIOS.items[0], wifiAccessPoints }] }))
      .statusCode,
  ).toBe(200);
  const bluetoothBeacons = wifi.map(([macAddress, name]) => ({ macAddress: macAddress.replace('001a', '001c'), name }));
  await post('/v2/geosubmit', { items: [{ ...KAIOS.items[0], bluetoothBeacons }] });
  expect(new Set(noted)).toEqual(new Set([0x001a2b000001, 0x001a2b000004, 0x001c2b000001, 0x001c2b000004]));
  const [networks, beacons] = await stored();
  expect(networks.report.wifi.map(({ mac }) => mac)).toEqual([0x001a2b000003]);
  expect(beacons.report.bluetooth.map(({ mac }) => mac)).toEqual([0x001c2b000002, 0x001c2b000003]);
});

test('a refusal is heard behind as many access points as are read of an item, too', async () => {
  const { post, noted } = await serve();
  const many = Array.from({ length: 256 }, (_, i) => ({
    macAddress: (0x001a2b000000 + i).toString(16).padStart(12, '0'),
  }));
  const wifiAccessPoints = [...many, { ...many[0], ssid: 'late_nomap' }, { ...many[1], ssid: '' }];
  expect((await post('/v2/geosubmit', { items: [{ ...KAIOS.items[0], wifiAccessPoints }] })).statusCode).toBe(200);
  expect(noted).toEqual([0x001a2b000000]);
  const [{ report }] = await stored();
  // Its two cells are among the 256.
  expect(report.wifi).toHaveLength(252);
  expect(report.wifi.some(({ mac }) => mac <= 0x001a2b000001)).toBe(false);
});

test('a refusal holds for the whole call, however many items it has', async () => {
  const { post } = await serve();
  const item = (i: number, ssid?: string) => ({
    position: { latitude: 40 + i / 1e4, longitude: 9 },
    wifiAccessPoints: [{ macAddress: '001a2b000009', ssid }, { macAddress: '001a2b00000a' }],
  });
  const items = Array.from({ length: 100 }, (_, i) => item(i, i === 99 ? 'x_nomap' : undefined));
  expect((await post('/v2/geosubmit', { items })).statusCode).toBe(200);
  const macs = (await stored()).flatMap((row) => row.report.wifi.map(({ mac }) => mac));
  expect(new Set(macs)).toEqual(new Set([0x001a2b00000a]));
  expect(macs).toHaveLength(100);
});

test('without room a call is turned away before its body is read', async () => {
  const { app } = await serve({ hasRoom: () => false });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const answer = await new Promise<{ status?: number; retryAfter?: string }>((resolve, reject) => {
    const headers = { 'content-length': 500_000, 'content-type': 'application/json' };
    const sending = httpRequest(
      { port, host: '127.0.0.1', path: '/v2/geosubmit', method: 'POST', headers },
      (response) => {
        resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] });
        sending.destroy();
      },
    );
    sending.on('error', reject);
    // Only the beginning of the body: an answer to this can't have waited for the rest.
    sending.write('{"items":[');
  });
  expect(url).toContain(String(port));
  expect(answer).toEqual({ status: 503, retryAfter: '60' });
  await app.close();
});

test('an overloaded thread takes no reports, and says when to come back', async () => {
  const { post } = await serve({ overloaded: () => true });
  expect(await post('/v2/geosubmit', KAIOS)).toMatchObject({ statusCode: 503, headers: { 'retry-after': '60' } });
  expect(await stored()).toEqual([]);
});

test('a store that fails is 503 with a wait, and the log says what, not whose', async () => {
  const { post, logged, answers } = await serve({
    insert: () => Promise.reject(Object.assign(new Error('insert of 00:11:22 from 198.51.100.77'), { code: '53100' })),
  });
  const answer = await post('/v2/geosubmit', KAIOS, { 'x-forwarded-for': '198.51.100.77' });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '10']);
  expect(answer.json().error.errors[0].reason).toBe('serviceUnavailable');
  expect(logged.join()).toContain('53100');
  expect(logged.join()).not.toMatch(/00:11:22|198\.51/);
  // All phones send again while it fails: the log says it once, the counter how often.
  for (let again = 0; again < 20; again++) expect((await post('/v2/geosubmit', KAIOS)).statusCode).toBe(503);
  expect(logged).toHaveLength(1);
  expect(answers()).toEqual([{ route: 'submit', outcome: 'unavailable', source: 'none', count: 21 }]);
});

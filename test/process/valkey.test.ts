// The limits off the happy path, with a Valkey that is there, away, silent, killed and back. What it takes to wait for one that
// does not answer is bounded by its client (process/valkey.ts): a test that hung here would end by its own time limit.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Valkey } from 'iovalkey';
import { describe, expect, test } from 'vitest';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { afterFile } from '../support/store.ts';
import {
  createPrivateValkey,
  freePort,
  TEST_VALKEY_URL,
  testClient,
  untilAnswered,
  untilReady,
  VALKEY_BIN,
} from '../support/valkey.ts';

const GOOD = `/v1/geolocate?key=${DEVICE_KEY}`;
const BAD = '/v1/geolocate?key=bad';
/** Addresses of phones, a new one for each purpose: counts of earlier runs may still be in a shared Valkey. */
let hosts = Math.floor(Math.random() * 2 ** 24);
const newAddress = () => `100.${(hosts >> 16) & 255}.${(hosts >> 8) & 255}.${hosts++ & 255}`;

const statusOf = async (app: FastifyInstance, url: string, remoteAddress: string) =>
  (await app.inject({ method: url === '/healthz' ? 'GET' : 'POST', url, remoteAddress })).statusCode;

async function statuses(app: FastifyInstance, url: string, address: string, times: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push(await statusOf(app, url, address));
  return seen;
}

const gateway = async (valkey: Valkey) =>
  (await createTestApp({ valkey, failuresPerMinute: 3, othersPerMinute: 3 })).app;

/** A gateway that has only itself: its own limits hold, and nobody is kept from an answer. */
async function expectAlone(app: FastifyInstance): Promise<void> {
  const address = newAddress();
  expect(await statuses(app, BAD, address, 5)).toEqual([400, 400, 400, 429, 429]);
  expect(await statuses(app, GOOD, address, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(await statuses(app, '/healthz', newAddress(), 5)).toEqual([200, 200, 200, 429, 429]);
}

/** Gateways that share: what comes to one uses up the limit of the other. */
async function expectShared(a: FastifyInstance, b: FastifyInstance): Promise<void> {
  for (const [url, passes] of [
    [BAD, 400],
    ['/healthz', 200],
  ] as const) {
    const address = newAddress();
    expect(await statuses(a, url, address, 2)).toEqual([passes, passes]);
    expect(await statuses(b, url, address, 2)).toEqual([passes, 429]);
    expect(await statuses(a, url, address, 1)).toEqual([429]);
  }
}

test('a Valkey that is not there leaves a gateway its own limits', async () => {
  await expectAlone(await gateway(await testClient(`valkey://127.0.0.1:${await freePort()}`)));
});

test('a Valkey that takes connections and never answers does so too', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const app = await gateway(await testClient(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`));
  afterFile(() => void server.close());
  await expectAlone(app);
});

test('one that falls silent is let go, so that nobody waits for it any more and nothing piles up, and is asked again', async () => {
  let connections = 0;
  let isSilent = false;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.on('data', () => isSilent || socket.write('+OK\r\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterFile(() => void server.close());
  const valkey = await testClient(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await untilReady(valkey);
  isSilent = true;
  await expect(valkey.set('a', '')).rejects.toThrow('timed out');
  await new Promise((resolve) => valkey.once('close', resolve));
  await expect(valkey.set('b', '')).rejects.toThrow("isn't writeable");
  isSilent = false;
  await untilAnswered(valkey);
  expect(await valkey.set('c', '')).toBe('OK');
  expect(connections).toBeGreaterThan(1);
});

describe.skipIf(TEST_VALKEY_URL === undefined)('gateways that share a Valkey (needs TEST_VALKEY_URL)', () => {
  test('share their limits, and tell it pseudonyms and no addresses, for a minute', async () => {
    const clients = [await testClient(TEST_VALKEY_URL!), await testClient(TEST_VALKEY_URL!)];
    await Promise.all(clients.map(untilReady));
    const [a, b] = [await gateway(clients[0]), await gateway(clients[1])];
    await expectShared(a, b);
    const address = newAddress();
    for (let i = 0; i < 4; i++) await statusOf(a, BAD, address);
    const refused = await b.inject({ url: BAD, remoteAddress: address });
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    const names = await clients[0].keys('honeyguide:failing:*');
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(name).toMatch(/^honeyguide:failing:[\w-]{22}$/);
      expect(await clients[0].pttl(name)).toBeLessThanOrEqual(60_000);
    }
  });
});

describe.skipIf(VALKEY_BIN === undefined)(
  'gateways whose Valkey comes and goes (needs valkey-server or redis-server)',
  () => {
    test('start without it, share once it is there, have their own limits when it is killed, and share again', async () => {
      const server = await createPrivateValkey();
      const clients = [await testClient(server.url), await testClient(server.url)];
      const [a, b] = [await gateway(clients[0]), await gateway(clients[1])];
      await expectAlone(a);
      await server.start();
      await Promise.all(clients.map(untilReady));
      await expectShared(a, b);

      const address = newAddress();
      expect(await statuses(a, BAD, address, 2)).toEqual([400, 400]);
      await server.kill();
      // What it counted before is not forgotten with the Valkey; the other one never saw that address.
      expect(await statuses(a, BAD, address, 2)).toEqual([400, 429]);
      expect(await statuses(b, BAD, address, 4)).toEqual([400, 400, 400, 429]);
      await expectAlone(b);

      await server.start();
      await Promise.all(clients.map(untilReady));
      expect(await statuses(a, BAD, address, 1)).toEqual([429]);
      await expectShared(a, b);
    });

    test('have their own limits while it is silent, and share again when it speaks', async () => {
      const server = await createPrivateValkey();
      await server.start();
      const clients = [await testClient(server.url), await testClient(server.url)];
      await Promise.all(clients.map(untilReady));
      const [a, b] = [await gateway(clients[0]), await gateway(clients[1])];
      await expectShared(a, b);
      server.freeze();
      await expectAlone(a);
      server.wake();
      await Promise.all(clients.map(untilAnswered));
      await expectShared(a, b);
    });

    test('answer each of many that are under way when it is killed', async () => {
      const server = await createPrivateValkey();
      await server.start();
      const valkey = await testClient(server.url);
      await untilReady(valkey);
      const app = await gateway(valkey);
      const address = newAddress();
      const asked = Array.from({ length: 40 }, () => statusOf(app, BAD, address));
      await server.kill();
      const late = Array.from({ length: 40 }, () => statusOf(app, BAD, address));
      const seen = await Promise.all([...asked, ...late]);
      expect(seen.filter((status) => status === 400)).toHaveLength(3);
      expect(seen.filter((status) => status === 429)).toHaveLength(77);
    });
  },
);

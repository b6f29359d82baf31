// No Valkey is needed here: a dead one must change nothing, and a fake one that speaks just enough shows that the limits
// off the happy path are counted there under pseudonyms.
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { connectValkey } from '../../src/process/valkey.ts';
import { createTestApp, DEVICE_KEY } from '../support/app.ts';
import { afterFile } from '../support/store.ts';

test('a Valkey that is not there keeps nobody from an answer, nor makes one late', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const valkey = await connectValkey(`valkey://127.0.0.1:${port}`);
  afterFile(() => valkey.disconnect());
  const { app } = await createTestApp({ valkey, failuresPerMinute: 1, othersPerMinute: 1 });
  for (let i = 0; i < 3; i++) {
    expect((await app.inject({ method: 'POST', url: `/v1/geolocate?key=${DEVICE_KEY}` })).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/v1/geolocate?key=bad' })).statusCode).toBe(400);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    expect((await app.inject('/nowhere')).statusCode).toBe(404);
  }
});

test('a Valkey that hangs delays a refusal by its time limit at most', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const valkey = await connectValkey(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  afterFile(() => {
    valkey.disconnect();
    server.close();
  });
  const { app } = await createTestApp({ valkey });
  const answers = await Promise.all([1, 2, 3].map(() => app.inject('/v1/geolocate?key=bad')));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([400, 400, 400]);
});

test('a Valkey that answers is told pseudonyms and no addresses, and its count is believed', async () => {
  let told = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      told += chunk.toString('latin1');
      for (const command of chunk.toString('latin1').match(/\r\n(evalsha|eval|info|client|ping)\r\n/gi) ?? []) {
        socket.write(
          /eval/i.test(command) ? '*2\r\n:601\r\n:30000\r\n' : /info/i.test(command) ? '$0\r\n\r\n' : '+OK\r\n',
        );
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const valkey = await connectValkey(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  afterFile(() => {
    valkey.disconnect();
    server.close();
  });
  await new Promise((resolve) => valkey.once('ready', resolve));
  const { app } = await createTestApp({ valkey });
  const answer = await app.inject({ url: '/v1/geolocate?key=bad', remoteAddress: '198.51.100.77' });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '60']);
  expect(told).toMatch(/honeyguide:failing:[\w-]{22}\r\n/);
  expect(told).not.toContain('198.51.100');
});

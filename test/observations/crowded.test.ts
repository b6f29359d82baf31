// Reports that are only begun, over many connections: what they hold together is bounded, whoever sends them.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { SUBMIT_LIMITS } from '../../src/observations/routes.ts';
import { openTestStore } from '../support/store.ts';
import { serveSubmission } from './serve.ts';

const HELD_MIB = 128;

test('whoever began first is told to come back later when begun reports fill 128 MiB; the last one is still heard', async () => {
  const { app } = await serveSubmission(await openTestStore(), { addressPerMinute: 1_000_000 });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const bytes = SUBMIT_LIMITS.sentBytes;
  const head = `POST /v2/geosubmit HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;
  const most = Buffer.alloc(bytes - 1, ' ');
  const sockets: Socket[] = [];
  for (let i = 0; i <= HELD_MIB; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    socket.write(head);
    await new Promise((sent) => socket.write(most, sent));
  }
  const answerOf = async (socket: Socket) => String((await once(socket, 'data'))[0]);
  const first = await answerOf(sockets[0]);
  expect(first).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: \d+[\s\S]*"reason":"serviceUnavailable"/i);
  const last = sockets.at(-1)!;
  last.write('{');
  expect(await answerOf(last)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"reason":"parseError"/);
  for (const socket of sockets) socket.destroy();
  await app.close();
});

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectionsPerThread, limitConnections } from '../../src/process/open-files.ts';

test('clients get what the system’s limit of open files leaves, in equal parts, and never nothing', () => {
  const limits = (files: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax processes  9  9  processes\nMax open files            ${files}                65536                files\n`;
  expect(connectionsPerThread(1, limits('65536'))).toBe(65_240);
  expect(connectionsPerThread(4, limits('65536'))).toBe(16_280);
  expect(connectionsPerThread(8, limits('256'))).toBe(64);
  expect(connectionsPerThread(2, limits('unlimited'))).toBe(Number.POSITIVE_INFINITY);
  expect(connectionsPerThread(2, '')).toBe(Number.POSITIVE_INFINITY);
});

test('whoever connects beyond the limit is turned away, which is said once, and not after others have gone', async () => {
  const said: object[] = [];
  const server = createServer((socket) => socket.on('error', () => {}).write('hello'));
  limitConnections(server, 2, { error: (facts) => said.push(facts) });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const ends: Socket[] = [];
  const outcome = () =>
    new Promise<string>((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      ends.push(socket);
      socket.on('data', () => resolve('served')).on('error', () => resolve('away'));
      socket.on('close', () => resolve('away'));
    });
  const outcomes = [];
  for (let i = 0; i < 4; i++) outcomes.push(await outcome());
  expect(outcomes).toEqual(['served', 'served', 'away', 'away']);
  expect(said).toEqual([{ connections: 2 }]);
  for (const socket of ends.splice(0)) socket.destroy();
  await expect.poll(outcome).toBe('served');
  for (const socket of ends) socket.destroy();
  server.close();
});

import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { requireFreePort } from '../../src/process/port.ts';

test('a port that somebody listens on is refused, even if it would be shared; a free one is left free', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await expect(requireFreePort('127.0.0.1', port)).rejects.toThrow('HOST and PORT: something listens there already');
  await expect(requireFreePort('127.0.0.1', port, 'OPS_PORT')).rejects.toThrow('OPS_PORT: something');
  await new Promise((resolve) => server.close(resolve));
  await requireFreePort('127.0.0.1', port);
  await requireFreePort('127.0.0.1', port);
  await requireFreePort('127.0.0.1', 0);
});

test('an address that is not ours is a sentence, not a stack', async () => {
  await expect(requireFreePort('192.0.2.1', 1234)).rejects.toThrow(/^HOST and PORT: cannot listen there \(E/);
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atRate, saturate } from '../../bench/http/load.ts';

let server: Server;
let status = 200;
let delayMs = 0;
let asked = 0;
const target = () => ({
  port: (server.address() as AddressInfo).port,
  path: '/x',
  bodies: ['{"a":1}', '{"b":22}'],
  expectStatus: 200,
});

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    asked++;
    const say = () => {
      const body = Buffer.from(JSON.stringify({ method: request.method, url: request.url }));
      response.writeHead(status, { 'content-length': body.length });
      // In two pieces, so that an answer has to be put together.
      response.write(body.subarray(0, 5));
      response.end(body.subarray(5));
    };
    if (delayMs > 0) setTimeout(say, delayMs);
    else say();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

describe('the load generator', () => {
  it('counts every answer once, in a closed loop', async () => {
    asked = 0;
    const load = await saturate(target(), 4, 200);
    expect(load.requests).toBe(asked);
    expect(load.latenciesMs).toHaveLength(load.requests);
    expect(load.perSecond).toBeCloseTo(load.requests / load.seconds);
  });

  it('offers a rate whatever the server does, and counts the wait of requests that could not be sent', async () => {
    delayMs = 50;
    // One connection, 50 ms an answer, 100 due a second: the last of 50 waits about 2 s for its turn.
    const load = await atRate(target(), 1, 500, 100);
    delayMs = 0;
    expect(load.requests).toBeGreaterThan(20);
    expect(Math.max(...load.latenciesMs)).toBeGreaterThan(500);
  });

  it('ends when all that was due is answered, also if the last request was due early', async () => {
    // Some 15 are due in the part that counts.
    for (let i = 0; i < 5; i++) expect((await atRate(target(), 2, 60, 250)).requests).toBeGreaterThan(0);
  });

  it('fails a run on a status that was not expected', async () => {
    status = 404;
    await expect(saturate(target(), 2, 200)).rejects.toThrow('answered 404, not 200');
    status = 200;
  });

  it('fails a run on a lost connection', async () => {
    setTimeout(() => server.closeAllConnections(), 50);
    await expect(saturate(target(), 2, 400)).rejects.toThrow(/connection/);
  });
});

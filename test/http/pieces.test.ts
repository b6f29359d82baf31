import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createTurns, openPieces } from '../../src/http/pieces.ts';

const PATIENT = { stalledMs: 60_000, wholeMs: 60_000 };
const PIECE = 'x'.repeat(1_000_000);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that answers with these pieces; how many were asked for, and what it was told at the end. */
async function serve(pieces: AsyncGenerator<string>, limits = PATIENT) {
  const seen = { taken: 0, ended: [] as unknown[], text: '' };
  async function* counted() {
    for await (const piece of pieces) {
      seen.taken++;
      yield piece;
    }
  }
  const app = Fastify();
  app.get('/', async (_request, reply) => {
    const body = await openPieces(counted(), limits, () => (error) => void seen.ended.push(error));
    return reply.header('content-type', 'application/json; charset=utf-8').send(body);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  closers.push(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return { seen, url };
}
async function* some(n: number, piece = PIECE): AsyncGenerator<string> {
  for (let i = 0; i < n; i++) yield piece;
}
/** Asks, and reads nothing. */
function askAndSleep(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return socket;
}

describe('an answer in pieces', () => {
  test('arrives as what they are together', async () => {
    const { seen, url } = await serve(some(20, 'abc'.repeat(30_000)));
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.text()).toBe('abc'.repeat(600_000));
    await vi.waitFor(() => expect(seen.ended).toEqual([null]));
  });

  test('of a single piece has its length, as any other', async () => {
    const { seen, url } = await serve(some(1, '{}'));
    expect((await fetch(url)).headers.get('content-length')).toBe('2');
    // Nobody was asked whether there is room for it.
    expect(seen.ended).toEqual([]);
  });

  test('is not read ahead of a reader that takes nothing, whose connection ends', async () => {
    const { seen, url } = await serve(some(500), { stalledMs: 300, wholeMs: 60_000 });
    const socket = askAndSleep(url);
    await vi.waitFor(() => expect(seen.ended).toEqual([null]), { timeout: 10_000 });
    // What fits into the buffers of two sockets.
    expect(seen.taken).toBeLessThan(60);
    socket.destroy();
  });

  test('ends with the connection when a reader that takes a little now and then is not done in time', async () => {
    async function* slow(): AsyncGenerator<string> {
      for (let i = 0; ; i++) {
        await wait(20);
        yield `${i}\n`;
      }
    }
    const { seen, url } = await serve(slow(), { stalledMs: 60_000, wholeMs: 300 });
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
    await vi.waitFor(() => expect(seen.ended).toEqual([null]));
  });

  test('that fails half-way never looks like a whole one, and its error is told', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield* some(3);
      throw new Error('the store is away');
    }
    const { seen, url } = await serve(failing());
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    await vi.waitFor(() => expect(seen.ended).toEqual([expect.objectContaining({ message: 'the store is away' })]));
  });

  test('that fails at once is an error like any other', async () => {
    const { seen, url } = await serve(
      (async function* () {
        yield* some(1);
        throw new Error('the store is away');
      })(),
    );
    expect((await fetch(url)).status).toBe(500);
    expect(seen.ended).toEqual([]);
  });

  test('is read no more when its reader is gone', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield PIECE;
      } finally {
        closed = true;
      }
    }
    const { seen, url } = await serve(endless());
    const socket = askAndSleep(url);
    await vi.waitFor(() => expect(seen.taken).toBeGreaterThan(1));
    socket.destroy();
    await vi.waitFor(() => expect([closed, seen.ended]).toEqual([true, [null]]));
  });
});

test('a long answer that nobody has room for is read no further; a short one needs none', async () => {
  let closed = false;
  async function* long(): AsyncGenerator<string> {
    try {
      yield* some(3);
      throw new Error('read on');
    } finally {
      closed = true;
    }
  }
  expect([await openPieces(long(), PATIENT, () => null), closed]).toEqual([null, true]);
  expect(await openPieces(some(1, '{}'), PATIENT, () => null)).toBe('{}');
});

test('a turn is had by a few at a time, once by each, and again when it ended', () => {
  const take = createTurns(2);
  const ends = [take('one'), take('two')];
  expect([take('one'), take('three')]).toEqual([null, null]);
  ends[0]!();
  expect(take('two')).toBeNull();
  expect(take('three')).not.toBeNull();
});

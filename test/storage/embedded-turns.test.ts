import type { Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { afterEach, expect, test, vi } from 'vitest';
import { createTurns, type Guest } from '../../src/storage/embedded-turns.ts';
import { MESSAGE } from '../../src/storage/wire-frames.ts';

const IDLE_MS = 100;
afterEach(() => void vi.useRealTimers());

/** A PGlite that notes what it is told, a message at a time when it is let; `begin` and `commit` mean what they say. */
function setUp() {
  const did: string[] = [];
  let isInTransaction = false;
  let goOn: (() => void) | undefined;
  const db = {
    async execProtocolRawStream(message: Uint8Array) {
      const what = message[0] === MESSAGE.sync ? 'sync' : Buffer.from(message.subarray(1)).toString();
      did.push(what);
      if (what !== 'sync')
        await new Promise<void>((done) => {
          goOn = done;
        });
      if (what.endsWith('begin')) isInTransaction = true;
      if (what.endsWith('commit')) isInTransaction = false;
    },
    isInTransaction: () => isInTransaction,
    async exec(sql: string) {
      did.push(sql);
      isInTransaction = false;
    },
  } as unknown as PGlite;
  const broken: unknown[] = [];
  const turns = createTurns<Guest & { readonly name: string }>(db, (error) => broken.push(error), IDLE_MS);
  const guest = (name: string) => {
    const socket = { write: vi.fn(), destroy: vi.fn() };
    return { name, gone: false, socket: socket as unknown as Socket, destroy: socket.destroy };
  };
  type Client = ReturnType<typeof guest>;
  return {
    did,
    broken,
    turns,
    guest,
    send(client: Client, what: string, type: number = MESSAGE.query) {
      turns.push({ client, messages: [Buffer.concat([Buffer.of(type), Buffer.from(`${client.name} ${what}`)])] });
      void turns.pump();
    },
    /** Lets what is being done be done, and all that follows by itself. */
    async next() {
      goOn?.();
      for (let n = 0; n < 20; n++) await Promise.resolve();
    },
  };
}

test('a client that goes while its transaction begins takes it with it, before anybody else has a turn', async () => {
  const { did, broken, turns, guest, send, next } = setUp();
  const [ada, bo] = [guest('ada'), guest('bo')];
  send(ada, 'begin');
  send(bo, 'select');
  turns.leave(ada);
  await next();
  await next();
  expect([did, broken]).toEqual([['ada begin', 'sync', 'rollback', 'bo select'], []]);
});

test('what a client still had to say when it went is not done: outside its transaction it would be for good', async () => {
  const { did, turns, guest, send, next } = setUp();
  const [ada, bo] = [guest('ada'), guest('bo')];
  send(ada, 'begin');
  await next();
  send(ada, 'insert one');
  send(ada, 'insert two');
  send(bo, 'select');
  turns.leave(ada);
  await next();
  await next();
  expect(did).toEqual(['ada begin', 'ada insert one', 'sync', 'rollback', 'bo select']);
});

test('between a Flush and its Sync nobody else has a turn', async () => {
  const { did, guest, send, next } = setUp();
  const [ada, bo] = [guest('ada'), guest('bo')];
  send(ada, 'parse', MESSAGE.flush);
  send(bo, 'select');
  await next();
  expect(did).toEqual(['ada parse']);
  send(ada, 'bind');
  await next();
  await next();
  expect(did).toEqual(['ada parse', 'ada bind', 'bo select']);
});

test('who is silent inside a transaction is cut off, and not who is sending, however slowly', async () => {
  vi.useFakeTimers();
  const { turns, guest, send, next } = setUp();
  const ada = guest('ada');
  send(ada, 'begin');
  await next();
  vi.advanceTimersByTime(IDLE_MS - 1);
  turns.hear(ada);
  vi.advanceTimersByTime(2 * IDLE_MS);
  expect(ada.destroy).not.toHaveBeenCalled();
  send(ada, 'insert');
  await next();
  // Others that are heard, and wait, meanwhile don't set it back.
  vi.advanceTimersByTime(IDLE_MS - 1);
  const bo = guest('bo');
  turns.hear(bo);
  send(bo, 'select');
  await next();
  vi.advanceTimersByTime(1);
  expect(ada.destroy).toHaveBeenCalledOnce();
});

// Lets several clients share the one session of an embedded PGlite over a Unix socket, in PostgreSQL's own protocol: what a
// client sends up to its Sync is one turn (embedded-turns.ts).
// Not a second session: SET and temporary tables are seen by all, so nobody should use them here. So it lets in nobody but us: the
// first thing that pg_dump does is to set the search_path, after which nobody would find a table until the next start.
// Why not @electric-sql/pglite-socket: it queues message by message, so a big Bind that arrives in two pieces lets another
// client's Parse in between and is bound to that client's statement (seen in trials with 20,000-row batches).

import { createServer, type Server, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { createTurns, type Guest, type Turn, type Turns } from './embedded-turns.ts';
import { EMBEDDED_NAME } from './prepared.ts';
import { createFrames, FIRST, farewellOf, MAX_MESSAGE_BYTES, MESSAGE, parametersOf } from './wire-frames.ts';

type Client = Guest & { batch: Uint8Array[]; batchBytes: number; started: boolean };

/** Told as feature_not_supported. */
const NOT_YOURS =
  'the embedded store has one session, which is Honeyguide’s alone; for a copy of it, stop Honeyguide and copy DATA_DIR';

type EmbeddedGate = { close(): Promise<void> };

/**
 * Listens on `socketPath` (which must not exist) and serves `db` to whoever connects; resolves once listening.
 * `onBroken` is told if PGlite itself fails; the gate is of no use after that.
 */
export async function openGate(
  db: PGlite,
  socketPath: string,
  onBroken: (error: unknown) => void,
  idleInTransactionMs?: number,
): Promise<EmbeddedGate> {
  const turns = createTurns<Client>(db, onBroken, idleInTransactionMs);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    attach(socket, turns);
  });
  await listen(server, socketPath);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      turns.stop();
    },
  };
}

function attach(socket: Socket, turns: Turns<Client>): void {
  const client: Client = { socket, batch: [], batchBytes: 0, started: false, gone: false };
  const frames = createFrames();
  socket.on('data', (chunk: Buffer) => {
    turns.hear(client);
    try {
      frames.push(chunk);
      for (let message = frames.next(client.started); message; message = frames.next(client.started)) {
        const turn = client.started ? take(client, message) : greet(client, message);
        if (turn !== null) turns.push(turn);
      }
    } catch {
      return void socket.destroy();
    }
    void turns.pump();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => turns.leave(client));
}

/** A client's first message: its turn if it begins a session, null for what only asks how to, and for whoever is not one of us. */
function greet(client: Client, message: Uint8Array): Turn<Client> | null {
  const code = Buffer.from(message.buffer).readInt32BE(4);
  if (code === FIRST.sslRequest || code === FIRST.gssRequest) client.socket.write('N');
  else if (code === FIRST.cancelRequest) client.socket.destroy();
  else if (parametersOf(message).get('application_name') !== EMBEDDED_NAME)
    client.socket.end(farewellOf('0A000', NOT_YOURS));
  else {
    client.started = true;
    return { client, messages: [message] };
  }
  return null;
}

/** A later message: the turn that it completes, null if it waits for more. Throws when too much waits. */
function take(client: Client, message: Uint8Array): Turn<Client> | null {
  const type = message[0];
  if (type === MESSAGE.terminate) {
    client.socket.end();
    return null;
  }
  client.batch.push(message);
  client.batchBytes += message.length;
  if (client.batchBytes > MAX_MESSAGE_BYTES) throw new RangeError('too much before a Sync');
  const { sync, query, flush, functionCall } = MESSAGE;
  if (type !== sync && type !== query && type !== flush && type !== functionCall) return null;
  const turn = { client, messages: client.batch };
  client.batch = [];
  client.batchBytes = 0;
  return turn;
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
}

// Lets several clients share the one session of an embedded PGlite over a Unix socket, in PostgreSQL's own protocol.
// Promises: what a client sends up to its Sync runs undivided; while a client is in a transaction the others wait; a client
// that leaves takes its unfinished transaction with it, and one that stays silent inside a transaction is cut off.
// Not a second session: SET and temporary tables are seen by all, so nobody should use them here.
// Why not @electric-sql/pglite-socket: it queues message by message, so a big Bind that arrives in two pieces lets another
// client's Parse in between and is bound to that client's statement (seen in trials with 20,000-row batches).

import { createServer, type Server, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { createFrames, MAX_MESSAGE_BYTES } from './wire-frames.ts';

/** How long a client may be silent inside a transaction: others wait for it meanwhile. */
const IDLE_IN_TRANSACTION_MS = 30_000;

// Codes of a first message, and types of later ones (PostgreSQL manual, "Message Formats").
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const QUERY = 0x51;
const SYNC = 0x53;
const FLUSH = 0x48;
const FUNCTION_CALL = 0x46;
const TERMINATE = 0x58;

type Client = { socket: Socket; batch: Uint8Array[]; batchBytes: number; started: boolean; gone: boolean };
type Turn = { client: Client; messages: Uint8Array[] };

export type EmbeddedGate = { close(): Promise<void> };

/**
 * Listens on `socketPath` (which must not exist) and serves `db` to whoever connects; resolves once listening.
 * `onBroken` is told if PGlite itself fails; the gate is of no use after that.
 */
export async function openGate(
  db: PGlite,
  socketPath: string,
  onBroken: (error: unknown) => void,
  idleInTransactionMs: number = IDLE_IN_TRANSACTION_MS,
): Promise<EmbeddedGate> {
  const clients = new Set<Client>();
  const turns: Turn[] = [];
  let owner: Client | null = null;
  let pumping = false;
  let idle: NodeJS.Timeout | undefined;

  async function run(messages: Uint8Array[], onRawData: (data: Uint8Array) => void): Promise<void> {
    for (const message of messages) await db.execProtocolRawStream(message, { onRawData });
  }

  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    try {
      for (let turn = nextTurn(); turn; turn = nextTurn()) {
        stopWatching();
        const { client, messages } = turn;
        // PGlite reuses its output buffer, so what is written later has to be a copy.
        await run(messages, (data) => {
          if (!client.gone) client.socket.write(Buffer.from(data));
        });
        const flushed = messages.at(-1)?.[0] === FLUSH;
        owner = db.isInTransaction() || flushed ? client : null;
        if (owner?.gone) await abandon();
      }
      if (owner) watch(owner);
    } catch (error) {
      onBroken(error);
    }
    pumping = false;
  }

  function nextTurn(): Turn | undefined {
    const at = owner ? turns.findIndex((turn) => turn.client === owner) : 0;
    return at < 0 ? undefined : turns.splice(at, 1)[0];
  }

  /** Counts from the owner's last bytes or turn: others that come and wait meanwhile don't set it back. */
  function watch(silent: Client): void {
    idle ??= setTimeout(() => silent.socket.destroy(), idleInTransactionMs).unref();
  }

  function stopWatching(): void {
    clearTimeout(idle);
    idle = undefined;
  }

  /** Ends what the owner left open. */
  async function abandon(): Promise<void> {
    owner = null;
    stopWatching();
    await run([Uint8Array.of(SYNC, 0, 0, 0, 4)], () => {});
    if (db.isInTransaction()) await db.exec('rollback');
  }

  function leave(client: Client): void {
    if (client.gone) return;
    client.gone = true;
    clients.delete(client);
    for (let i = turns.length - 1; i >= 0; i--) if (turns[i].client === client) turns.splice(i, 1);
    if (owner !== client || pumping) return;
    pumping = true;
    abandon()
      .catch(onBroken)
      .finally(() => {
        pumping = false;
        void pump();
      });
  }

  function attach(socket: Socket): void {
    const client: Client = { socket, batch: [], batchBytes: 0, started: false, gone: false };
    const frames = createFrames();
    clients.add(client);
    socket.on('data', (chunk: Buffer) => {
      // Pieces of a large message are no silence.
      if (client === owner) stopWatching();
      try {
        frames.push(chunk);
        for (let message = frames.next(client.started); message; message = frames.next(client.started)) {
          const turn = client.started ? take(client, message) : greet(client, message);
          if (turn !== null) turns.push(turn);
        }
      } catch {
        return void socket.destroy();
      }
      void pump();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => leave(client));
  }

  const server = createServer(attach);
  await listen(server, socketPath);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients) client.socket.destroy();
      await closed;
      stopWatching();
    },
  };
}

/** A client's first message: its turn if it begins a session, null for what only asks how to. */
function greet(client: Client, message: Uint8Array): Turn | null {
  const code = Buffer.from(message.buffer).readInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) client.socket.write('N');
  else if (code === CANCEL_REQUEST) client.socket.destroy();
  else {
    client.started = true;
    return { client, messages: [message] };
  }
  return null;
}

/** A later message: the turn that it completes, null if it waits for more. Throws when too much waits. */
function take(client: Client, message: Uint8Array): Turn | null {
  const type = message[0];
  if (type === TERMINATE) {
    client.socket.end();
    return null;
  }
  client.batch.push(message);
  client.batchBytes += message.length;
  if (client.batchBytes > MAX_MESSAGE_BYTES) throw new RangeError('too much before a Sync');
  if (type !== SYNC && type !== QUERY && type !== FLUSH && type !== FUNCTION_CALL) return null;
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

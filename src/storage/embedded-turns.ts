// Whose turn it is in the one session of an embedded PGlite. Promises: a turn runs undivided; while a client is in a transaction
// the others wait; a client that leaves takes its unfinished transaction with it, and one that stays silent inside a transaction
// is cut off, as PostgreSQL would do it.
import type { Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { farewellOf, MESSAGE } from './wire-frames.ts';

/** Somebody with turns; `gone` is set by `leave`. */
export type Guest = { readonly socket: Socket; gone: boolean };
/** Messages up to a Sync, or what else PGlite answers. */
export type Turn<Client extends Guest> = { readonly client: Client; readonly messages: readonly Uint8Array[] };

export type Turns<Client extends Guest> = {
  push(turn: Turn<Client>): void;
  /** Runs what can run, until nothing can; failures go to `onBroken`. */
  pump(): Promise<void>;
  /** Bytes came: pieces of a large message are no silence. */
  hear(client: Client): void;
  leave(client: Client): void;
  stop(): void;
};

/** How long a client may be silent inside a transaction: others wait for it meanwhile. */
const IDLE_IN_TRANSACTION_MS = 30_000;

/** Says idle_in_transaction_session_timeout, and hangs up: who is not there any more never would. */
function cutOff({ socket }: Guest): void {
  socket.write(farewellOf('25P03', 'silent inside a transaction, for which all others wait'));
  socket.destroy();
}

/** `onBroken` is told if PGlite itself fails; the turns are of no use after that. */
export function createTurns<Client extends Guest>(
  db: PGlite,
  onBroken: (error: unknown) => void,
  idleInTransactionMs = IDLE_IN_TRANSACTION_MS,
): Turns<Client> {
  const turns: Turn<Client>[] = [];
  let owner: Client | null = null;
  let pumping = false;
  let idle: NodeJS.Timeout | undefined;

  async function run(messages: readonly Uint8Array[], onRawData: (data: Uint8Array) => void): Promise<void> {
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
        const flushed = messages.at(-1)?.[0] === MESSAGE.flush;
        owner = db.isInTransaction() || flushed ? client : null;
        if (owner?.gone) await abandon();
      }
      if (owner) watch(owner);
    } catch (error) {
      onBroken(error);
    }
    pumping = false;
  }

  function nextTurn(): Turn<Client> | undefined {
    const at = owner ? turns.findIndex((turn) => turn.client === owner) : 0;
    return at < 0 ? undefined : turns.splice(at, 1)[0];
  }

  /** Counts from the owner's last bytes or turn: others that come and wait meanwhile don't set it back. */
  function watch(silent: Client): void {
    idle ??= setTimeout(() => cutOff(silent), idleInTransactionMs).unref();
  }

  function stopWatching(): void {
    clearTimeout(idle);
    idle = undefined;
  }

  /** Ends what the owner left open. */
  async function abandon(): Promise<void> {
    owner = null;
    stopWatching();
    await run([Uint8Array.of(MESSAGE.sync, 0, 0, 0, 4)], () => {});
    if (db.isInTransaction()) await db.exec('rollback');
  }

  function leave(client: Client): void {
    if (client.gone) return;
    client.gone = true;
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

  return {
    push: (turn) => void turns.push(turn),
    pump,
    hear(client) {
      if (client === owner) stopWatching();
    },
    leave,
    stop: stopWatching,
  };
}

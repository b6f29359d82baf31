// Opens the store: a PostgreSQL server if a URL is given, else the embedded one of the data folder, both through pg.
// Promises: the tables are there when it resolves; a lost connection never ends the process, only the query that used it;
// what is sent to PostgreSQL as a parameter (MACs, keys) stays out of its log as far as our role may decide that (pool.ts).

import type pg from 'pg';
import { openEmbedded } from './embedded.ts';
import { migratePostgres, requireMigrated } from './migrate.ts';
import { openPool, SERVER_QUERY_MS, type StoreAddress } from './pool.ts';
import type { Holder } from './store-lock.ts';

export type StoreConfig = { databaseUrl?: string; dataDir: string };

export type Store = {
  kind: 'postgres' | 'embedded';
  pool: pg.Pool;
  address: StoreAddress;
  close(): Promise<void>;
};

type OpenOptions = {
  /** A command may use the store of a running server, a server needs it for itself. Default: command. */
  role?: Holder['role'];
  onWait?: (message: string) => void;
  /** Told of connections lost while idle or being made, and of a restarted embedded store. */
  onError?: (error: Error) => void;
  /** Gives up the opening of an embedded store that is not done; it then rejects with the signal's reason. */
  signal?: AbortSignal;
};

/** The oldest PostgreSQL with everything the tables and queries use. */
export const MIN_SERVER_VERSION = 140000;

/** Opens and migrates the store. Rejects with a sentence for people; never names the URL, which holds a password. */
export async function openStore(config: StoreConfig, options: OpenOptions = {}): Promise<Store> {
  if (config.databaseUrl) {
    const address = { kind: 'postgres', url: config.databaseUrl } as const;
    // A migration takes as long as it takes, so it has connections without a time limit.
    const { pool, close } = openPool(address, options.onError);
    try {
      await requireFit(pool);
      await migratePostgres(pool);
    } finally {
      await close();
    }
    return connectStore(address, options.onError, options.role === 'server' ? SERVER_QUERY_MS : 0);
  }
  const embedded = await openEmbedded(config.dataDir, {
    role: options.role ?? 'command',
    onWait: options.onWait,
    onLost: options.onError,
    signal: options.signal,
  });
  const store = connectStore({ kind: 'embedded', socketFolder: embedded.socketFolder }, options.onError);
  const close = async () => {
    await store.close();
    await embedded.close();
  };
  try {
    if (!embedded.isOurs) await requireMigrated((sql) => store.pool.query(sql));
  } catch (error) {
    await close();
    throw error;
  }
  return { ...store, close };
}

/** Connects to a store that is open already. Connects when first used. `queryMs` as openPool has it. */
export function connectStore(address: StoreAddress, onError?: (error: Error) => void, queryMs = 0): Store {
  const { pool, close } = openPool(address, onError, queryMs);
  return { kind: address.kind, pool, address, close };
}

const LOST = 'the store cannot be reached: the process that serves it is not there (any more), or does not answer';
const UNKNOWN_HOST = 'the store cannot be reached: nobody here knows the host that DATABASE_URL names';
const UNASKED = 'the store cannot be reached: the name server does not say where the host is that DATABASE_URL names';
/** What the pool says when all of its connections are in use for longer than anybody may wait. */
const BUSY = 'the store is too busy: no connection came free in time';
/** SQLSTATE of a server that is there and can't serve: classes 53 (no room, memory or connection left, or none allowed) and 58 (its system failed). */
const UNABLE: Readonly<Record<string, string>> = {
  '53100': 'the store has no room left on its disk',
  '53200': 'the store has no memory left',
  '53300': 'the store has no connection left for this user',
  '53400': 'the store may not write all that a query needs to temporary files: its temp_file_limit is too small',
  '25006': 'the store is read only: a standby, or set so',
};

/** What systems say of a connection that is not to be had, or is gone; keep-alive probes and routers end one by the later. */
const CUT_OFF = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
]);

/** A sentence for people if the error means that the store cannot be reached (at all, or any more), or cannot serve, else null. */
export function describeStoreLoss(error: unknown): string | null {
  const { code, syscall, message = '' } = (error ?? {}) as { code?: string; syscall?: string; message?: string };
  // ENOTFOUND is a name server's no; EAI_AGAIN that it is away.
  if (code === 'ENOTFOUND') return UNKNOWN_HOST;
  if (syscall === 'getaddrinfo') return UNASKED;
  if (syscall === 'connect' || CUT_OFF.has(code ?? '')) return LOST;
  // Class 57P is an operator's shutdown; 08 is the connection itself; pg's own words come without a code.
  if (code?.startsWith('57P') || code?.startsWith('08')) return LOST;
  if (code !== undefined && code in UNABLE) return UNABLE[code];
  if (code?.startsWith('53') || code?.startsWith('58')) return `the store cannot do its work (SQLSTATE ${code})`;
  if (/^timeout exceeded when trying to connect/.test(message)) return BUSY;
  return /^Connection terminated|connection timeout|^Query read timeout/i.test(message) ? LOST : null;
}

async function requireFit(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: number; words: string; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as words,
       current_setting('server_encoding') as encoding`,
  );
  if (rows[0].version < MIN_SERVER_VERSION) {
    throw new Error(`PostgreSQL ${rows[0].words} is too old: 14 or newer is needed`);
  }
  if (rows[0].encoding !== 'UTF8')
    throw new Error(
      `the database is encoded as ${rows[0].encoding}: create it with encoding UTF8, names are in any script`,
    );
}

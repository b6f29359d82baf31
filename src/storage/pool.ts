// Connections to a store that is open already: what server threads hold, and what openStore builds on. Promises: connects
// when first used; a lost connection never ends the process, only the query that used it; with a time limit, a PostgreSQL
// that falls silent without closing its connections fails queries, it does not hang them. Apart from open.ts, so that a
// server thread, whose store is open and migrated, need not load the reader of migrations.

import pg from 'pg';
import { Client, type TimedQuery } from './client.ts';
import { SOCKET_PORT } from './embedded.ts';
import { APPLICATION_NAME, EMBEDDED_NAME } from './prepared.ts';

/** How to reach an open store from another thread of this process; holds a password, so it never leaves it. */
export type StoreAddress = { kind: 'postgres'; url: string } | { kind: 'embedded'; socketFolder: string };

/**
 * On PostgreSQL: no parameters in its log, nor details of errors, which quote rows. A role may say so of errors' parameters; of the
 * rest if it is a superuser or was granted SET on them (PostgreSQL 15). What it may not say, the doctor does. And a statement ends
 * when its client is gone: given up here it would wait on for its lock, with a connection of PostgreSQL's, until none is left
 * for anybody. Some systems cannot tell (SQLSTATE 22023), nor can PostgreSQL 13 (42704).
 */
const SET_SESSION = `do $$
  declare setting text[];
  begin
    foreach setting slice 1 in array array[
      ['log_parameter_max_length_on_error', '0'], ['log_parameter_max_length', '0'], ['log_error_verbosity', 'terse'],
      ['client_connection_check_interval', '2s']
    ] loop
      begin
        perform set_config(setting[1], setting[2], false);
      exception when insufficient_privilege or invalid_parameter_value or undefined_object then null;
      end;
    end loop;
  end $$`;

/**
 * What transactions here are written for: each statement sees what was committed before it, so that who waited for a lock reads what
 * its holder wrote. A role or a database may have another default, under which such a one fails (SQLSTATE 40001) or reads what was.
 */
const READ_COMMITTED = `set default_transaction_isolation = 'read committed'`;

/** Longer than any query of a server takes: they are bounded in rows, and wait for locks that are held for a batch. */
export const SERVER_QUERY_MS = 30_000;
/**
 * How long the store may take for one query about a request: longer than the 10 s that one waits for the ledger's lock (disclosures/chain.ts), so
 * that who waited in vain had nothing done; no longer, because whoever asked has gone by then, and whoever comes behind waits for it as well.
 */
export const REQUEST_QUERY_MS = 12_000;
/** What a request waits for a connection, so that with its query it has an answer before clients give up, some 15 s after they asked. */
export const REQUEST_CONNECT_MS = 5_000;
const CONNECT_MS = 10_000;
/** Connections of one pool to PostgreSQL, at most. */
const MAX_CONNECTIONS = 10;
/** Connections that a gateway opens to PostgreSQL at most: its main thread and its fold have a pool each, a server thread three. */
export const connectionsOf = (threads: number): number => MAX_CONNECTIONS * (2 + 3 * threads);
/** A peer that vanished without a word is noticed by the system, before idle connections to it are used. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** A query that the store must answer within `timeoutMs`; else it fails, and its connection is given up. */
export function timedQuery(text: string, timeoutMs: number, values: unknown[] = []): TimedQuery {
  return { text, values, limitMs: timeoutMs };
}

/**
 * A pool of connections, and how to end it (any number of times). `queryMs` is how long PostgreSQL may take for an answer,
 * 0 = as long as it needs; the embedded store, whose connections end with its process, is never timed. `pipeline`: queries
 * of a connection are sent without waiting for the answers to those before. `connectMs` is how long one waits for a connection
 * to PostgreSQL.
 */
export function openPool(
  address: StoreAddress,
  onError: (error: Error) => void = () => {},
  queryMs = 0,
  pipeline = false,
  connectMs = CONNECT_MS,
): { pool: pg.Pool; close(): Promise<void> } {
  const pool = new pg.Pool(
    address.kind === 'postgres'
      ? {
          Client,
          connectionString: address.url,
          ...{ pipeline },
          application_name: APPLICATION_NAME,
          max: MAX_CONNECTIONS,
          keepAlive: true,
          keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
          query_timeout: queryMs,
          connectionTimeoutMillis: connectMs,
          idle_in_transaction_session_timeout: 60_000,
          onConnect: async (client) => void (await client.query(`${READ_COMMITTED}; ${SET_SESSION}`)),
        }
      : {
          Client,
          host: address.socketFolder,
          ...{ pipeline },
          port: SOCKET_PORT,
          user: 'postgres',
          database: 'postgres',
          application_name: EMBEDDED_NAME,
          // An empty one, or pg would look for a password file and ask for PGPASSWORD.
          password: '',
          ssl: false,
          max: 4,
          // A connection waits while another one is inside a transaction.
          connectionTimeoutMillis: 60_000,
        },
  );
  pool.on('error', onError);
  let ended: Promise<void> | undefined;
  return {
    pool,
    close() {
      ended ??= pool.end();
      return ended;
    },
  };
}

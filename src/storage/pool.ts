// Connections to a store that is open already: what server threads hold, and what openStore builds on. Promises: connects
// when first used; a lost connection never ends the process, only the query that used it; with a time limit, a PostgreSQL
// that falls silent without closing its connections fails queries, it does not hang them. Apart from open.ts, so that a
// thread that only writes rows need not load the query builder.

import pg from 'pg';
import { SOCKET_PORT } from './embedded.ts';

/** How to reach an open store from another thread of this process; holds a password, so it never leaves it. */
export type StoreAddress = { kind: 'postgres'; url: string } | { kind: 'embedded'; socketFolder: string };

/** On PostgreSQL: no parameters in its log, where the role may say so; the settings that only a superuser may change too, if it is one. */
const KEEP_VALUES_OUT_OF_LOGS = `
  select set_config(name, case name when 'log_error_verbosity' then 'terse' else '0' end, false) from pg_settings
  where name = 'log_parameter_max_length_on_error'
     or (name in ('log_parameter_max_length', 'log_error_verbosity')
         and (select rolsuper from pg_roles where rolname = current_user))`;

/** Longer than any query of a server takes: they are bounded in rows, and wait for locks that are held for a batch. */
export const SERVER_QUERY_MS = 30_000;
/** A peer that vanished without a word is noticed by the system, before idle connections to it are used. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** A query that the store must answer within `timeoutMs`; else it fails, and its connection is given up. */
export function timedQuery(text: string, timeoutMs: number, values: unknown[] = []): pg.QueryConfig {
  return { text, values, query_timeout: timeoutMs } as pg.QueryConfig;
}

/**
 * A pool of connections, and how to end it (any number of times). `queryMs` is how long PostgreSQL may take for an answer,
 * 0 = as long as it needs; the embedded store, whose connections end with its process, is never timed.
 */
export function openPool(
  address: StoreAddress,
  onError: (error: Error) => void = () => {},
  queryMs = 0,
): { pool: pg.Pool; close(): Promise<void> } {
  const pool = new pg.Pool(
    address.kind === 'postgres'
      ? {
          connectionString: address.url,
          application_name: 'honeyguide',
          max: 10,
          keepAlive: true,
          keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
          query_timeout: queryMs,
          connectionTimeoutMillis: 10_000,
          idle_in_transaction_session_timeout: 60_000,
          onConnect: async (client) => void (await client.query(KEEP_VALUES_OUT_OF_LOGS)),
        }
      : {
          host: address.socketFolder,
          port: SOCKET_PORT,
          user: 'postgres',
          database: 'postgres',
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

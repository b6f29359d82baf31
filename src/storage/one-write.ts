// Several queries of a connection that pipelines, handed to the system in one piece: each write wakes the store's process,
// which costs more than the query's own work here. Promises: the same queries in the same order; nothing is held back longer
// than `send` runs.
import type { ClientBase } from 'pg';

/** What pg's types don't say of a client: the stream that it writes to. */
type Streaming = ClientBase & { readonly connection?: { readonly stream?: { cork(): void; uncork(): void } } };

/** What `send`, which starts queries and does not wait for them, returns. */
export function inOneWrite<T>(client: ClientBase, send: () => T): T {
  const stream = (client as Streaming).connection?.stream;
  stream?.cork();
  try {
    return send();
  } finally {
    stream?.uncork();
  }
}

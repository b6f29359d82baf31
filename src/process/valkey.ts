// How Valkey is spoken to: never waited for. A command that cannot go out now fails now, and the caller goes on without.
import type { RedisOptions, Valkey } from 'iovalkey';

const OPTIONS: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 500,
  // One that took a command and sends nothing (frozen, cut off by a firewall) is let go, or all that it is told piles up until it
  // answers. Then a command fails at once.
  socketTimeout: 2_000,
  retryStrategy: (attempt) => Math.min(attempt * 500, 10_000),
};

/** Begins to connect and returns at once. The library is loaded only where there is a Valkey. */
export async function connectValkey(url: string): Promise<Valkey> {
  const { Valkey } = await import('iovalkey');
  const valkey = new Valkey(url, OPTIONS);
  // Without a listener an unreachable Valkey would be an uncaught error.
  valkey.on('error', () => {});
  return valkey;
}

// How Valkey is spoken to: never waited for. A command that cannot go out now fails now, and the caller goes on without.
import type { RedisOptions } from 'iovalkey';

export const VALKEY_OPTIONS: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 500,
  retryStrategy: (attempt) => Math.min(attempt * 500, 10_000),
};

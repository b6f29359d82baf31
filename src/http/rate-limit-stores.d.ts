// The two stores that @fastify/rate-limit brings along without types.
declare module '@fastify/rate-limit/store/LocalStore.js' {
  import type { FastifyRateLimitStore } from '@fastify/rate-limit';

  const LocalStore: new (
    continueExceeding: boolean,
    exponentialBackoff: boolean,
    tableSize: number,
  ) => FastifyRateLimitStore;
  export default LocalStore;
}
declare module '@fastify/rate-limit/store/RedisStore.js' {
  import type { FastifyRateLimitStore } from '@fastify/rate-limit';
  import type { Valkey } from 'iovalkey';

  const RedisStore: new (
    continueExceeding: boolean,
    exponentialBackoff: boolean,
    valkey: Valkey,
    nameSpace: string,
  ) => FastifyRateLimitStore;
  export default RedisStore;
}

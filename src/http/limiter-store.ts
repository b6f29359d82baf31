// Where @fastify/rate-limit counts when replicas share a Valkey: there and here, by the library's own two stores. Promises:
// what is tightest holds, so that a Valkey that is away, slow or has forgotten (it keeps nothing over a restart)
// leaves each replica with at least its own limits; an error of Valkey is never one of the request.
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import RedisStore from '@fastify/rate-limit/store/RedisStore.js';
import type { Valkey } from 'iovalkey';

/** Counts by both: the shared count is asked for after the own one, which is the answer if that fails. */
function countByBoth(own: FastifyRateLimitStore, shared: FastifyRateLimitStore): FastifyRateLimitStore {
  return {
    incr(key, done, windowMs, max) {
      own.incr(
        key,
        (_error, counted) => {
          // A copy: the local store goes on counting in the object that it hands out.
          const here = { current: counted!.current, ttl: counted!.ttl };
          shared.incr(
            key,
            (error, everywhere) =>
              done(null, error || !everywhere || everywhere.current < here.current ? here : everywhere),
            windowMs,
            max,
          );
        },
        windowMs,
        max,
      );
    },
    child: (route) => countByBoth(own.child(route), shared.child(route)),
  };
}

/** The constructor that the plugin asks for. `nameSpace` begins the names in Valkey; `tableSize` names are remembered here. */
export function sharedStore(valkey: Valkey, nameSpace: string, tableSize: number): FastifyRateLimitStoreCtor {
  // What a function returns is what `new` of it gives.
  function Store(): FastifyRateLimitStore {
    return countByBoth(new LocalStore(false, false, tableSize), new RedisStore(false, false, valkey, nameSpace));
  }
  return Store as unknown as FastifyRateLimitStoreCtor;
}

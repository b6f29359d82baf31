// Where @fastify/rate-limit counts: here, with all threads of this process, and when replicas share a Valkey there too. Promises:
// what is tightest holds, so that a Valkey that is away, slow or has forgotten (it keeps nothing over a restart)
// leaves each replica with at least its own limits; an error of Valkey is never one of the request; a clock that is set back
// makes nobody's minute longer.
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import RedisStore from '@fastify/rate-limit/store/RedisStore.js';
import type { Valkey } from 'iovalkey';
import type { LimitCounts } from './limit-counts.ts';

/** What a minute may seem too long by before the clock was set back, ms. */
const SLACK_MS = 1_000;

/**
 * Counts here. The library's windows end by the clock of the day: one that had run ahead by an hour would have everybody's minute of
 * then last for an hour when it is right again, and turn away whoever asks 600 times in it. So all are forgotten then.
 */
function countHere(tableSize: number): FastifyRateLimitStore {
  let store = new LocalStore(false, false, tableSize);
  return {
    incr(key, done, windowMs, max) {
      store.incr(
        key,
        (error, counted) => {
          if (error || !counted || counted.ttl <= windowMs + SLACK_MS) return done(error, counted);
          store = new LocalStore(false, false, tableSize);
          store.incr(key, done, windowMs, max);
        },
        windowMs,
        max,
      );
    },
    child: () => countHere(tableSize),
  };
}

/** Counts with all threads, under names that begin with `nameSpace`, as those in Valkey do. */
function countTogether(counts: LimitCounts, nameSpace: string): FastifyRateLimitStore {
  return {
    incr(key, done, windowMs) {
      done(null, counts(nameSpace + key, windowMs));
    },
    child(route) {
      // As RedisStore names it; the library's types leave it out.
      const { method, url } = (route as unknown as { routeInfo: { method?: string; url?: string } }).routeInfo;
      return countTogether(counts, `${nameSpace}${method}${url}-`);
    },
  };
}

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

/**
 * The constructor that the plugin asks for. `tableSize` names are remembered here; `nameSpace` begins the names where counts are
 * shared: by `together`, if this process has several threads, and in Valkey, if there is one.
 */
export function limiterStore(
  tableSize: number,
  nameSpace: string,
  { together, valkey }: { readonly together?: LimitCounts; readonly valkey?: Valkey },
): FastifyRateLimitStoreCtor {
  // What a function returns is what `new` of it gives.
  function Store(): FastifyRateLimitStore {
    const alone = countHere(tableSize);
    const here = together === undefined ? alone : countByBoth(alone, countTogether(together, nameSpace));
    return valkey === undefined ? here : countByBoth(here, new RedisStore(false, false, valkey, nameSpace));
  }
  return Store as unknown as FastifyRateLimitStoreCtor;
}

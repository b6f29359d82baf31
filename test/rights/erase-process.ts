// A process that erases devices, each up to one of its statements, says where it stands and waits to be killed:
// node erase-process.ts '{ config, keys, jobs }'. Where nobody else has the embedded store open, it is the one that has.
import { flushCompileCache } from 'node:module';
import { openStore, type StoreConfig } from '../../src/storage/open.ts';
import { eraseWatched, type Fate, type Keys } from './watched-erasure.ts';

/** Statement number `at` of the erasure, from 0, is the one that meets another fate. */
export type Job = { readonly device: string; readonly code: string; readonly at: number; readonly fate: Fate };
export type Work = { readonly config: StoreConfig; readonly keys: Keys; readonly jobs: readonly Job[] };

const { config, keys, jobs } = JSON.parse(process.argv[2]) as Work;
const store = await openStore(config);
/** Resolves with the statement at which an erasure stands. */
function bring(job: Job): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let sent = 0;
  const fateOf = (sql: string): Fate => {
    if (sent++ !== job.at) return 'sent';
    resolve(sql);
    return job.fate;
  };
  eraseWatched(store, keys, job, fateOf).catch(reject);
  return promise;
}

// One that is killed writes down nothing of what it compiled, and the next would compile it all again.
flushCompileCache();
console.log(JSON.stringify(await Promise.all(jobs.map(bring))));
setInterval(() => {}, 1_000);

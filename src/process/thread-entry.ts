// Where a server thread begins: turns on the cache of compiled code before anything else is loaded, then loads the thread.
import { workerData } from 'node:worker_threads';
import { useCodeCache } from './code-cache.ts';

const { codeCache } = (workerData ?? {}) as { codeCache?: string };
if (codeCache !== undefined) useCodeCache(codeCache);
await import('./server-thread.ts');

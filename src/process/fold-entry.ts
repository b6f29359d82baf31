// Where the fold's process begins: turns on the cache of compiled code before anything else is loaded.
import { useCodeCache } from './code-cache.ts';

useCodeCache(process.argv[2]);
await import('./fold-process.ts');

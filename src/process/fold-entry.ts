// Where the fold's process begins: gives way if told so and turns on the cache of compiled code before anything else is loaded.
import { useCodeCache } from './code-cache.ts';
import { giveWay } from './give-way.ts';

const [manners, codeCache] = process.argv.slice(2);
if (manners === 'give-way') giveWay();
useCodeCache(codeCache);
await import('./fold-process.ts');

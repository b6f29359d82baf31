// Where the fold's process begins: turns on the cache of compiled code before anything else is loaded.
import { useCodeCache } from './code-cache.ts';

// Signals are the gateway's business: terminals and supervisors send them to both. SIGUSR1 would open a debugger to everybody on the
// machine, who then reads the key of the map (attack: a log rotation's signal, sent to all of the service).
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
useCodeCache(process.argv[2]);
await import('./fold-process.ts');

// How many clients may be connected at once, so that the store's own connections and files find room among those that the system lets
// this process open. Without it whoever opens connections and says nothing takes the last one: reports and consents are then
// refused for want of a file, and nothing says why. Promises: who comes too late is turned away at once, and the log says so now
// and then; where the system doesn't tell its limit there is none here.
import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import type { BugLog } from '../http/bug-log.ts';

/** Files of the process itself: code, maps, the embedded store's tables. */
const FILES = 256;
/** Connections to the store and to Valkey, and what else a server thread opens. */
const FILES_A_THREAD = 40;
/** However low the limit. */
const LEAST = 64;

/** Clients' connections for each of that many server threads; `limits` is what Linux says in /proc/self/limits. Infinity = no limit. */
export function connectionsPerThread(threads: number, limits = readLimits()): number {
  const files = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(LEAST, Math.floor((files - FILES) / threads) - FILES_A_THREAD);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/** How often it is said that connections are turned away. */
const SAY_MS = 10_000;

/** Turns away connections beyond `most`. */
export function limitConnections(server: Server, most: number, log: BugLog): void {
  if (!Number.isFinite(most)) return;
  server.maxConnections = most;
  let saidMs = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    if (performance.now() - saidMs < SAY_MS) return;
    saidMs = performance.now();
    log.error({ connections: most }, 'connections are turned away: as many are open as files may be (LimitNOFILE)');
  });
}

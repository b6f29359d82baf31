// The soak: 10^5 odd requests through the production app. Fails on a status that no client may be told, and if the heap
// grows from the second half to the end. `node bench/fuzz.ts [COUNT] [SEED]`, prints one JSON line.
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { openIpReader } from '../src/positioning/ip.ts';
import { createLocator } from '../src/positioning/locate.ts';
import { createTestApp, DEVICE_KEY } from '../test/support/app.ts';
import { ALLOWED_STATUSES, knownStations, oddRequests } from '../test/support/odd-bodies.ts';

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
/** Requests generated at a time; one batch is all that is held of them. */
const BATCH = 1_000;
/** Heap that may come and go between two collections. */
const SLACK_BYTES = 8 * 1024 * 1024;

const gc = globalThis.gc ?? (await exposeGc());
const { app, clock, logged } = await createTestApp({
  locator: createLocator({ stations: knownStations(), ip: openIpReader({ files: [] }) }),
});
const statuses: Record<number, number> = {};
const heaps: number[] = [];
for (let done = 0; done < count; done += BATCH) {
  for (const { headers, body } of fc.sample(oddRequests, {
    numRuns: Math.min(BATCH, count - done),
    seed: seed + done,
  })) {
    const answer = await app.inject({ method: 'POST', url: `/v1/geolocate?key=${DEVICE_KEY}`, headers, payload: body });
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
  }
  logged.length = Math.min(logged.length, 10);
  // A minute passes for the limit of an address, and a turn of the event loop, in which Node lets go of bodies nobody read.
  clock.nowMs += 60_000;
  await nextTurn();
  gc();
  heaps.push(process.memoryUsage().heapUsed);
}
const half = heaps.slice(heaps.length >> 1);
const grownBytes = half[half.length - 1] - half[0];
const wrong = Object.keys(statuses).filter((status) => !ALLOWED_STATUSES.has(Number(status)));
console.log(
  JSON.stringify({ count, seed, statuses, heapMiB: Math.round(heaps.at(-1)! / 2 ** 20), grownBytes, logged }),
);
if (wrong.length > 0 || grownBytes > SLACK_BYTES || logged.length > 0) process.exitCode = 1;

/** The collector, without a flag on the command line. */
async function exposeGc(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

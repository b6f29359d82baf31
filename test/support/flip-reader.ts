// A thread that looks up stations which the test's main thread flips, adds and removes, and counts every answer that is not
// one whole state of that station. Tells its counts when the stop word is set.
import { parentPort, workerData } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { FLIPPED, flippedMac, flippedState, PASSING, passingMac, passingState } from './flip-states.ts';

const reader = openStationReader(workerData.handle, workerData.port);
const stop = new Int32Array(workerData.stop);
const counts = { lookups: 0, missing: 0, mixed: 0, states: [0, 0], passing: 0 };

const flipped = Float64Array.from({ length: FLIPPED }, (_, i) => flippedMac(i));
const out = createFoundStations(FLIPPED);
const found = new Uint8Array(FLIPPED);
const passing = new Float64Array(1);

function matches(i: number, state: ReturnType<typeof flippedState>): boolean {
  return (
    out.lat[i] === state.lat &&
    out.lon[i] === state.lon &&
    out.radiusM[i] === state.radiusM &&
    out.samples[i] === state.samples &&
    out.lastSeenDay[i] === state.lastSeenDay &&
    out.flags[i] === state.flags &&
    out.detail[i] === state.detail
  );
}

const states = [0, 1].map((side) => Array.from({ length: FLIPPED }, (_, i) => flippedState(i, side)));
parentPort?.postMessage('reading');
let n = 0;
while (Atomics.load(stop, 0) === 0) {
  reader.findMacs(MAC_KIND.wifi, flipped, FLIPPED, out, found);
  for (let i = 0; i < FLIPPED; i++) {
    counts.lookups++;
    if (found[i] === 0) counts.missing++;
    else if (matches(i, states[0][i])) counts.states[0]++;
    else if (matches(i, states[1][i])) counts.states[1]++;
    else counts.mixed++;
  }
  n = (n + 7919) % PASSING;
  passing[0] = passingMac(n);
  if (reader.findMacs(MAC_KIND.wifi, passing, 1, out, found) === 1) {
    counts.passing++;
    if (!matches(0, passingState(n))) counts.mixed++;
  }
}
parentPort?.postMessage(counts);
process.exitCode = 0;

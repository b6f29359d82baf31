// A thread that looks one station up and tells how many it found.
import { parentPort, workerData } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';

const reader = openStationReader(workerData.handle);
parentPort?.postMessage(
  reader.findMacs(MAC_KIND.wifi, Float64Array.of(1), 1, createFoundStations(1), new Uint8Array(1)),
);

// A thread that looks one station up until it is there, then tells its latitude.
import { parentPort, workerData } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';

const reader = openStationReader(workerData.handle, workerData.port);
const out = createFoundStations(1);
const timer = setInterval(() => {
  if (reader.findMacs(MAC_KIND.wifi, Float64Array.of(workerData.mac), 1, out, new Uint8Array(1)) === 0) return;
  clearInterval(timer);
  parentPort?.postMessage(out.lat[0]);
}, 2);

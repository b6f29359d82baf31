// A thread that reads the index, as a server thread does: looks up a few thousand stations, then stays.
import { parentPort, workerData } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../src/stations/index-contract.ts';
import { openStationReader } from '../src/stations/index-reader.ts';
import { nthMac } from './index-stations.ts';

const reader = openStationReader(workerData.handle, workerData.port);
const macs = new Float64Array(1000);
for (let i = 0; i < 1000; i++) macs[i] = nthMac(i);
const hits = reader.findMacs(MAC_KIND.wifi, macs, 1000, createFoundStations(1000), new Uint8Array(1000));
parentPort?.postMessage(hits);
setInterval(() => reader.size(), 60_000);

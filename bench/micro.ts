// What the parts of one look-up cost: time and bytes allocated a call, over thousands of distinct bodies in a world of a million
// stations, so that caches and branch predictors meet what production meets. The locate core is everything of ours between
// the parsed JSON and the answer: read, look up, cluster, solve, fuse. Runs isolated (see isolated.ts).

import { distanceM } from '../src/geo/distance.ts';
import { openIpReader } from '../src/positioning/ip.ts';
import { createLocator } from '../src/positioning/locate.ts';
import type { Locator } from '../src/positioning/locator.ts';
import { readGeolocate } from '../src/positioning/read-geolocate.ts';
import { createReadings, type Readings } from '../src/positioning/readings.ts';
import { createFoundStations, MAC_KIND, type StationReader } from '../src/stations/index-contract.ts';
import { openStationReader } from '../src/stations/index-reader.ts';
import { answerParent } from './isolated.ts';
import { BLOCK, bytesPerCall, costInUnits, heapGrowth, nsPerCall, type Work } from './measure.ts';
import { BENCH_NOW_MS, indexOfWorld } from './stations.ts';
import { type BenchRequest, benchRequests, createBenchWorld } from './world.ts';
import { yardstick } from './yardstick.ts';

export type MicroRow = { readonly part: string; readonly ns: number; readonly bytes: number };
export type MicroResult = {
  readonly rows: readonly MicroRow[];
  /** Locate core in us, in units of the yardstick, in bytes a call; growth of the heap over `growthCalls` calls. */
  readonly coreUs: number;
  readonly coreUnits: number;
  readonly coreBytes: number;
  readonly growthBytes: number;
  readonly growthCalls: number;
};

const BODIES = 4_096;
const FARTHEST_M = 250;

export function measureMicro(stations: number, growthCalls: number, slowdown = 0): MicroResult {
  const world = createBenchWorld(stations);
  const reader = openStationReader(indexOfWorld(world).handle());
  const locator = createLocator({ stations: reader, ip: openIpReader({ files: [] }) });
  const requests = benchRequests(world, BODIES);
  checkAnswers(locator, requests);

  // A parsed body is fresh in the cache in production, the stations are not: each block of calls gets its bodies parsed and read
  // just before, and meets stations it has not met for thousands of requests.
  const parsed: unknown[] = new Array(BLOCK).fill(null);
  const read = Array.from({ length: BLOCK }, createReadings);
  const scratch = createReadings();
  let next = 0;
  const prepare = (): void => {
    for (let k = 0; k < BLOCK; k++) {
      parsed[k] = JSON.parse(requests[next].body);
      readGeolocate(parsed[k], undefined, read[k]);
      next = (next + 1) & (BODIES - 1);
    }
  };
  const plainCore = (k: number): number => {
    readGeolocate(parsed[k], undefined, scratch);
    return locator.locate(scratch, BENCH_NOW_MS)?.accuracyM ?? 0;
  };
  // For the gate's own test: every n-th call is done twice, so that the core is slower by exactly that share.
  const slowCore = (k: number): number => plainCore(k) + (k % Math.round(1 / slowdown) === 0 ? plainCore(k) : 0);
  const core: Work = { prepare, call: slowdown > 0 ? slowCore : plainCore };
  const unit: Work = { call: yardstick };

  const rows: MicroRow[] = [];
  const row = (part: string, call: (k: number) => number, less?: MicroRow): MicroRow => {
    const work = { prepare, call };
    const measured = { part, ns: nsPerCall(work) - (less?.ns ?? 0), bytes: bytesPerCall(work) - (less?.bytes ?? 0) };
    rows.push(measured);
    return measured;
  };
  row('yardstick', yardstick);
  row('JSON.parse (not ours, for scale)', (k) => Number(JSON.parse(requests[(next + k) & (BODIES - 1)].body) !== null));
  row('read the body into readings', (k) => Number(readGeolocate(parsed[k], undefined, scratch)));
  const lookUp = row('look up its stations', createLookUp(reader, read));
  row('cluster, solve, fuse', (k) => locator.locate(read[k], BENCH_NOW_MS)?.lat ?? 0, lookUp);
  const whole = row('locate core: the last three', core.call);
  const growthBytes = heapGrowth(core, growthCalls);
  return {
    rows,
    coreUs: whole.ns / 1000,
    coreUnits: costInUnits(core, unit),
    coreBytes: whole.bytes,
    growthBytes,
    growthCalls,
  };
}

/** Throws unless every request of the bench world is located near where the phone is: wrong answers are not timed. */
function checkAnswers(locator: Locator, requests: readonly BenchRequest[]): void {
  const readings = createReadings();
  for (const { body, lat, lon } of requests) {
    readGeolocate(JSON.parse(body), undefined, readings);
    const at = locator.locate(readings, BENCH_NOW_MS);
    if (at === null || !(at.accuracyM > 0) || !(distanceM(at.lat, at.lon, lat, lon) < FARTHEST_M))
      throw new Error('before timing: a request of the bench world was located wrongly');
  }
}

function createLookUp(reader: StationReader, read: readonly Readings[]): (k: number) => number {
  const out = createFoundStations(128);
  const found = new Uint8Array(128);
  return (k) => {
    const { wifi, cells } = read[k];
    let hits = reader.findMacs(MAC_KIND.wifi, wifi.mac, wifi.count, out, found);
    for (let c = 0; c < cells.count; c++)
      hits += Number(reader.findCell(cells.radio[c], cells.mcc[c], cells.mnc[c], cells.area[c], cells.id[c], out, c));
    return hits;
  };
}

if (import.meta.main) {
  const [stations = '1000000', growthCalls = '1000000', slowdown = '0'] = process.argv.slice(2);
  answerParent(measureMicro(Number(stations), Number(growthCalls), Number(slowdown)));
}

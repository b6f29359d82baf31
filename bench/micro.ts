// What the parts of one look-up cost: time and bytes allocated a call, over thousands of distinct bodies in a world of a million
// stations, so that caches and branch predictors meet what production meets; and of all between the bytes of a body and the estimate:
// read (JSON included), look up, cluster, solve, fuse. Runs isolated (see isolated.ts).

import { distanceM } from '../src/geo/distance.ts';
import { findCluster } from '../src/positioning/cluster.ts';
import { openIpReader } from '../src/positioning/ip.ts';
import { createKnown } from '../src/positioning/known.ts';
import { createLocator } from '../src/positioning/locate.ts';
import type { Locator } from '../src/positioning/locator.ts';
import { createPathLoss } from '../src/positioning/path-loss.ts';
import { createPoints, type Points } from '../src/positioning/points.ts';
import { reachPull, WIFI_REACH } from '../src/positioning/reach.ts';
import { readGeolocate } from '../src/positioning/read-geolocate.ts';
import { createReadings, type Readings } from '../src/positioning/readings.ts';
import { scanGeolocate } from '../src/positioning/scan-geolocate.ts';
import { createSolution, type Solution, solve } from '../src/positioning/solve.ts';
import { MAC_KIND, type StationReader } from '../src/stations/index-contract.ts';
import { openStationReader } from '../src/stations/index-reader.ts';
import { addCellKey, addMacKeys } from '../src/stations/look-up-contract.ts';
import { answerParent } from './isolated.ts';
import { BLOCK, bytesPerCall, costInUnits, heapGrowth, nsPerCall, type Work } from './measure.ts';
import { BENCH_NOW_MS, indexOfWorld } from './stations.ts';
import { type BenchRequest, benchRequests, createBenchWorld } from './world.ts';
import { yardstick } from './yardstick.ts';

/** What DESIGN 7 budgets with 5 us: positioning/locate.ts, from readings to the estimate. */
export const LOCATE_CORE = 'locate core: look up, cluster, solve, fuse';

type MicroRow = { readonly part: string; readonly ns: number; readonly bytes: number };
/** The locate core: us a call, the same in units of the yardstick, bytes a call, growth of the heap over so many calls. */
type CoreResult = { us: number; units: number; bytes: number; growthBytes: number; growthCalls: number };
/** What the bench's bodies are too short for: 20 known devices, whose strengths are followed. */
type StrengthsResult = { units: number; bytes: number };
export type MicroResult = {
  readonly rows: readonly MicroRow[];
  readonly core: CoreResult;
  readonly strengths: StrengthsResult;
};

const BODIES = 4_096;
const FARTHEST_M = 250;

/** What the parts need: a locator over a world, its requests, and a `prepare` that parses and reads the next block of them. */
type Stage = {
  readonly locator: Locator;
  readonly reader: StationReader;
  /** The block's bodies, fresh as from a socket, and parsed. */
  readonly bytes: readonly Buffer[];
  readonly parsed: readonly unknown[];
  readonly read: readonly Readings[];
  prepare(): void;
};

/**
 * A body is fresh in the cache in production, its stations are not: so each block of calls gets its bodies copied, parsed and
 * read just before, and meets stations that it has not met for thousands of requests.
 */
function createStage(stations: number): Stage {
  const world = createBenchWorld(stations);
  const reader = openStationReader(indexOfWorld(world).handle());
  const locator = createLocator({ stations: reader, ip: openIpReader({ files: [] }) });
  const requests = benchRequests(world, BODIES);
  checkAnswers(locator, requests);
  const bytes: Buffer[] = new Array(BLOCK).fill(Buffer.alloc(0));
  const parsed: unknown[] = new Array(BLOCK).fill(null);
  const read = Array.from({ length: BLOCK }, createReadings);
  let next = 0;
  const prepare = (): void => {
    for (let k = 0; k < BLOCK; k++) {
      bytes[k] = Buffer.from(requests[next].body);
      parsed[k] = JSON.parse(requests[next].body);
      readGeolocate(parsed[k], undefined, read[k]);
      next = (next + 1) & (BODIES - 1);
    }
  };
  return { locator, reader, bytes, parsed, read, prepare };
}

function measureParts({ locator, reader, bytes, parsed, read, prepare }: Stage): MicroRow[] {
  const scratch = createReadings();
  const points = createBlockOfPoints();
  const solution = createSolution();
  const parts: [string, (k: number) => number][] = [
    ['yardstick', yardstick],
    ['JSON.parse (not ours, for scale)', (k) => Number(JSON.parse(bytes[k].toString()) !== null)],
    ['read, the long way: parsed body to readings', (k) => Number(readGeolocate(parsed[k], undefined, scratch))],
    ['read, the short way: bytes to readings', (k) => Number(scanGeolocate(bytes[k], undefined, scratch))],
    ['look up 9 access points and 2 cells', createLookUp(reader, read)],
    ['cluster 8 access points', () => findCluster(points, 500, 30, false)],
    ['solve 8 access points', () => solveToX(points, solution)],
    ['solve 12 access points and follow their strengths', createFollowing(12)],
    ['solve 20 access points and follow their strengths', createFollowing(20)],
    [LOCATE_CORE, (k) => locator.locate(read[k], BENCH_NOW_MS)?.lat ?? 0],
  ];
  return parts.map(([part, call]) => ({
    part,
    ns: nsPerCall({ prepare, call }),
    bytes: bytesPerCall({ prepare, call }),
  }));
}

/** With a slowdown of 1/n every n-th call is done twice: for the gate's own test. */
function measureCore({ locator, bytes, prepare }: Stage, growthCalls: number, slowdown: number): CoreResult {
  const scratch = createReadings();
  const once = (k: number): number => {
    scanGeolocate(bytes[k], undefined, scratch);
    return locator.locate(scratch, BENCH_NOW_MS)?.accuracyM ?? 0;
  };
  const slower = (k: number): number => once(k) + (k % Math.round(1 / slowdown) === 0 ? once(k) : 0);
  const core: Work = { prepare, call: slowdown > 0 ? slower : once };
  return {
    us: nsPerCall(core) / 1000,
    units: costInUnits(core, { call: yardstick }),
    bytes: bytesPerCall(core),
    growthBytes: heapGrowth(core, growthCalls),
    growthCalls,
  };
}

function createBlockOfPoints(): Points {
  const points = createPoints(128);
  points.count = 8;
  for (let i = 0; i < 8; i++) {
    points.x[i] = 15 * Math.sin(i * 2.4);
    points.y[i] = 15 * Math.cos(i * 3.7);
    points.sigmaM[i] = 20 + i;
    points.trust[i] = 1 + (i % 3);
    points.pull[i] = 1 + (i % 4) / 4;
    points.device[i] = i;
  }
  return points;
}

/** Access points all over a mall of 160 m, and a phone in a corner of it. */
function createFollowing(count: number): () => number {
  const points = createPoints(128);
  points.count = count;
  for (let i = 0; i < count; i++) {
    points.x[i] = 160 * ((i * 0.618) % 1);
    points.y[i] = 160 * ((i * 0.414) % 1);
    points.sigmaM[i] = 40 + i;
    points.trust[i] = 0.9;
    points.dbm[i] = Math.round(-33 - 30 * Math.log10(Math.hypot(points.x[i] - 10, points.y[i] - 10, 3)));
    points.pull[i] = reachPull(WIFI_REACH, points.dbm[i], points.sigmaM[i]);
    points.device[i] = i;
    points.member[i] = 1;
  }
  const solution = createSolution();
  const follow = createPathLoss(128);
  const call = () => {
    solve(points, 0, true, solution);
    if (!follow(points, solution)) throw new Error('the strengths of the bench were not followed');
    return solution.x;
  };
  call();
  return call;
}

function measureStrengths(): StrengthsResult {
  const work: Work = { call: createFollowing(20) };
  return { units: costInUnits(work, { call: yardstick }), bytes: bytesPerCall(work) };
}

function solveToX(points: Points, solution: Solution): number {
  solve(points, 0, true, solution);
  return solution.x;
}

/** Throws unless every request of the bench world is located near where the phone is: wrong answers are not timed. */
function checkAnswers(locator: Locator, requests: readonly BenchRequest[]): void {
  const readings = createReadings();
  for (const { body, lat, lon } of requests) {
    readGeolocate(JSON.parse(body), undefined, readings);
    const at = locator.locate(readings, BENCH_NOW_MS);
    if (!scanGeolocate(Buffer.from(body), undefined, readings))
      throw new Error('before timing: a body took the long way');
    if (at === null || !(at.accuracyM > 0) || !(distanceM(at.lat, at.lon, lat, lon) < FARTHEST_M))
      throw new Error('before timing: a request of the bench world was located wrongly');
  }
}

function createLookUp(reader: StationReader, read: readonly Readings[]): (k: number) => number {
  const { keys, stations, found } = createKnown();
  return (k) => {
    const { wifi, cells } = read[k];
    keys.count = 0;
    addMacKeys(keys, MAC_KIND.wifi, wifi.mac, wifi.count);
    for (let c = 0; c < cells.count; c++)
      addCellKey(keys, cells.radio[c], cells.mcc[c], cells.mnc[c], cells.area[c], cells.id[c]);
    reader.findAll(keys, stations, found);
    return found[0];
  };
}

if (import.meta.main) {
  const [what = 'all', stations = '1000000', growthCalls = '1000000', slowdown = '0'] = process.argv.slice(2);
  const stage = createStage(Number(stations));
  const core = measureCore(stage, Number(growthCalls), Number(slowdown));
  const strengths = measureStrengths();
  answerParent({ rows: what === 'core' ? [] : measureParts(stage), core, strengths } satisfies MicroResult);
}

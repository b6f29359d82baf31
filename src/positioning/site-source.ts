// Where a phone is by a cell the map does not know, from other cells of the same mast: between a cell and an area.
// Promises: bounded probing (PROBES look-ups a request), the identities that operators really number a site's cells with,
// and a circle as wide as such guesses were wrong in the 2 million cells of the public export. Finds no neighbour sites,
// and believes a lone sibling only if it is not far from where their area is.
import { createPlane, planeLat, planeLon } from '../geo/plane.ts';
import { RADIO } from '../radio/cell.ts';
import { createFoundStations, type StationReader } from '../stations/index-contract.ts';
import { ANY_AGE_MS, ageSource, CELLS_MOMENT_MS, momentUntilMs, sinceHeardMs } from './age.ts';
import type { IsElsewhere } from './area-source.ts';
import { accuracyOfSite } from './calibration.ts';
import { cellSigmaM } from './cell-reach.ts';
import { findCluster } from './cluster.ts';
import { createPoints, flatten, putPoint } from './points.ts';
import type { CellReadings } from './readings.ts';
import { createSolution, solve } from './solve.ts';
import type { Source } from './source.ts';
import { stationTrust } from './trust.ts';

/** Look-ups for one request, whatever it holds. */
const PROBES = 64;
/** Siblings that say all there is to say. */
const MAX_SIBLINGS = 12;
const CLUSTER_M = 10_000;
const BLUR_M = 1000;
/** LTE: the low byte of the E-UTRAN cell identity numbers the cells of an eNodeB; these hold 90 % of the public export's. */
// biome-ignore format: a table
const LTE_SECTORS = [
  1, 2, 3, 0, 11, 12, 21, 22, 4, 5, 6, 13, 23, 10, 20, 31, 32, 33, 7, 8, 9, 41, 42, 43, 51, 52, 53, 61, 62, 63, 14, 15, 16, 17, 18,
  19, 24, 25, 26, 27, 30, 34, 35, 37, 38, 39, 50, 71, 72, 73, 81, 82, 83, 110, 112, 120,
];
/** UMTS and GSM: the last decimal digit numbers them. NR: the low bits, a dozen around are tried. */
const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
const NR_OFFSETS = [-1, 1, -2, 2, -3, 3, -4, 4, -16, 16, -32, 32, -256, 256, -512, 512];

/** A solver by siblings with its own scratch space; `into` is filled anew by each call. */
export function createSiteSource(stations: StationReader, isElsewhere: IsElsewhere) {
  const known = createFoundStations(1);
  const points = createPoints(MAX_SIBLINGS);
  const plane = createPlane();
  const solution = createSolution();
  let probes = 0;

  return function locateBySites(heard: CellReadings, today: number, into: Source): void {
    points.count = 0;
    probes = 0;
    const until = momentUntilMs(heard.ageMs, heard.count, CELLS_MOMENT_MS);
    let cell = probeAges(-1, until, heard, today);
    if (points.count === 0) cell = probeAges(until, ANY_AGE_MS, heard, today);
    into.found = points.count > 0;
    if (!into.found) return;
    const start = findCluster(points, CLUSTER_M, BLUR_M, true);
    flatten(points, start, plane);
    solve(points, start, false, solution);
    into.lat = planeLat(plane, solution.x, solution.y);
    into.lon = planeLon(plane, solution.x, solution.y);
    const members = countMembers();
    into.accuracyM = accuracyOfSite(points.count, members / points.count, solution);
    into.trust = solution.agreeing;
    ageSource(into, sinceHeardMs(heard.ageMs[cell]));
    if (members === 1 && isElsewhere(heard, cell, heard.area[cell], into)) into.found = false;
  };

  /** Probes the cells heard over `afterMs` to `untilMs` ago until one has siblings, and returns that. */
  function probeAges(afterMs: number, untilMs: number, heard: CellReadings, today: number): number {
    for (let i = 0; i < heard.count; i++) {
      if (heard.id[i] === 0 || heard.area[i] === 0 || heard.ageMs[i] <= afterMs || heard.ageMs[i] > untilMs) continue;
      probe(heard, i, today);
      if (points.count > 0) return i;
    }
    return -1;
  }

  function countMembers(): number {
    let members = 0;
    for (let k = 0; k < points.count; k++) members += points.member[k];
    return members;
  }

  /** Looks up what may stand on cell i's mast. */
  function probe(heard: CellReadings, i: number, today: number): void {
    const id = heard.id[i];
    const radio = heard.radio[i];
    const offsets = radio === RADIO.lte ? LTE_SECTORS : radio === RADIO.nr ? NR_OFFSETS : DIGITS;
    const site = radio === RADIO.lte ? id - (id % 256) : radio === RADIO.nr ? id : firstOfTen(id);
    for (let k = 0; k < offsets.length && probes < PROBES && points.count < MAX_SIBLINGS; k++) {
      const sibling = site + offsets[k];
      if (sibling === id || sibling < 1) continue;
      probes++;
      if (!stations.findCell(radio, heard.mcc[i], heard.mnc[i], heard.area[i], sibling, known, 0)) continue;
      const n = points.count++;
      putPoint(points, n, known.lat[0], known.lon[0]);
      points.device[n] = n;
      points.prior[n] = 0;
      points.pull[n] = 1;
      points.trust[n] = stationTrust(known.samples[0], known.lastSeenDay[0], known.flags[0], today);
      points.sigmaM[n] = cellSigmaM(radio, known.radiusM[0], known.samples[0], -1);
    }
  }
}

/** The first identity of the ten a site's cells share: in UMTS the low 16 bits count, the rest is the controller's. */
function firstOfTen(id: number): number {
  const low = id % 65_536;
  return id - (low % 10);
}

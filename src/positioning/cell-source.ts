// Where a phone is by the cells it hears that the map knows. Promises: every known cell counts, serving and neighbours, by
// its radius, freshness and strength; cells that contradict the rest lose their say; one known cell is enough. A learnt
// position is the centre of where a cell was heard (in Dortmund a median of 599 m from the mast), so timing advance sizes
// the circle and moves nothing.
import { centrePlane, createPlane, planeLat, planeLon, planeX, planeY } from '../geo/plane.ts';
import { createFoundStations, type StationReader } from '../stations/index-contract.ts';
import { accuracyOfCells, type Calibration } from './calibration.ts';
import { cellPull, cellSigmaM } from './cell-reach.ts';
import { findCluster } from './cluster.ts';
import { createPoints } from './points.ts';
import { type CellReadings, MAX_CELLS } from './readings.ts';
import { createSolution, solve } from './solve.ts';
import type { Source } from './source.ts';
import { stationTrust } from './trust.ts';

/** Cells heard at once stand within this distance: macro cells reach 35 km (GSM's timing advance ends there). */
const CLUSTER_M = 70_000;
const BLUR_M = 500;
/** A known cell is worth this much against other sources even if nothing tells how well it is known. */
const LEAST_TRUST = 0.5;
const MOST_TRUST = 1.5;

/** A solver for cells with its own scratch space; `into` is filled anew by each call. */
export function createCellSource(stations: StationReader, calibration: Calibration) {
  const known = createFoundStations(1);
  const points = createPoints(MAX_CELLS);
  const plane = createPlane();
  const solution = createSolution();

  return function locateByCells(heard: CellReadings, today: number, into: Source): void {
    points.count = 0;
    for (let i = 0; i < heard.count; i++) if (heard.id[i] > 0 && find(heard, i)) place(heard, i, today);
    into.found = points.count > 0;
    if (!into.found) return;
    const start = findCluster(points, CLUSTER_M, BLUR_M, true);
    solve(points, start, true, solution);
    into.lat = planeLat(plane, solution.x, solution.y);
    into.lon = planeLon(plane, solution.x, solution.y);
    into.accuracyM = accuracyOfCells(calibration, points.count, solution);
    into.trust = Math.min(LEAST_TRUST + solution.agreeing / 2, MOST_TRUST);
  };

  /** Looks one cell up; without an area, under the areas the other cells of its network have. */
  function find(heard: CellReadings, i: number): boolean {
    const { radio, mcc, mnc, area, id } = heard;
    if (area[i] > 0) return stations.findCell(radio[i], mcc[i], mnc[i], area[i], id[i], known, 0);
    for (let j = 0; j < heard.count; j++) {
      if (area[j] === 0 || radio[j] !== radio[i] || mcc[j] !== mcc[i] || mnc[j] !== mnc[i]) continue;
      if (stations.findCell(radio[i], mcc[i], mnc[i], area[j], id[i], known, 0)) return true;
    }
    return false;
  }

  function place(heard: CellReadings, i: number, today: number): void {
    const k = points.count++;
    if (k === 0) centrePlane(plane, known.lat[0], known.lon[0]);
    points.x[k] = planeX(plane, known.lat[0], known.lon[0]);
    points.y[k] = planeY(plane, known.lat[0], known.lon[0]);
    points.device[k] = k;
    points.trust[k] = stationTrust(known.samples[0], known.lastSeenDay[0], known.flags[0], today);
    points.sigmaM[k] = cellSigmaM(heard.radio[i], known.radiusM[0], known.samples[0], heard.ta[i]);
    points.pull[k] = cellPull(heard.radio[i], heard.dbm[i]);
    points.prior[k] = 0;
  }
}

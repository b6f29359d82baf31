// Where a phone is by the cells it hears that the map knows. Promises: every known cell counts, serving and neighbours, by
// its radius, freshness and strength; cells that contradict the rest lose their say, and those heard long before the rest are
// only asked if it is unknown; one known cell is enough, unless its area, asked by who wants to know, is elsewhere: then those
// answer that stand where the area is. A learnt position is the centre of where a cell was heard (in Dortmund a median of 599 m from the mast), so timing advance sizes
// the circle; but where the map knows the parts of the serving cell with this timing advance, neighbour and strength, those
// smaller places stand for the cell.
import { distanceM } from '../geo/distance.ts';
import { createPlane, planeLat, planeLon } from '../geo/plane.ts';
import { MAX_PARTS, PART_RADIO, partAreas, partCellId } from '../radio/cell-parts.ts';
import type { StationReader } from '../stations/index-contract.ts';
import { addCellKey } from '../stations/look-up-contract.ts';
import {
  ANY_AGE_MS,
  ageSource,
  CELLS_MOMENT_MS,
  fadeOf,
  momentUntilMs,
  oldestMs,
  SCAN_MS,
  sinceHeardMs,
} from './age.ts';
import type { IsElsewhere } from './area-source.ts';
import { type Corrections, createServingCell, fewLooks, rateCells } from './calibration.ts';
import { cellPull, cellSigmaM, farthestM, fromMastM, LOOK_WEIGHT, partSigmaM } from './cell-reach.ts';
import { findCluster } from './cluster.ts';
import { type Known, SPARE_ROW } from './known.ts';
import { createPoints, flatten, putPoint } from './points.ts';
import { type CellReadings, MAX_CELLS, strongestNeighbour } from './readings.ts';
import { AGREES_SIGMAS2, createSolution, solve } from './solve.ts';
import type { Source } from './source.ts';
import { stationTrust } from './trust.ts';

/** Cells heard at once stand within this distance: macro cells reach 35 km (GSM's timing advance ends there). */
const CLUSTER_M = 70_000;
const BLUR_M = 500;
/** A known cell is worth this much against other sources even if nothing tells how well it is known. */
const LEAST_TRUST = 0.5;
const MOST_TRUST = 1.5;

/** A solver for cells with its own scratch space: `seek` before `fetched` is fetched, then `locate`, which fills `into` anew. */
export function createCellSource(
  stations: StationReader,
  fetched: Known,
  corrections: Corrections,
  isElsewhere: IsElsewhere,
) {
  const { keys, stations: known, found } = fetched;
  /** Where the cells and the serving cell's parts were sought; -1 = nowhere. */
  const rows = new Int16Array(MAX_CELLS);
  const partRows = new Int16Array(MAX_PARTS);
  const parts = new Float64Array(MAX_PARTS);
  let partsSought = 0;
  const points = createPoints(MAX_CELLS + MAX_PARTS);
  /** 1 = not believed in this look-up, for its area is elsewhere. */
  const disowned = new Uint8Array(MAX_CELLS);
  /** How long ago each point was heard. */
  const ages = new Float64Array(MAX_CELLS + MAX_PARTS);
  const plane = createPlane();
  const solution = createSolution();
  const serving = createServingCell();
  /** False if all was heard now. */
  let isAged = false;
  /** Where it was heard, degrees. */
  let servingLat = 0;
  let servingLon = 0;
  /** The area under which the last cell was found that told none. */
  let borrowedArea = 0;

  function seek(heard: CellReadings): void {
    const { count, radio, mcc, mnc, area, id } = heard;
    for (let i = 0; i < count; i++)
      rows[i] = id[i] === 0 || area[i] === 0 ? -1 : addCellKey(keys, radio[i], mcc[i], mnc[i], area[i], id[i]);
    partsSought = 0;
    if (count > 0 && id[0] !== 0) seekParts(heard);
  }

  /** The parts of what may turn out to be the serving cell. */
  function seekParts(heard: CellReadings): void {
    const radio = heard.radio[0];
    const id = partCellId(radio, heard.area[0], heard.id[0]);
    partsSought = partAreas(radio, heard.ta[0], heard.dbm[0], strongestNeighbour(heard, 0), parts);
    for (let p = 0; p < partsSought; p++)
      partRows[p] = addCellKey(keys, PART_RADIO, heard.mcc[0], heard.mnc[0], parts[p], id);
  }

  function locate(heard: CellReadings, today: number, into: Source): void {
    disowned.fill(0);
    locateByBelieved(heard, today, into);
  }

  /** Locates anew by the cells that stand where the area is of the one that `isAstray` told of, or agree with each other. */
  function locateByOthers(heard: CellReadings, today: number, into: Source): void {
    const first = soleCell();
    const area = areaOf(heard, first);
    for (let stray = first; stray >= 0; stray = soleCell()) {
      disowned[stray] = 1;
      locateByBelieved(heard, today, into);
      if (!into.found || !isElsewhere(heard, first, area, into)) return;
    }
  }

  function locateByBelieved(heard: CellReadings, today: number, into: Source): void {
    const oldest = oldestMs(heard.ageMs, heard.count);
    isAged = oldest > SCAN_MS;
    const until = oldest > CELLS_MOMENT_MS ? momentUntilMs(heard.ageMs, heard.count, CELLS_MOMENT_MS) : ANY_AGE_MS;
    locateUntil(until, heard, today, into);
    if (!into.found && until < ANY_AGE_MS) locateUntil(ANY_AGE_MS, heard, today, into);
  }

  /** By the cells no older than that. */
  function locateUntil(untilMs: number, heard: CellReadings, today: number, into: Source): void {
    points.count = 0;
    serving.partsKnown = 0;
    serving.fromMastM = 0;
    serving.farthestM = Number.POSITIVE_INFINITY;
    for (let i = 0; i < heard.count; i++) {
      const row = heard.id[i] === 0 || heard.ageMs[i] > untilMs || disowned[i] === 1 ? -1 : find(heard, i);
      if (row < 0) continue;
      const ageMs = isAged ? sinceHeardMs(heard.ageMs[i]) : 0;
      // The columns are sorted: the serving cell, or the strongest, is first.
      const sigmaM = cellSigmaM(heard.radio[i], known.radiusM[row], known.samples[row], heard.ta[i]);
      if (i === 0) {
        serving.sigmaM = sigmaM;
        serving.fromMastM = fromMastM(heard.radio[0], heard.ta[0]);
        serving.farthestM = farthestM(heard.radio[0], known.radiusM[row], known.samples[row], heard.ta[0]);
        servingLat = known.lat[row];
        servingLon = known.lon[row];
        serving.hasTiming = heard.ta[0] >= 0;
        placeParts(row, today, ageMs);
        if (serving.partsKnown > 0) continue;
      }
      addPoint(row, today, ageMs, sigmaM, cellPull(heard.radio[i], heard.dbm[i]), known.samples[row]);
      points.device[points.count - 1] = i;
    }
    into.found = points.count > 0;
    if (!into.found) return;
    const start = findCluster(points, CLUSTER_M, BLUR_M, true);
    flatten(points, start, plane);
    solve(points, start, true, solution);
    into.lat = planeLat(plane, solution.x, solution.y);
    into.lon = planeLon(plane, solution.x, solution.y);
    if (serving.partsKnown > 0 || serving.farthestM < Number.POSITIVE_INFINITY) {
      serving.offCentreM = distanceM(servingLat, servingLon, into.lat, into.lon);
      serving.farthestM += serving.offCentreM;
    }
    rateCells(corrections, standing(), serving, solution, into);
    const ageMs = isAged ? meanAgeMs() : 0;
    // The trust in each faded already; what is left to fade is that in all.
    into.trust = Math.min(LEAST_TRUST + solution.agreeing / (2 * fadeOf(ageMs)), MOST_TRUST);
    ageSource(into, ageMs);
  }

  /** How many cells stand where the answer is sought: one that is elsewhere does not sharpen it. */
  function standing(): number {
    let cells = 0;
    let last = -1;
    for (let k = 0; k < points.count; k++) {
      if (points.member[k] === 0 || points.device[k] === last) continue;
      last = points.device[k];
      cells++;
    }
    return cells;
  }

  /** How long ago the cells that answer were heard, by weight. */
  function meanAgeMs(): number {
    let sw = 0;
    let sa = 0;
    for (let k = 0; k < points.count; k++) {
      if (points.member[k] === 0) continue;
      sw += points.weight[k];
      sa += points.weight[k] * ages[k];
    }
    return sa / sw;
  }

  /** The row of a cell that is known, or -1; without an area, it is looked up under those the other cells of its network have. */
  function find(heard: CellReadings, i: number): number {
    const { radio, mcc, mnc, area, id } = heard;
    if (area[i] > 0) return rows[i] >= 0 && found[rows[i]] === 1 ? rows[i] : -1;
    for (let j = 0; j < heard.count; j++) {
      if (area[j] === 0 || radio[j] !== radio[i] || mcc[j] !== mcc[i] || mnc[j] !== mnc[i]) continue;
      if (stations.findCell(radio[i], mcc[i], mnc[i], area[j], id[i], known, SPARE_ROW)) {
        borrowedArea = area[j];
        return SPARE_ROW;
      }
    }
    return -1;
  }

  /** Puts the known parts of the serving cell, itself found in `row`, in its place. */
  function placeParts(row: number, today: number, ageMs: number): void {
    serving.unsure = 0;
    serving.parts = 0;
    for (let p = 0; p < partsSought; p++) {
      const part = partRows[p];
      serving.parts++;
      if (part < 0 || found[part] === 0) continue;
      serving.partsKnown++;
      serving.unsure += fewLooks(known.samples[part]);
      addPoint(
        part,
        today,
        ageMs,
        partSigmaM(known.radiusM[part], known.samples[part], known.radiusM[row]),
        1,
        LOOK_WEIGHT * known.samples[part],
      );
    }
  }

  /** One more point, from row `from` of what was found. */
  function addPoint(from: number, today: number, ageMs: number, sigmaM: number, pull: number, reports: number): void {
    const k = points.count++;
    putPoint(points, k, known.lat[from], known.lon[from]);
    points.device[k] = 0;
    points.trust[k] = stationTrust(reports, known.lastSeenDay[from], known.flags[from], today);
    if (ageMs > 0) points.trust[k] *= fadeOf(ageMs);
    ages[k] = ageMs;
    points.sigmaM[k] = sigmaM;
    points.pull[k] = pull;
    points.prior[k] = 0;
  }

  /** Of what was located last: the row of the one cell heard that agrees with it, -1 if there are several, or none. */
  function soleCell(): number {
    const { count, x, y, sigmaM, member, device } = points;
    let sole = -1;
    for (let k = 0; k < count; k++) {
      const dx = x[k] - solution.x;
      const dy = y[k] - solution.y;
      if (member[k] === 0 || dx * dx + dy * dy >= AGREES_SIGMAS2 * sigmaM[k] * sigmaM[k] || device[k] === sole)
        continue;
      if (sole >= 0) return -1;
      sole = device[k];
    }
    return sole;
  }

  /** True if what was located last rests on one cell, and that is not where its area is. */
  function isAstray(heard: CellReadings, into: Source): boolean {
    const i = soleCell();
    return i >= 0 && isElsewhere(heard, i, areaOf(heard, i), into);
  }

  function areaOf(heard: CellReadings, i: number): number {
    return heard.area[i] === 0 ? borrowedArea : heard.area[i];
  }

  return { seek, locate, isAstray, locateByOthers };
}

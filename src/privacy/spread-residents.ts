// Where a town's people live, when all that is known is a point and a number: evenly in a disc round the point.
// Promises: nobody is invented; deterministic. Errs on the coarse side: a disc too small leaves the fringe empty, an empty cell
// is never told apart (DESIGN 6.3, "no data: fail closed"), and of the number only half is believed.
import { cellToLatLng, gridDisk, latLngToCell } from 'h3-js';
import { distanceM } from '../geo/distance.ts';
import { keyOfCell, type RegionKey } from './region-key.ts';

/** Resolution of the grid a disc is filled with: Kontur's, 0.74 km2 a cell. */
const GRID_RES = 8;
/** Metres from centre to centre of neighbouring grid cells, at least (0.53 km edge, half the area variation of H3). */
const GRID_STEP_M = 700;
/** People a square kilometre of a town: about the mean of the world's urban centres. A higher figure is the safer one. */
const URBAN_DENSITY = 5_000;
/**
 * The share of a town's people that is counted on. Points are off and numbers are those of municipalities, so a cell on a disc
 * may truly hold far fewer. Of made-up countries whose maps were built so, 0.4 % of the people were truly in a region under K
 * with a half counted, 2 to 3 % with all (bench:privacy, A8).
 */
const COUNTED_ON = 0.5;
/** Gazetteer points are a kilometre or two off, so nobody is placed more exactly than this. */
const MIN_TOWN_RADIUS_M = 2_000;

/** Adds those of a town's `population` at `lat, lon` (degrees) who are counted on to the residents of finest cells. */
export function addTown(residents: Map<RegionKey, number>, lat: number, lon: number, population: number): void {
  if (!(population > 0)) return;
  const radiusM = Math.max(MIN_TOWN_RADIUS_M, Math.sqrt(population / URBAN_DENSITY / Math.PI) * 1000);
  const h3Cells = h3CellsWithin(lat, lon, radiusM);
  for (const h3Cell of h3Cells) {
    const key = keyOfCell(h3Cell);
    residents.set(key, (residents.get(key) ?? 0) + (COUNTED_ON * population) / h3Cells.length);
  }
}

function h3CellsWithin(lat: number, lon: number, radiusM: number): string[] {
  const centre = latLngToCell(lat, lon, GRID_RES);
  const h3Cells = gridDisk(centre, Math.ceil(radiusM / GRID_STEP_M)).filter((h3Cell) => {
    const [cellLat, cellLon] = cellToLatLng(h3Cell);
    return distanceM(lat, lon, cellLat, cellLon) <= radiusM;
  });
  return h3Cells.length > 0 ? h3Cells : [centre];
}

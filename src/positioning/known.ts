// What the map knows of all that one request hears, fetched at once and shared by the sources. Reused for every request.
import { MAX_PARTS } from '../radio/cell-parts.ts';
import { createFoundStations, type FoundStations } from '../stations/index-contract.ts';
import { createStationKeys, type StationKeys } from '../stations/look-up-contract.ts';
import { MAX_BLUETOOTH, MAX_CELLS, MAX_WIFI } from './readings.ts';

const ROWS = MAX_WIFI + MAX_BLUETOOTH + MAX_CELLS + MAX_PARTS;
/** One row of `stations` beyond those of `keys`, for what is looked up alone. */
export const SPARE_ROW = ROWS;

/** Row i of `stations` holds what is known of row i of `keys` where found[i] is 1. */
export type Known = { readonly keys: StationKeys; readonly stations: FoundStations; readonly found: Uint8Array };

export function createKnown(): Known {
  return { keys: createStationKeys(ROWS), stations: createFoundStations(ROWS + 1), found: new Uint8Array(ROWS) };
}

// Cells of which nothing says by which radio they were heard: Google's field is optional, modems and many libraries leave it out,
// and so do KaiOS phones on networks that they have no word for. Promises: the map says it, if it knows that very cell (network,
// area, identity) by one radio alone; else the cell is dropped, as Ichnaea drops them all: neither its mast nor its area is
// guessed. Costs a request without such cells nothing.
import type { StationReader } from '../stations/index-contract.ts';
import { type Known, SPARE_ROW } from './known.ts';
import { addUnsaidCell } from './raw-cell.ts';
import { type CellReading, MAX_CELLS, type Readings } from './readings.ts';

/** Puts a request's cells without a radio among its others. More than MAX_CELLS are no phone's, and which came first is no matter. */
export function createUnsaidRadio(stations: StationReader, known: Known): (readings: Readings) => void {
  const isKnown = ({ radio, mcc, mnc, area, id }: Readonly<CellReading>): boolean =>
    stations.findCell(radio, mcc, mnc, area, id, known.stations, SPARE_ROW);
  return ({ unsaid, cells }) => {
    if (unsaid.length <= MAX_CELLS) for (const raw of unsaid) addUnsaidCell(raw, isKnown, cells);
    unsaid.length = 0;
  };
}

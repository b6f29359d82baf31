// Where a phone is by the location or tracking areas of its cells, when no cell or site of them is known.
// Promises: the middle of the area with the smallest circle, widened by how few cells it is known by. An area known by one
// cell says little more than that cell did.
import { createFoundStations, type StationReader } from '../stations/index-contract.ts';
import { accuracyOfArea } from './calibration.ts';
import type { CellReadings } from './readings.ts';
import type { Source } from './source.ts';

const TRUST = 0.3;

export function createAreaSource(stations: StationReader) {
  const known = createFoundStations(1);

  /** `into` gets the narrowest known area of the cells heard; of equals the first. */
  return function locateByAreas(heard: CellReadings, into: Source): void {
    into.found = false;
    into.trust = TRUST;
    for (let i = 0; i < heard.count; i++) {
      if (heard.area[i] === 0) continue;
      if (!stations.findArea(heard.radio[i], heard.mcc[i], heard.mnc[i], heard.area[i], known, 0)) continue;
      const accuracyM = accuracyOfArea(known.radiusM[0], known.samples[0]);
      if (into.found && accuracyM >= into.accuracyM) continue;
      into.found = true;
      into.lat = known.lat[0];
      into.lon = known.lon[0];
      into.accuracyM = accuracyM;
    }
  };
}

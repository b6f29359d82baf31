// Where a phone is by the location or tracking areas of its cells, when no cell or site of them is known.
// Promises: the middle of the area with the smallest circle, widened by how few cells it is known by. An area known by one
// cell says little more than that cell did.
import { createFoundStations, type StationReader } from '../stations/index-contract.ts';
import { ANY_AGE_MS, ageSource, CELLS_MOMENT_MS, momentUntilMs, sinceHeardMs } from './age.ts';
import { accuracyOfArea } from './calibration.ts';
import type { CellReadings } from './readings.ts';
import { createSource, type Source } from './source.ts';

const TRUST = 0.3;

export function createAreaSource(stations: StationReader) {
  const known = createFoundStations(1);

  const candidate = createSource();

  /** `into` gets the narrowest known area of the cells heard last, or else of all; of equals the first. */
  return function locateByAreas(heard: CellReadings, into: Source): void {
    const until = momentUntilMs(heard.ageMs, heard.count, CELLS_MOMENT_MS);
    findNarrowest(until, heard, into);
    if (!into.found && until < ANY_AGE_MS) findNarrowest(ANY_AGE_MS, heard, into);
  };

  function findNarrowest(untilMs: number, heard: CellReadings, into: Source): void {
    into.found = false;
    for (let i = 0; i < heard.count; i++) {
      if (heard.area[i] === 0 || heard.ageMs[i] > untilMs) continue;
      if (!stations.findArea(heard.radio[i], heard.mcc[i], heard.mnc[i], heard.area[i], known, 0)) continue;
      candidate.found = true;
      candidate.accuracyM = accuracyOfArea(known.radiusM[0], known.samples[0]);
      candidate.trust = TRUST;
      ageSource(candidate, sinceHeardMs(heard.ageMs[i]));
      if (!candidate.found || (into.found && candidate.accuracyM >= into.accuracyM)) continue;
      into.found = true;
      into.lat = known.lat[0];
      into.lon = known.lon[0];
      into.accuracyM = candidate.accuracyM;
      into.trust = candidate.trust;
      into.ageMs = candidate.ageMs;
    }
  }
}

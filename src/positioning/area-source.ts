// Where a phone is by the location or tracking areas of its cells, when no cell or site of them is known.
// Promises: the middle of the area with the smallest circle, widened by how few cells it is known by. An area known by one
// cell says little more than that cell did; one known by several tells when a cell's record is wrong: of the cells of the public
// export 1.25 % answered over 100 km from their own area.
import { createFoundStations, type StationReader } from '../stations/index-contract.ts';
import { ANY_AGE_MS, ageSource, CELLS_MOMENT_MS, momentUntilMs, sinceHeardMs } from './age.ts';
import { accuracyOfArea } from './calibration.ts';
import { agree } from './fuse.ts';
import type { CellReadings } from './readings.ts';
import { createSource, type Source } from './source.ts';

const TRUST = 0.3;
/** An area contradicts one of its cells only if others than that one made it what it is. */
const LEAST_CELLS = 3;

/** True if area `area` of the network of cell i is well known, and its circle does not meet that of `place`. */
export type IsElsewhere = (heard: CellReadings, i: number, area: number, place: Source) => boolean;

export function createAreaSource(stations: StationReader) {
  const known = createFoundStations(1);

  const candidate = createSource();

  /** `into` gets the narrowest known area of the cells heard last, or else of all; of equals the first. */
  function locate(heard: CellReadings, into: Source): void {
    const until = momentUntilMs(heard.ageMs, heard.count, CELLS_MOMENT_MS);
    findNarrowest(until, heard, into);
    if (!into.found && until < ANY_AGE_MS) findNarrowest(ANY_AGE_MS, heard, into);
  }

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

  function isElsewhere(heard: CellReadings, i: number, area: number, place: Source): boolean {
    if (area === 0 || !stations.findArea(heard.radio[i], heard.mcc[i], heard.mnc[i], area, known, 0)) return false;
    if (Math.round(known.samples[0]) < LEAST_CELLS) return false;
    candidate.lat = known.lat[0];
    candidate.lon = known.lon[0];
    candidate.accuracyM = accuracyOfArea(known.radiusM[0], known.samples[0]);
    return !agree(candidate, place);
  }

  return { locate, isElsewhere };
}

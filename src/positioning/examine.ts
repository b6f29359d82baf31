// How far off would the map have been? A report whose position is known is asked of the map as a phone would ask, source by
// source. Promises: what comes out is a class and a ratio, never a place; answers whose circle is a floor of privacy or
// physics say nothing about the factors and are left out. Does not know who sent the report, nor keep anything.
import { distanceM } from '../geo/distance.ts';
import type { StationReader } from '../stations/index-contract.ts';
import { createCorrections } from './calibration.ts';
import { createRadioSources } from './radio-sources.ts';
import type { Readings } from './readings.ts';
import { createSource } from './source.ts';

const MS_PER_DAY = 86_400_000;

/** Told for each source that answered: its class as calibration.ts numbers them, and its error over its uncorrected 95 % circle. */
export type Note = (errorClass: number, ratio: number) => void;

export type Examiner = (readings: Readings, lat: number, lon: number, nowMs: number, note: Note) => void;

/** An examiner with its own scratch space. `lat`, `lon` in degrees are where the phone was; `nowMs` when. */
export function createExaminer(stations: StationReader): Examiner {
  const { fetch, byWifi, byBluetooth, byCells } = createRadioSources(stations, createCorrections());
  const [wifi, bluetooth, cell] = [createSource(), createSource(), createSource()];

  return function examine(readings, lat, lon, nowMs, note) {
    const today = Math.floor(nowMs / MS_PER_DAY);
    fetch(readings);
    byCells(readings.cells, today, cell);
    byWifi(readings.wifi, today, [cell], wifi);
    byBluetooth(readings.bluetooth, today, [cell], bluetooth);
    for (const source of [wifi, bluetooth, cell]) {
      if (!source.found || source.accuracyM > source.uncorrectedM) continue;
      note(source.errorClass, distanceM(lat, lon, source.lat, source.lon) / source.uncorrectedM);
    }
  };
}

// A StationReader over plain Maps: the map as the fold made it, without index, store or rounding. For fast turns of the
// accuracy bench and for tests; promises nothing about speed or threads.

import { type FoundStations, STATION_FLAG, type StationReader } from '../../src/stations/index-contract.ts';
import { findEach } from '../../src/stations/look-up-contract.ts';
import type { Evidence } from '../../src/stations/station.ts';
import { DAY_MS } from '../../src/time/spans.ts';

/** Stations by kind and identity, as `wifi 123`, `bluetooth 123`, `3/262/1/35160/13828122`; see macKey and cellKey. */
export type StationMap = Map<string, { believed: Evidence; detail: number }>;

export const macKey = (kind: number, mac: number) => `${kind} ${mac}`;
export const cellKey = (radio: number, mcc: number, mnc: number, area: number, cellId: number) =>
  `${radio}/${mcc}/${mnc}/${area}/${cellId}`;

export function openMapReader(stations: StationMap): StationReader {
  function find(key: string, out: FoundStations, i: number): boolean {
    const station = stations.get(key);
    if (station === undefined || station.believed.lat === null || station.believed.lon === null) return false;
    const { lat, lon, radiusM, samples, lastSeenAt, source } = station.believed;
    out.lat[i] = lat;
    out.lon[i] = lon;
    out.radiusM[i] = radiusM ?? 0;
    out.samples[i] = samples ?? 0;
    out.lastSeenDay[i] = Math.floor((lastSeenAt ?? 0) / DAY_MS);
    out.flags[i] = source === 'gnss' ? STATION_FLAG.gnss : 0;
    out.detail[i] = station.detail;
    return true;
  }
  const reader: Omit<StationReader, 'findAll'> = {
    findMacs(kind, macs, count, out, found) {
      let hits = 0;
      for (let i = 0; i < count; i++) {
        found[i] = find(macKey(kind, macs[i]), out, i) ? 1 : 0;
        hits += found[i];
      }
      return hits;
    },
    findCell: (radio, mcc, mnc, area, cellId, out, i) => find(cellKey(radio, mcc, mnc, area, cellId), out, i),
    findArea: () => false,
    size: () => stations.size,
  };
  return { ...reader, findAll: (keys, out, found) => findEach(reader, keys, out, found) };
}

// Stations in plain Maps behind the same StationReader the resident index implements: what positioning is tested against.
import type { FoundStations, MacKind, StationReader } from '../../src/stations/index-contract.ts';
import { findEach } from '../../src/stations/look-up-contract.ts';

export type MemoryStation = {
  lat: number;
  lon: number;
  radiusM?: number;
  samples?: number;
  lastSeenDay?: number;
  flags?: number;
  detail?: number;
};

type MemoryStations = StationReader & {
  putMac(kind: MacKind, mac: number, station: MemoryStation): void;
  putCell(radio: number, mcc: number, mnc: number, area: number, cellId: number, station: MemoryStation): void;
  putArea(radio: number, mcc: number, mnc: number, area: number, station: MemoryStation): void;
};

export function createMemoryStations(): MemoryStations {
  const macs = new Map<number, MemoryStation>();
  const cells = new Map<string, MemoryStation>();
  const macKey = (kind: number, mac: number) => kind * 2 ** 48 + mac;
  const reader: Omit<StationReader, 'findAll'> = {
    findMacs(kind, wanted, count, out, found) {
      let hits = 0;
      for (let i = 0; i < count; i++) {
        const station = macs.get(macKey(kind, wanted[i]));
        found[i] = write(station, out, i) ? 1 : 0;
        hits += found[i];
      }
      return hits;
    },
    findCell: (radio, mcc, mnc, area, cellId, out, i) =>
      write(cells.get(`${radio}/${mcc}/${mnc}/${area}/${cellId}`), out, i),
    findArea: (radio, mcc, mnc, area, out, i) => write(cells.get(`${radio}/${mcc}/${mnc}/${area}`), out, i),
    size: () => macs.size + cells.size,
  };
  return {
    ...reader,
    findAll: (keys, out, found) => findEach(reader, keys, out, found),
    putMac: (kind, mac, station) => void macs.set(macKey(kind, mac), station),
    putCell: (radio, mcc, mnc, area, cellId, station) =>
      void cells.set(`${radio}/${mcc}/${mnc}/${area}/${cellId}`, station),
    putArea: (radio, mcc, mnc, area, station) => void cells.set(`${radio}/${mcc}/${mnc}/${area}`, station),
  };
}

function write(station: MemoryStation | undefined, out: FoundStations, i: number): boolean {
  if (station === undefined) return false;
  out.lat[i] = station.lat;
  out.lon[i] = station.lon;
  out.radiusM[i] = station.radiusM ?? 0;
  out.samples[i] = station.samples ?? 0;
  out.lastSeenDay[i] = station.lastSeenDay ?? 0;
  out.flags[i] = station.flags ?? 1;
  out.detail[i] = station.detail ?? -1;
  return true;
}

// Puts the bench world into a resident index, as the feed would: every access point, beacon and cell, and an area for every
// code that its cells name. Evidence is plausible and alike: the index's speed does not depend on it.

import { MAC_KIND, STATION_FLAG } from '../src/stations/index-contract.ts';
import { createStationIndex, type IndexedStation, type StationIndex } from '../src/stations/index-writer.ts';
import type { BenchWorld } from './world.ts';

/** Benches pretend that it is this moment: 2026-11-01T00:00:00Z. */
export const BENCH_NOW_MS = 1_793_491_200_000;
const TODAY = BENCH_NOW_MS / 86_400_000;
const SEED = [0x1234_5678, 0x0f1e_2d3c] as const;

export function indexOfWorld(world: BenchWorld): StationIndex {
  const index = createStationIndex({ seed: SEED, expected: world.stations + world.towns * 8 });
  const station: IndexedStation = {
    lat: 0,
    lon: 0,
    radiusM: 0,
    samples: 0,
    lastSeenDay: 0,
    flags: STATION_FLAG.gnss,
    detail: -1,
  };
  const at = (lat: number, lon: number, radiusM: number, i: number): IndexedStation => {
    station.lat = lat;
    station.lon = lon;
    station.radiusM = radiusM;
    station.samples = 1 + (i % 40);
    station.lastSeenDay = TODAY - (i % 90);
    return station;
  };
  let held = 0;
  for (let i = 0; i < world.apMac.length; i++)
    held += Number(index.upsertMac(MAC_KIND.wifi, world.apMac[i], at(world.apLat[i], world.apLon[i], 35, i)));
  for (let i = 0; i < world.beaconMac.length; i++)
    held += Number(
      index.upsertMac(MAC_KIND.bluetooth, world.beaconMac[i], at(world.blockLat[i], world.blockLon[i], 12, i)),
    );
  for (let i = 0; i < world.cellId.length; i++) {
    const [radio, mcc, mnc, area] = [world.cellRadio[i], world.cellMcc[i], world.cellMnc[i], world.cellArea[i]];
    const here = at(world.cellLat[i], world.cellLon[i], 900, i);
    held += Number(index.upsertCell(radio, mcc, mnc, area, world.cellId[i], here));
    here.radiusM = 4_000;
    index.upsertArea(radio, mcc, mnc, area, here);
  }
  if (held < world.stations) throw new Error(`the index took ${held} of ${world.stations} stations`);
  return index;
}

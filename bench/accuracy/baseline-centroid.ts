// The plain signal-weighted centroid of the data's README: a station is where it was heard on average, a phone is where its
// stations are on average, both weighted by amplitude. No outliers, no ages, no movers, no rules about who may answer.

import { distanceM } from '../../src/geo/distance.ts';
import type { Answer, Method } from './method.ts';
import type { Scan } from './traces.ts';

type Sum = { weight: number; lat: number; lon: number };

/** Amplitude of a signal: 10^(dBm/20); -90 dBm where the phone did not tell. */
const amplitude = (dbm: number) => 10 ** ((Number.isNaN(dbm) ? -90 : dbm) / 20);

function add(sums: Map<string | number, Sum>, key: string | number, dbm: number, lat: number, lon: number): void {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { weight: 0, lat: 0, lon: 0 };
    sums.set(key, sum);
  }
  const weight = amplitude(dbm);
  sum.weight += weight;
  sum.lat += weight * lat;
  sum.lon += weight * lon;
}

/** Every station of a scan as key and signal; neighbours without an identity have none. */
function* stationsOf(scan: Scan): Generator<[string | number, number]> {
  for (const { mac, dbm } of scan.wifi) yield [mac, dbm];
  for (const c of scan.cells) if (c.cellId > 0) yield [`${c.radio}/${c.mcc}/${c.mnc}/${c.area}/${c.cellId}`, c.dbm];
}

export function createCentroid(): Method {
  const sums = new Map<string | number, Sum>();
  return {
    name: 'centroid',
    learn(scans) {
      for (const scan of scans) for (const [key, dbm] of stationsOf(scan)) add(sums, key, dbm, scan.lat, scan.lon);
    },
    locate(scan): Answer | null {
      const total: Sum = { weight: 0, lat: 0, lon: 0 };
      let found = 0;
      for (const [key, dbm] of stationsOf(scan)) {
        const sum = sums.get(key);
        if (sum === undefined) continue;
        const weight = amplitude(dbm);
        total.weight += weight;
        total.lat += (weight * sum.lat) / sum.weight;
        total.lon += (weight * sum.lon) / sum.weight;
        found++;
      }
      if (found < (scan.wifi.length > 0 ? 2 : 1)) return null;
      const lat = total.lat / total.weight;
      const lon = total.lon / total.weight;
      return { lat, lon, accuracyM: spreadM(sums, scan, lat, lon) };
    },
  };
}

/** Twice the weighted mean distance to the stations: the centroid itself promises no accuracy, so this is ours. */
function spreadM(sums: Map<string | number, Sum>, scan: Scan, lat: number, lon: number): number {
  let weight = 0;
  let metres = 0;
  for (const [key, dbm] of stationsOf(scan)) {
    const sum = sums.get(key);
    if (sum === undefined) continue;
    const a = amplitude(dbm);
    weight += a;
    metres += a * distanceM(lat, lon, sum.lat / sum.weight, sum.lon / sum.weight);
  }
  return Math.max((2 * metres) / weight, 10);
}

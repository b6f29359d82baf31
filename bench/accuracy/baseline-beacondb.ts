// beaconDB's estimator from its published behaviour (facts only; its code is AGPL and was not ported): a station is the box
// of where it was heard, which only grows; a phone is the weighted mean of the middles of boxes that are neither points nor
// wider than 500 m half across; else the first known cell's box. A box across the antimeridian is out of its reach.

import { distanceM } from '../../src/geo/distance.ts';
import type { Answer, Method } from './method.ts';
import type { CellSeen, Scan } from './traces.ts';

type Box = { minLat: number; maxLat: number; minLon: number; maxLon: number };
/** Reports with a worse fix are ignored. */
const MAX_FIX_ACCURACY_M = 250;
/** Stations this much older or younger than the fix are ignored. */
const MAX_AGE_MS = 30_000;
const MAX_WIFI_RADIUS_M = 500;
const MIN_WIFI_RADIUS_M = 1;
const MIN_ACCURACY_M = 50;

const cellKey = (c: CellSeen) => `${c.radio}/${c.mcc}/${c.mnc}/${c.area}/${c.cellId}/${c.psc}`;

function stretch(boxes: Map<string | number, Box>, key: string | number, lat: number, lon: number): void {
  const box = boxes.get(key);
  if (box === undefined) {
    boxes.set(key, { minLat: lat, maxLat: lat, minLon: lon, maxLon: lon });
    return;
  }
  box.minLat = Math.min(box.minLat, lat);
  box.maxLat = Math.max(box.maxLat, lat);
  box.minLon = Math.min(box.minLon, lon);
  box.maxLon = Math.max(box.maxLon, lon);
}

function circle(box: Box): Answer {
  const lat = (box.minLat + box.maxLat) / 2;
  const lon = (box.minLon + box.maxLon) / 2;
  return { lat, lon, accuracyM: distanceM(lat, lon, box.maxLat, box.maxLon) };
}

/** Signal as beaconDB reads it: missing = -80, above -50 = -50, below -100 = the access point is skipped (NaN). */
function readDbm(dbm: number): number {
  if (Number.isNaN(dbm)) return -80;
  return dbm < -100 ? Number.NaN : Math.min(dbm, -50);
}

function locateWifi(boxes: Map<string | number, Box>, scan: Scan): Answer | null {
  let weights = 0;
  let lat = 0;
  let lon = 0;
  let radius = 0;
  let used = 0;
  for (const { mac, dbm } of scan.wifi) {
    const box = boxes.get(mac);
    const signal = readDbm(dbm);
    if (box === undefined || Number.isNaN(signal)) continue;
    const c = circle(box);
    if (c.accuracyM < MIN_WIFI_RADIUS_M || c.accuracyM > MAX_WIFI_RADIUS_M) continue;
    const weight = (10_000 / (signal - 20) ** 2) ** 2;
    weights += weight;
    lat += weight * c.lat;
    lon += weight * c.lon;
    radius += weight * c.accuracyM;
    used++;
  }
  if (used < 2) return null;
  return { lat: lat / weights, lon: lon / weights, accuracyM: Math.max(radius / weights, MIN_ACCURACY_M) };
}

export function createBeaconDb(): Method {
  const boxes = new Map<string | number, Box>();
  return {
    name: 'beacondb',
    learn(scans) {
      for (const scan of scans) {
        if (scan.accuracyM > MAX_FIX_ACCURACY_M || Math.abs(scan.ageMs) > MAX_AGE_MS) continue;
        for (const { mac } of scan.wifi) stretch(boxes, mac, scan.lat, scan.lon);
        for (const c of scan.cells) {
          if (c.cellId > 0 && c.area > 0 && c.psc >= 0) stretch(boxes, cellKey(c), scan.lat, scan.lon);
        }
      }
    },
    locate(scan) {
      const byWifi = locateWifi(boxes, scan);
      if (byWifi !== null) return byWifi;
      for (const c of scan.cells) {
        const box = c.cellId > 0 ? boxes.get(cellKey(c)) : undefined;
        if (box === undefined) continue;
        const answer = circle(box);
        answer.accuracyM = Math.max(answer.accuracyM, MIN_ACCURACY_M);
        return answer;
      }
      return null;
    },
  };
}

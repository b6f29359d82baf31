// Ichnaea as a whole from its published rules: batches of 500 reports teach it; a look-up scores stations, clusters access
// points by complete linkage at 500 m, keeps the 20 of least score (its defect, kept), and ends at the centroid weighted by
// (age/RSSI^2)^2. Cells: the mean weighted by score, age and RSSI^-2 of one area's cells.

import { distanceM } from '../../src/geo/distance.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import {
  isBlocked,
  type Sighting,
  type Station,
  sightingWeight,
  type TECHNOLOGY,
  type Technology,
  updateStation,
} from './baseline-ichnaea-learn.ts';
import type { Answer, Method } from './method.ts';
import type { CellSeen, Scan } from './traces.ts';

const BATCH_REPORTS = 500;
const CLUSTER_M = 500;
const MAX_NETWORKS = 20;
type Used = { station: Station; score: number; signal: number };

const technologyOf = (c: CellSeen): Technology =>
  c.radio === RADIO.gsm ? 'gsm' : c.radio === RADIO.wcdma ? 'wcdma' : 'lte';
const cellKey = (c: CellSeen) => `${technologyOf(c)} ${c.mcc}/${c.mnc}/${c.area}/${c.cellId}`;
const areaKey = (c: CellSeen) => `${technologyOf(c)} ${c.mcc}/${c.mnc}/${c.area}`;

/** Trust in a station: freshness x days of collection x samples, 0.05 to 10. */
function score(s: Station, nowMs: number): number {
  const months = Math.floor(Math.max(nowMs - s.modifiedMs, 0) / (30 * DAY_MS));
  const days = (Math.max(s.modifiedMs, s.lastSeenMs) - Math.max(s.createdMs, s.blockLastMs)) / DAY_MS;
  const collection = Math.min(Math.max(days, 1) / 10, 1);
  const samples = s.samples > 1 && s.radiusM === 0 ? 1 : s.samples;
  return (1 / Math.sqrt(months + 1)) * collection * Math.min(Math.max(Math.log2(samples), 0.5), 10);
}

function percentile95(values: number[]): number {
  values.sort((a, b) => a - b);
  const at = 0.95 * (values.length - 1);
  const low = Math.floor(at);
  return values[low] + (at - low) * (values[Math.min(low + 1, values.length - 1)] - values[low]);
}

/** Weighted mean of stations, and the 95th percentile of the distances to them within limits. */
function centre(used: readonly Used[], weightOf: (u: Used) => number, minM: number, maxM: number): Answer {
  let total = 0;
  let lat = 0;
  let lon = 0;
  for (const u of used) {
    const weight = weightOf(u);
    total += weight;
    lat += weight * u.station.lat;
    lon += weight * u.station.lon;
  }
  lat /= total;
  lon /= total;
  const far = percentile95(used.map((u) => distanceM(lat, lon, u.station.lat, u.station.lon)));
  return { lat, lon, accuracyM: Math.min(Math.max(far, minM), maxM) };
}

/** Complete-linkage clusters: the two whose farthest members are nearest join, until that exceeds the limit. */
function cluster(used: readonly Used[]): Used[][] {
  const clusters = used.map((u) => [u]);
  const far = used.map((a) => used.map((b) => distanceM(a.station.lat, a.station.lon, b.station.lat, b.station.lon)));
  for (;;) {
    let best = CLUSTER_M;
    let from = -1;
    let into = -1;
    for (let i = 0; i < clusters.length; i++) {
      for (let j = i + 1; j < clusters.length; j++) {
        if (far[i][j] > best || (from >= 0 && far[i][j] === best)) continue;
        best = far[i][j];
        into = i;
        from = j;
      }
    }
    if (from < 0) return clusters;
    clusters[into].push(...clusters[from]);
    clusters.splice(from, 1);
    for (let k = 0; k < far.length; k++) {
      far[into][k] = Math.max(far[into][k], far[from][k]);
      far[k][into] = far[into][k];
    }
    far.splice(from, 1);
    for (const row of far) row.splice(from, 1);
  }
}

function locateWifi(stations: Map<string, Station>, scan: Scan): Answer | null {
  const used: Used[] = [];
  for (const { mac, dbm } of scan.wifi) {
    const station = stations.get(`wifi ${mac}`);
    if (station === undefined || !station.positioned || isBlocked(station, scan.timeMs)) continue;
    used.push({ station, score: score(station, scan.timeMs), signal: Number.isNaN(dbm) ? -100 : dbm });
  }
  if (used.length < 2) return null;
  const total = (c: readonly Used[]) => c.reduce((sum, u) => sum + u.score, 0);
  const clusters = cluster(used).filter((c) => c.length >= 2);
  if (clusters.length === 0) return null;
  const best = clusters.reduce((a, b) => (total(b) > total(a) ? b : a));
  best.sort((a, b) => a.score - b.score);
  return centre(best.slice(0, MAX_NETWORKS), (u) => u.signal ** -4, 10, CLUSTER_M);
}

function locateCells(stations: Map<string, Station>, scan: Scan): Answer | null {
  const groups = new Map<string, Used[]>();
  for (const cell of scan.cells) {
    const station = cell.cellId > 0 ? stations.get(cellKey(cell)) : undefined;
    if (station === undefined || !station.positioned || isBlocked(station, scan.timeMs)) continue;
    const signal = Number.isNaN(cell.dbm) ? -140 : cell.dbm;
    const group = groups.get(areaKey(cell)) ?? [];
    group.push({ station, score: score(station, scan.timeMs), signal });
    groups.set(areaKey(cell), group);
  }
  let best: Used[] = [];
  let bestScore = 0;
  for (const group of groups.values()) {
    const total = group.reduce((sum, u) => sum + u.score, 0);
    if (total > bestScore) [best, bestScore] = [group, total];
  }
  if (best.length === 0) return null;
  const answer = centre(best, (u) => u.score / u.signal ** 2, 1_000, 50_000);
  if (best.length === 1) answer.accuracyM = Math.min(Math.max(best[0].station.radiusM, 1_000), 50_000);
  return answer;
}

/** The plain mean of an area's cells; its radius from the mean to the farthest corner of a cell, within 50 to 500 km. */
function locateArea(stations: Map<string, Station>, scan: Scan): Answer | null {
  for (const cell of scan.cells) {
    if (cell.area === 0) continue;
    const cells: Used[] = [];
    for (const [key, station] of stations) {
      if (key.startsWith(`${areaKey(cell)}/`) && station.positioned) cells.push({ station, score: 1, signal: 1 });
    }
    if (cells.length > 0) return centre(cells, () => 1, 50_000, 500_000);
  }
  return null;
}

function learnBatch(stations: Map<string, Station>, batch: readonly Scan[]): void {
  const sightings = new Map<string, Sighting[]>();
  const add = (key: string, technology: Technology, scan: Scan, dbm: number) => {
    const weight = sightingWeight(technology, scan.accuracyM, scan.ageMs, scan.speedMps, dbm);
    if (weight === 0) return;
    const list = sightings.get(key) ?? [];
    list.push({ lat: scan.lat, lon: scan.lon, weight, timeMs: scan.timeMs });
    sightings.set(key, list);
  };
  for (const scan of batch) {
    for (const { mac, dbm } of scan.wifi) add(`wifi ${mac}`, 'wifi', scan, dbm);
    for (const cell of scan.cells) if (cell.cellId > 0) add(cellKey(cell), technologyOf(cell), scan, cell.dbm);
  }
  for (const [key, list] of sightings) {
    const technology = key.slice(0, key.indexOf(' ')) as keyof typeof TECHNOLOGY;
    stations.set(key, updateStation(technology, stations.get(key), list));
  }
}

export function createIchnaea(): Method {
  const stations = new Map<string, Station>();
  return {
    name: 'ichnaea',
    learn(scans) {
      const inOrder = [...scans].sort((a, b) => a.timeMs - b.timeMs);
      for (let i = 0; i < inOrder.length; i += BATCH_REPORTS) learnBatch(stations, inOrder.slice(i, i + BATCH_REPORTS));
    },
    locate: (scan) => locateWifi(stations, scan) ?? locateCells(stations, scan) ?? locateArea(stations, scan),
  };
}

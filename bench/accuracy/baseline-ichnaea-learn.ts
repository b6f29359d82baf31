// Ichnaea's station update from its published rules (Apache-2.0; written anew): observations weigh by accuracy, age, speed and
// signal; a batch creates, merges into, replaces or blocks a station. All evidence of the traces is satellite fixes, so the
// rows about query evidence do not occur here. The area of cells is the plain mean of its cells.

import { distanceM } from '../../src/geo/distance.ts';
import { DAY_MS } from '../../src/time/spans.ts';

/** Constants per technology: widest fix and agreement radius in metres, signal offset and missing signal in dB. */
export const TECHNOLOGY = {
  wifi: { maxFixM: 200, agreeM: 5_000, offset: -20, missingDbm: -80 },
  gsm: { maxFixM: 1_000, agreeM: 100_000, offset: -5, missingDbm: -95 },
  wcdma: { maxFixM: 1_000, agreeM: 100_000, offset: 0, missingDbm: -100 },
  lte: { maxFixM: 1_000, agreeM: 100_000, offset: 5, missingDbm: -105 },
} as const;
export type Technology = keyof typeof TECHNOLOGY;

export type Station = {
  lat: number;
  lon: number;
  positioned: boolean;
  box: [number, number, number, number];
  radiusM: number;
  samples: number;
  weight: number;
  createdMs: number;
  modifiedMs: number;
  lastSeenMs: number;
  blockLastMs: number;
  blockCount: number;
};
export type Sighting = { lat: number; lon: number; weight: number; timeMs: number };

/** Weight of one observation; 0 = dropped. NaN = the phone did not tell, which Ichnaea takes for the best. */
export function sightingWeight(t: Technology, accuracyM: number, ageMs: number, speedMps: number, dbm: number): number {
  const { maxFixM, offset, missingDbm } = TECHNOLOGY[t];
  const accuracy = Number.isNaN(accuracyM) || accuracyM < 10 ? 10 : accuracyM;
  const age = Math.max(Math.abs(ageMs), 2_000);
  const speed = Number.isNaN(speedMps) ? 1 : speedMps;
  if (accuracy > maxFixM || age > 20_000 || speed > 50) return 0;
  const signal = (Number.isNaN(dbm) ? missingDbm : dbm) + offset;
  const bySpeed = speed <= 5 ? 1 : Math.sqrt(5 / speed);
  return Math.sqrt(10 / accuracy) * Math.sqrt(2_000 / age) * bySpeed * (10_000 / (signal * signal)) ** 2;
}

type Summary = Omit<Station, 'blockLastMs' | 'blockCount' | 'positioned' | 'modifiedMs'>;

function summarize(sightings: readonly Sighting[]): Summary {
  let weight = 0;
  let lat = 0;
  let lon = 0;
  const box: Station['box'] = [90, -90, 180, -180];
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const s of sightings) {
    weight += s.weight;
    lat += s.weight * s.lat;
    lon += s.weight * s.lon;
    box[0] = Math.min(box[0], s.lat);
    box[1] = Math.max(box[1], s.lat);
    box[2] = Math.min(box[2], s.lon);
    box[3] = Math.max(box[3], s.lon);
    first = Math.min(first, s.timeMs);
    last = Math.max(last, s.timeMs);
  }
  const samples = sightings.length;
  return { lat: lat / weight, lon: lon / weight, box, radiusM: 0, samples, weight, createdMs: first, lastSeenMs: last };
}

function cornerDistanceM(s: Pick<Station, 'lat' | 'lon' | 'box'>): number {
  const [a, b, c, d] = s.box;
  return Math.max(...[a, b].flatMap((lat) => [c, d].map((lon) => distanceM(s.lat, s.lon, lat, lon))));
}

/** Blocked for two days after a block, or for good once blocks outnumber the months of its life. */
export function isBlocked(s: Station, nowMs: number): boolean {
  if (s.blockCount === 0) return false;
  return nowMs - s.blockLastMs < 2 * DAY_MS || s.blockCount >= Math.round((nowMs - s.createdMs) / (30 * DAY_MS));
}

function block(s: Station, nowMs: number): void {
  s.positioned = false;
  s.blockLastMs = nowMs;
  s.blockCount++;
}

/** The station after one batch of its observations, all satellite fixes. */
export function updateStation(t: Technology, old: Station | undefined, batch: readonly Sighting[]): Station {
  const { agreeM } = TECHNOLOGY[t];
  const next = summarize(batch);
  const nowMs = next.lastSeenMs;
  const consistent = distanceM(next.box[0], next.box[2], next.box[1], next.box[3]) <= agreeM;
  const fresh: Station = { ...next, positioned: true, modifiedMs: nowMs, blockLastMs: 0, blockCount: 0 };
  fresh.radiusM = cornerDistanceM(fresh);
  if (old === undefined) {
    if (!consistent) block(fresh, nowMs);
    return fresh;
  }
  if (isBlocked(old, nowMs)) return old;
  if (!old.positioned || !consistent) {
    if (!consistent) {
      if (old.positioned) block(old, nowMs);
      return old;
    }
    return keepLife(fresh, old);
  }
  if (!batch.every((s) => distanceM(s.lat, s.lon, old.lat, old.lon) <= agreeM)) {
    if (nowMs - old.modifiedMs > 365 * DAY_MS) return keepLife(fresh, old);
    block(old, nowMs);
    return old;
  }
  return merge(old, next, nowMs);
}

function keepLife(fresh: Station, old: Station): Station {
  return { ...fresh, createdMs: old.createdMs, blockLastMs: old.blockLastMs, blockCount: old.blockCount };
}

function merge(old: Station, next: Summary, nowMs: number): Station {
  const kept = Math.min(old.weight, 10_000);
  const total = next.weight + kept;
  const merged: Station = {
    ...old,
    lat: (next.lat * next.weight + old.lat * kept) / total,
    lon: (next.lon * next.weight + old.lon * kept) / total,
    box: [
      Math.min(old.box[0], next.box[0]),
      Math.max(old.box[1], next.box[1]),
      Math.min(old.box[2], next.box[2]),
      Math.max(old.box[3], next.box[3]),
    ],
    samples: old.samples + next.samples,
    weight: Math.min(old.weight + next.weight, 1e9),
    modifiedMs: nowMs,
    lastSeenMs: Math.max(old.lastSeenMs, next.lastSeenMs),
  };
  merged.radiusM = cornerDistanceM(merged);
  return merged;
}

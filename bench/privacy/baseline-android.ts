// Android's approximate location: a Gaussian offset that drifts by 3 % an hour, then a square grid of 2 km.
// From AOSP, services/core/java/com/android/server/location/fudger/LocationFudger.java (Apache-2.0), by description: offset of
// sigma grid / 4 an axis; latitude snapped first, longitude steps by the snapped latitude; reported accuracy at least the
// grid; a coarse client gets one update in ten minutes (LocationManagerService, FASTEST_COARSE_INTERVAL_MS).
import type { Random } from '../../fixtures/random.ts';
import { wrapLonDeg } from '../../src/geo/distance.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import type { Mechanism, Phone, Told } from './mechanism.ts';

export const GRID_M = 2_000;
export const OFFSET_SIGMA_M = GRID_M / 4;
const NEW_WEIGHT = 0.03;
const OLD_WEIGHT = Math.sqrt(1 - NEW_WEIGHT ** 2);
const COARSE_INTERVAL_MS = 600_000;
/** The source's own round figure. */
const M_PER_DEG = 111_000;

type Offset = { at(nowMs: number): readonly [eastM: number, northM: number] };

/** The offset of one phone; `known` starts it at a value an attacker has learnt at the first call. */
export function driftingOffset(random: Random, known?: readonly [number, number]): Offset {
  let east = known?.[0] ?? random.normal(0, OFFSET_SIGMA_M);
  let north = known?.[1] ?? random.normal(0, OFFSET_SIGMA_M);
  let next = Number.NaN;
  return {
    at(nowMs) {
      if (Number.isNaN(next)) next = nowMs + HOUR_MS;
      for (; nowMs >= next; next += HOUR_MS) {
        east = OLD_WEIGHT * east + NEW_WEIGHT * random.normal(0, OFFSET_SIGMA_M);
        north = OLD_WEIGHT * north + NEW_WEIGHT * random.normal(0, OFFSET_SIGMA_M);
      }
      return [east, north];
    },
  };
}

/** Latitude and longitude moved by the offset, in degrees. */
export function offsetBy(lat: number, lon: number, [east, north]: readonly [number, number]): [number, number] {
  return [lat + north / M_PER_DEG, wrapLonDeg(lon + east / M_PER_DEG / Math.cos((lat * Math.PI) / 180))];
}

/** At most one new answer in ten minutes. */
export function throttled(phone: Phone): Phone {
  let last: Told | null = null;
  let lastMs = Number.NEGATIVE_INFINITY;
  return (lat, lon, nowMs) => {
    if (nowMs - lastMs < COARSE_INTERVAL_MS) return last;
    lastMs = nowMs;
    last = phone(lat, lon, nowMs);
    return last;
  };
}

function snap(lat: number, lon: number): Told {
  const latStep = GRID_M / M_PER_DEG;
  const row = Math.round(lat / latStep);
  const lonStep = GRID_M / M_PER_DEG / Math.cos((row * latStep * Math.PI) / 180);
  const column = Math.round(lon / lonStep);
  return { name: `${row}/${column}`, lat: row * latStep, lon: wrapLonDeg(column * lonStep), radiusM: GRID_M };
}

export function androidFudger(): Mechanism {
  return {
    name: 'Android 2 km',
    kind: 'drifting',
    phone(random) {
      const offset = driftingOffset(random);
      return throttled((lat, lon, nowMs) => snap(...offsetBy(lat, lon, offset.at(nowMs))));
    },
  };
}

/** The same after an attacker learnt the offset once, `ageMs` before the first call: one precise fix is enough for that. */
export function androidCalibrated(ageMs: number): Mechanism {
  return {
    name: 'Android 2 km, offset seen a day ago',
    kind: 'drifting',
    phone(random) {
      const offset = driftingOffset(random, [0, 0]);
      let isAged = false;
      return throttled((lat, lon, nowMs) => {
        if (!isAged) offset.at(nowMs - ageMs);
        isAged = true;
        return snap(...offsetBy(lat, lon, offset.at(nowMs)));
      });
    },
  };
}

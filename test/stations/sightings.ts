// Sightings for the tests of the fold: one phone, one place, one day, unless said otherwise.

import { foldStation, type LearntStation, unknownStation } from '../../src/stations/fold.ts';
import type { HeardKind, Sighting } from '../../src/stations/sighting.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';

export const DAY_0 = Date.UTC(2026, 5, 1);
export const HOME = { lat: 48.2, lon: 16.37 };

/** Metres north and east of HOME in degrees. */
export function away(northM: number, eastM = 0): { lat: number; lon: number } {
  return {
    lat: HOME.lat + northM / 111_195,
    lon: HOME.lon + eastM / (111_195 * Math.cos((HOME.lat * Math.PI) / 180)),
  };
}

/** A sighting on a day after DAY_0 by a contributor at a place. */
export function sight(
  day: number,
  contributor: number,
  place: { lat: number; lon: number },
  more: Partial<Sighting> = {},
): Sighting {
  const timeMs = DAY_0 + day * DAY_MS;
  return {
    ...place,
    accuracyM: 5,
    speedMps: 1,
    gapMs: 0,
    dbm: -70,
    timeMs,
    receivedAtMs: timeMs,
    fused: false,
    contributor,
    trusted: false,
    ...more,
  };
}

/** Several sightings in a small heap around a place: a phone that walks by, once an hour. */
export function walkBy(day: number, contributor: number, place: { lat: number; lon: number }, count = 5): Sighting[] {
  return Array.from({ length: count }, (_, i) =>
    sight(
      day,
      contributor,
      { lat: place.lat + (i - count / 2) * 3e-5, lon: place.lon + (i % 2) * 3e-5 },
      { dbm: -60 - i },
    ),
  );
}

/** Folds one batch a day, each on the evening of its last day. */
export function foldDays(
  kind: HeardKind,
  batches: readonly Sighting[][],
  from: LearntStation = unknownStation(),
): LearntStation {
  return batches.reduce(
    (station, batch) => foldStation(kind, station, batch, Math.max(...batch.map((s) => s.receivedAtMs)) + 20 * HOUR_MS),
    from,
  );
}

// The outline of a region for maps that draw it. Promises: a constant of the region: nothing of any device is in it; closed,
// counter-clockwise, longitudes first and continuous across the antimeridian, so that no line runs round the world.
// It is the drawn cell that the region is named by; where smaller regions lie inside, the region is what they leave.
import { cellToBoundary } from 'h3-js';
import { cellOfKey, type RegionKey } from './region-key.ts';

/** [lon, lat] in degrees, six decimals; the last point is the first. */
export type Ring = (readonly [lon: number, lat: number])[];

export function outlineOf(region: RegionKey): Ring {
  const points = cellToBoundary(cellOfKey(region));
  const [, first] = points[0];
  const ring: Ring = points.map(([lat, lon]) => [round(lon + turnsTo(first, lon)), round(lat)]);
  return [...ring, ring[0]];
}

/** What brings `lon` within half a turn of `first`. */
function turnsTo(first: number, lon: number): number {
  if (lon - first > 180) return -360;
  return first - lon > 180 ? 360 : 0;
}

function round(deg: number): number {
  return Math.round(deg * 1e6) / 1e6;
}

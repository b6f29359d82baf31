// An H3 cell of resolution 2 to 7 as one 28-bit number: base cell (7 bits) and seven digits of three bits, 7 past the
// cell's own resolution. Promises: exact both ways; a parent is the child with digits filled, so going up costs one `or`
// and never indexes a point at a second resolution (which would leave slivers that a partner could subtract).
// Layout: H3 index bits 24 to 51 (h3geo.org, "Bit layout of H3 index").

/** A cell of resolution 2 to 7 as a number in [0, 2^28). */
export type RegionKey = number;

/**
 * The coarsest and the finest resolution a region may have (DESIGN 6.3). Regions of resolution 3 at the coarsest left one in
 * 300 people of a sparse country without any, and those left over of others could only be made K by taking a town in (A8).
 */
export const COARSEST_RES = 2;
export const FINEST_RES = 7;

/** The key of an H3 cell of resolution 2 to 15 in hexadecimal; finer than 7, that of its ancestor at resolution 7. */
export function keyOfCell(h3Cell: string): RegionKey {
  // 15 digits: mode and resolution in the first two, base cell and digits 1 to 7 in the next seven.
  return Number.parseInt(h3Cell.slice(2, 9), 16);
}

/** The H3 cell of a key, in hexadecimal. */
export function cellOfKey(key: RegionKey): string {
  return `8${resolutionOf(key).toString(16)}${key.toString(16).padStart(7, '0')}ffffff`;
}

/** Resolution of a key: how many of its digits are not fill. */
export function resolutionOf(key: RegionKey): number {
  let res = FINEST_RES;
  for (let rest = key; res > 0 && (rest & 7) === 7; rest >>>= 3) res--;
  return res;
}

/** The ancestor at a resolution no finer than the key's own. */
export function parentKey(key: RegionKey, res: number): RegionKey {
  return key | ((1 << (3 * (FINEST_RES - res))) - 1);
}

/** The child number 0 to 6 of a key, one resolution finer. */
export function childKey(key: RegionKey, digit: number): RegionKey {
  const shift = 3 * (FINEST_RES - resolutionOf(key) - 1);
  return (key & ~(7 << shift)) | (digit << shift);
}

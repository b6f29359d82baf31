// Random-looking stations by number, so that 50 million of them need no list: the n-th has always the same address and place.

function mix(n: number, salt: number): number {
  let h = (n ^ salt) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The n-th address (n < 2^32), all different. */
export function nthMac(n: number): number {
  return (mix(n, 77) & 0xffff) * 0x1_0000_0000 + mix(n, 0);
}

export function nthLat(n: number): number {
  return (mix(n, 1) / 2 ** 32) * 160 - 80;
}

export function nthLon(n: number): number {
  return (mix(n, 2) / 2 ** 32) * 360 - 180;
}

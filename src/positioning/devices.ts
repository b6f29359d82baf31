// Which addresses belong to one box: a router's bands and guest networks share its maker's prefix and differ in the last
// bits, or keep the last 24 bits under another prefix of the same maker. Stops the two-sniffed-addresses attack (one
// household's two bands "prove" each other). Promises: the same grouping for any order of the addresses; errs on the
// side of one box. Does not look at positions: an attacker who moves one band must not split a box.

/** Addresses this close above a box's first, under one prefix, are that box: access points use up to 16 in a row. */
const SPAN = 16;
const LOW_24 = 0x100_0000;

/**
 * Numbers the boxes behind `macs[0..count)` into `device`, from 0 in order of the smallest address.
 * `order` is scratch of the same length. Returns how many boxes there are.
 */
export function groupDevices(macs: Float64Array, count: number, device: Int16Array, order: Int16Array): number {
  for (let i = 0; i < count; i++) {
    let k = i;
    for (; k > 0 && macs[order[k - 1]] > macs[i]; k--) order[k] = order[k - 1];
    order[k] = i;
  }
  let devices = 0;
  let first = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < count; k++) {
    const i = order[k];
    const mac = macs[i];
    // Measured from the box's first address: measured from the last, a row of consecutive addresses would chain into one.
    if (mac - first < SPAN && Math.floor(mac / LOW_24) === Math.floor(first / LOW_24)) {
      device[i] = device[order[k - 1]];
      continue;
    }
    first = mac;
    device[i] = sameTail(macs, order, k, device);
    if (device[i] < 0) device[i] = devices++;
  }
  return devices;
}

/** The box among the smaller addresses with the same last 24 bits, or -1. */
function sameTail(macs: Float64Array, order: Int16Array, k: number, device: Int16Array): number {
  const tail = macs[order[k]] % LOW_24;
  for (let j = 0; j < k; j++) if (macs[order[j]] % LOW_24 === tail) return device[order[j]];
  return -1;
}

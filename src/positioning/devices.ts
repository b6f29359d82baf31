// Which addresses belong to one box: a router's bands and guest networks share its maker's prefix and differ in the last
// bits, or keep the last 24 bits under another prefix of the same maker. Stops the two-sniffed-addresses attack (one
// household's two bands "prove" each other). Promises: the same grouping for any order of the addresses; errs on the
// side of one box. Does not look at positions: an attacker who moves one band must not split a box.

/**
 * Addresses this close above a box's first, under one prefix, are that box: a radio's networks use up to 16 in a row, which
 * begin at a multiple of 16 where there are so many, and the box's other radio then begins at the next one (Aruba).
 */
const SPAN = 16;
const LOW_24 = 0x100_0000;

/** Scratch space for so many addresses. */
export type DeviceScratch = { readonly order: Int16Array; readonly tail: Int32Array };

export function createDeviceScratch(slots: number): DeviceScratch {
  return { order: new Int16Array(slots), tail: new Int32Array(slots) };
}

/**
 * Numbers the boxes behind `macs[0..count)` into `device`, from 0 in order of the smallest address. Returns how many there are.
 */
export function groupDevices(macs: Float64Array, count: number, device: Int16Array, scratch: DeviceScratch): number {
  const { order, tail } = scratch;
  for (let i = 0; i < count; i++) {
    let k = i;
    for (; k > 0 && macs[order[k - 1]] > macs[i]; k--) order[k] = order[k - 1];
    order[k] = i;
  }
  let devices = 0;
  let first = Number.NEGATIVE_INFINITY;
  let maker = -1;
  for (let k = 0; k < count; k++) {
    const i = order[k];
    const prefix = Math.floor(macs[i] / LOW_24);
    tail[k] = macs[i] - prefix * LOW_24;
    // Measured from the box's first address: measured from the last, a row of consecutive addresses would chain into one.
    if (prefix === maker && macs[i] - first < (first % SPAN === 0 ? SPAN + 1 : SPAN)) {
      device[i] = device[order[k - 1]];
      continue;
    }
    first = macs[i];
    maker = prefix;
    const twin = findTail(tail, k);
    device[i] = twin < 0 ? devices++ : device[order[twin]];
  }
  return devices;
}

/** Which of the smaller addresses has the same last 24 bits as the k-th, or -1. */
function findTail(tail: Int32Array, k: number): number {
  for (let j = 0; j < k; j++) if (tail[j] === tail[k]) return j;
  return -1;
}

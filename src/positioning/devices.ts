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

/** Scratch space for so many addresses; `endings` is all 0 between calls. */
export type DeviceScratch = { readonly order: Int16Array; readonly tail: Int32Array; readonly endings: Uint8Array };

export function createDeviceScratch(slots: number): DeviceScratch {
  return { order: new Int16Array(slots), tail: new Int32Array(slots), endings: new Uint8Array(256) };
}

/**
 * Numbers the boxes behind `macs[0..count)` into `device`, from 0 in order of the smallest address. Returns how many there are.
 */
export function groupDevices(macs: Float64Array, count: number, device: Int16Array, scratch: DeviceScratch): number {
  const { order, tail, endings } = scratch;
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
    // Most have none: no other ends in the same byte.
    const ending = tail[k] & 0xff;
    const twin = endings[ending] === 0 ? -1 : findTail(tail, k);
    endings[ending] = 1;
    // Measured from the box's first address: measured from the last, a row of consecutive addresses would chain into one.
    if (prefix === maker && macs[i] - first < (first % SPAN === 0 ? SPAN + 1 : SPAN)) {
      device[i] = device[order[k - 1]];
      // Any of its networks may be the one with a twin, not just the first.
      if (twin >= 0 && device[order[twin]] !== device[i]) {
        joinBoxes(device, order, k, device[order[twin]], device[i]);
        devices--;
      }
      continue;
    }
    first = macs[i];
    maker = prefix;
    device[i] = twin < 0 ? devices++ : device[order[twin]];
  }
  for (let k = 0; k < count; k++) endings[tail[k] & 0xff] = 0;
  return devices;
}

/** Makes one box of two, of the addresses up to the k-th, and closes the gap that leaves in the numbers. */
function joinBoxes(device: Int16Array, order: Int16Array, k: number, one: number, other: number): void {
  const kept = Math.min(one, other);
  const gone = Math.max(one, other);
  for (let j = 0; j <= k; j++) {
    const box = device[order[j]];
    if (box === gone) device[order[j]] = kept;
    else if (box > gone) device[order[j]] = box - 1;
  }
}

/** Which of the smaller addresses has the same last 24 bits as the k-th, or -1. */
function findTail(tail: Int32Array, k: number): number {
  for (let j = 0; j < k; j++) if (tail[j] === tail[k]) return j;
  return -1;
}

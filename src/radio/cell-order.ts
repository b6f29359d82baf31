// Which of the cells a phone hears counts as the one it is attached to, and in which order the others follow. Promises: one order
// for what is learnt and for what is looked up, so that a part of a cell is asked for under the name it was learnt by; the same
// whatever order the cells were sent in; no allocation. How old a reading is, and its timing advance, have no say: reports and
// look-ups tell different ages of the same cell.

/**
 * Negative if one cell comes before another: the one said to be serving, the one with a whole identity, the stronger, of equals the
 * least identity; 0 = none comes first. Takes how much the one has more than the other of each (`serving` and `whole` of 0 or 1):
 * columns and rows can both tell that without an object.
 */
export function orderOfCells(
  serving: number,
  whole: number,
  dbm: number,
  radio: number,
  mcc: number,
  mnc: number,
  area: number,
  id: number,
): number {
  return -serving || -whole || -dbm || radio || mcc || mnc || area || id;
}

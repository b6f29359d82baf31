// Which of the cells of a report the phone was attached to, and beside which neighbour. Promises: the same for any order, and the
// same as look-ups choose (positioning/readings.ts): what is learnt of a part of a cell is asked under that part's name.
import type { CellSeen } from './report.ts';

/** The cell that look-ups take for the serving one: said to be, else the strongest; of equals the least identity. */
export function servingOf(cells: readonly CellSeen[]): CellSeen | null {
  const rank = (a: CellSeen, b: CellSeen) =>
    Number(b.serving) - Number(a.serving) ||
    b.dbm - a.dbm ||
    a.radio - b.radio ||
    a.area - b.area ||
    a.cellId - b.cellId;
  return cells.reduce<CellSeen | null>((first, cell) => (first === null || rank(cell, first) < 0 ? cell : first), null);
}

/** Physical identity of the strongest of these cells that are of the radio, of equals the least; -1 = none. */
export function strongestOf(others: readonly { radio: number; psc: number; dbm: number }[], radio: number): number {
  let best: { psc: number; dbm: number } | null = null;
  for (const other of others) {
    if (other.radio !== radio || other.psc < 0) continue;
    if (best === null || other.dbm > best.dbm || (other.dbm === best.dbm && other.psc < best.psc)) best = other;
  }
  return best === null ? -1 : best.psc;
}

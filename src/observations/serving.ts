// Which of the cells of a report the phone was attached to, and beside which neighbour. Promises: the same for any order, and the
// same as look-ups choose (positioning/readings.ts): what is learnt of a part of a cell is asked under that part's name.
import { orderOfCells } from '../radio/cell-order.ts';
import type { CellSeen } from './report.ts';

/** The cell that look-ups take for the serving one. */
export function servingOf(cells: readonly CellSeen[]): CellSeen | null {
  return cells.reduce<CellSeen | null>((first, cell) => (first === null || isBefore(cell, first) ? cell : first), null);
}

/** All of them have whole identities: no others teach. */
function isBefore(a: CellSeen, b: CellSeen): boolean {
  const serving = Number(a.serving) - Number(b.serving);
  const [radio, mcc, mnc] = [a.radio - b.radio, a.mcc - b.mcc, a.mnc - b.mnc];
  return orderOfCells(serving, 0, a.dbm - b.dbm, radio, mcc, mnc, a.area - b.area, a.cellId - b.cellId) < 0;
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

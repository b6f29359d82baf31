// Who is told the same: residents by answer, for mechanisms that cut the world into fixed answers. The raster's cells are cut
// into parts fine enough that an answer's edge does not matter; secrets and offsets are left out, which is kinder to those
// that have them.
import { cellToChildren, cellToLatLng } from 'h3-js';
import type { Residents } from './mechanism.ts';

/** Seven parts a raster cell, 0.1 km2 each. */
const PART_RES = 9;

type Part = { readonly lat: number; readonly lon: number; readonly people: number };

export function partsOf(residents: Residents): Part[] {
  const parts: Part[] = [];
  for (const [cell, people] of residents) {
    const children = cellToChildren(cell, PART_RES);
    for (const child of children) {
      const [lat, lon] = cellToLatLng(child);
      parts.push({ lat, lon, people: people / children.length });
    }
  }
  return parts;
}

/** The name of an answer at a place, null where nothing is told. */
export type NameAt = (lat: number, lon: number) => string | null;

/** Residents by answer; null is not among them. */
function peopleByName(parts: readonly Part[], nameAt: NameAt): Map<string, number> {
  const people = new Map<string, number>();
  for (const part of parts) {
    const name = nameAt(part.lat, part.lon);
    if (name !== null) people.set(name, (people.get(name) ?? 0) + part.people);
  }
  return people;
}

/** Share of the residents who are told something that fewer than `k` residents are told, and share who are told nothing. */
export function singledOut(parts: readonly Part[], nameAt: NameAt, k: number): { underK: number; suppressed: number } {
  const people = peopleByName(parts, nameAt);
  const total = parts.reduce((sum, part) => sum + part.people, 0);
  let underK = 0;
  let told = 0;
  for (const count of people.values()) {
    told += count;
    // Fractions of people may miss a whole K by rounding.
    if (count < k - 1e-6) underK += count;
  }
  return { underK: underK / total, suppressed: Math.max(0, 1 - told / total) };
}

/** The names two partners hold together. */
export function together(a: NameAt, b: NameAt): NameAt {
  return (lat, lon) => {
    const first = a(lat, lon);
    const second = b(lat, lon);
    return first === null && second === null ? null : `${first} ${second}`;
  };
}

/** Quantile of `value` over people: the least value that a share `q` of the weight does not exceed. */
export function weightedQuantile(rows: readonly { value: number; weight: number }[], q: number): number {
  const sorted = [...rows].sort((a, b) => a.value - b.value);
  const wanted = q * sorted.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  for (const { value, weight } of sorted) {
    below += weight;
    if (below >= wanted) return value;
  }
  return Number.NaN;
}

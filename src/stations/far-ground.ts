// How far from its home a cell is heard. A rural mast reaches 10 to 35 km, and of two who drive there on one day hardly ever one comes
// within a link of the other (places.ts): proven is the village in which they met, and a circle around that is a lie in the rest of
// the cell. Promises: pure, the same for any order of the tiles; what is said here never moves a cell, nor makes it answer or
// block: it widens its radius, by what two certain contributors heard of it on one day within a mast's reach of each other, on
// two days. Nobody alone widens a cell.
import { distanceM } from '../geo/distance.ts';
import type { Place } from './places.ts';
import type { HeardKind } from './sighting.ts';
import { PROOF, type Tile, type Whereabouts } from './whereabouts.ts';
import { isCompany } from './witness.ts';

/** GSM's timing advance ends there. */
const REACH_M = 35_000;
/** Half days from the first to the last arrival on far ground. */
const LASTING_HALVES = 2;

/** Marks the tiles that two contributors of one day vouch for together. */
export function noteFar(w: Whereabouts, kind: HeardKind): void {
  if (kind !== 'cell' && kind !== 'part') return;
  for (const tile of w.tiles) if (isVouchedFor(w, tile)) tile.proof |= PROOF.far;
}

/** The tiles that widen a cell whose home is `home`; none if that is heard nowhere else. */
export function farGround(w: Whereabouts, kind: HeardKind, home: readonly Place[]): Tile[] {
  if (kind !== 'cell' && kind !== 'part') return [];
  const ground = home.flatMap((place) => place.tiles);
  const far = w.tiles.filter(
    (tile) =>
      (tile.proof & PROOF.far) !== 0 && !ground.includes(tile) && ground.some((near) => isWithinReach(near, tile)),
  );
  const first = Math.min(...far.map((tile) => tile.firstHalf));
  const last = Math.max(...far.map((tile) => tile.lastHalf));
  return last - first >= LASTING_HALVES ? far : [];
}

function isVouchedFor({ tiles, recent }: Whereabouts, tile: Tile): boolean {
  if (tile.seenBy === 0 || (tile.proof & PROOF.far) !== 0) return false;
  for (let i = 0; i < recent.length; i++) {
    if ((tile.seenBy & (1 << i)) === 0) continue;
    let company = 0;
    for (let j = 0; j < recent.length; j++) if (j !== i && isCompany(recent[i], recent[j])) company |= 1 << j;
    if (tiles.some((other) => (other.seenBy & company) !== 0 && isWithinReach(other, tile))) return true;
  }
  return false;
}

function isWithinReach(a: Tile, b: Tile): boolean {
  return distanceM(a.lat, a.lon, b.lat, b.lon) <= REACH_M;
}

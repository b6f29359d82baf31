// What the tiles of a transmitter mean: the separate places where it was heard, and which of them are proven. Promises: pure;
// the same for any order of the tiles; a place that one contributor made, with however many reports on however many tiles,
// is never proven; nothing that is claimed to have been heard on another day makes a second day. Decides nothing about the
// station: fold.ts does.
import { distanceM } from '../geo/distance.ts';
import type { HeardKind } from './sighting.ts';
import { fadeOf, PROOF, type Tile, type Whereabouts } from './whereabouts.ts';
import { isCompany } from './witness.ts';

/**
 * Metres. Tiles within `link` belong to one place (a street walked on one side only leaves gaps). Proven places further than
 * `apart` from each other can't be one standing transmitter: a mast of GSM is heard 35 km to each side. A transmitter heard over
 * more than `widest` travels.
 */
export const DISTANCES: Readonly<Record<HeardKind, { link: number; apart: number; widest: number }>> = {
  wifi: { link: 150, apart: 500, widest: 500 },
  bluetooth: { link: 50, apart: 150, widest: 150 },
  cell: { link: 3_000, apart: 70_000, widest: 50_000 },
  part: { link: 3_000, apart: 70_000, widest: 50_000 },
};

export type Place = {
  tiles: Tile[];
  /** Weight, faded by age. */
  weight: number;
  heard: number;
  lastDay: number;
  /** At least two contributors heard it here on one day, or one that is trusted. */
  witnessed: boolean;
  /** Witnessed, and reports arrived on two days: may answer. */
  confirmed: boolean;
};

/** Bits of the tiles within `link / 2` and within `link` of each tile, itself included. */
type Neighbours = { close: Int32Array; linked: Int32Array };

/** The places of a transmitter, the weightiest first; tiles with less proof are never part of a place with more. */
export function findPlaces(w: Whereabouts, kind: HeardKind): Place[] {
  const { tiles } = w;
  const near = findNeighbours(tiles, DISTANCES[kind].link);
  const proofs = findProofs(w, near);
  const places: Place[] = [];
  let left = (1 << tiles.length) - 1;
  for (let first = 0; first < tiles.length; first++) {
    if ((left & (1 << first)) === 0) continue;
    const members = [first];
    for (const m of members) {
      for (let i = first + 1; i < tiles.length; i++) {
        if ((left & near.linked[m] & (1 << i)) === 0 || proofs[i] !== proofs[first]) continue;
        left &= ~(1 << i);
        members.push(i);
      }
    }
    places.push(
      judgePlace(
        w,
        members.map((i) => tiles[i]),
        proofs[first],
      ),
    );
  }
  return places.sort((a, b) => b.weight - a.weight || a.tiles[0].x - b.tiles[0].x || a.tiles[0].y - b.tiles[0].y);
}

function findNeighbours(tiles: readonly Tile[], linkM: number): Neighbours {
  const close = new Int32Array(tiles.length);
  const linked = new Int32Array(tiles.length);
  for (let i = 0; i < tiles.length; i++) {
    close[i] |= 1 << i;
    linked[i] |= 1 << i;
    for (let j = 0; j < i; j++) {
      const apartM = distanceM(tiles[i].lat, tiles[i].lon, tiles[j].lat, tiles[j].lon);
      if (apartM > linkM) continue;
      linked[i] |= 1 << j;
      linked[j] |= 1 << i;
      if (apartM > linkM / 2) continue;
      close[i] |= 1 << j;
      close[j] |= 1 << i;
    }
  }
  return { close, linked };
}

/** What is proven of a tile: nothing; that several heard it there; that they did on two days. */
const STANDING = { none: 0, witnessed: 1, confirmed: 2 } as const;

function findProofs(w: Whereabouts, { close }: Neighbours): Uint8Array {
  const { tiles } = w;
  let backed = 0;
  for (let i = 0; i < tiles.length; i++) if (isBacked(w, i, close[i])) backed |= 1 << i;
  return Uint8Array.from(tiles, (_, i) => {
    if ((backed & (1 << i)) === 0) return STANDING.none;
    return isLasting(tiles, close[i] & backed) ? STANDING.confirmed : STANDING.witnessed;
  });
}

/**
 * True if what was heard in a tile is proven: by trust, or by two contributors of one day in it or close by. Stops who, day
 * by day and alone, lays a chain of tiles that leads a station away or makes it look like a traveller.
 */
function isBacked(w: Whereabouts, i: number, close: number): boolean {
  const tile = w.tiles[i];
  if ((tile.proof & (PROOF.crowd | PROOF.trusted)) !== 0) return true;
  if (tile.seenBy === 0) return false;
  let seenBy = 0;
  for (let j = 0; j < w.tiles.length; j++) if ((close & (1 << j)) !== 0) seenBy |= w.tiles[j].seenBy;
  return isCrowd(w, seenBy);
}

/**
 * True if reports of these tiles arrived on two days at least twelve hours apart, or one was trusted. Asked of each
 * neighbourhood, not of a place as a whole: else a crowd of one day could lengthen an old place to where it pleases.
 */
function isLasting(tiles: readonly Tile[], some: number): boolean {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (let j = 0; j < tiles.length; j++) {
    if ((some & (1 << j)) === 0) continue;
    if ((tiles[j].proof & PROOF.trusted) !== 0) return true;
    first = Math.min(first, tiles[j].firstHalf);
    last = Math.max(last, tiles[j].lastHalf);
  }
  return last - first >= 2;
}

function judgePlace(w: Whereabouts, tiles: Tile[], standing: number): Place {
  tiles.sort((a, b) => a.x - b.x || a.y - b.y);
  let weight = 0;
  let heard = 0;
  let lastDay = 0;
  for (const tile of tiles) {
    weight += tile.weight * fadeOf(w, tile);
    heard += tile.heard;
    lastDay = Math.max(lastDay, tile.lastDay);
  }
  const confirmed = standing === STANDING.confirmed;
  return { tiles, weight, heard, lastDay, witnessed: standing !== STANDING.none, confirmed };
}

/** True if two of the contributors were here on the same day, and are certainly two. */
function isCrowd({ recent }: Whereabouts, seenBy: number): boolean {
  for (let i = 0; i < recent.length; i++) {
    for (let j = 0; j < i; j++) {
      const both = (seenBy & (1 << i)) !== 0 && (seenBy & (1 << j)) !== 0;
      if (both && isCompany(recent[i], recent[j])) return true;
    }
  }
  return false;
}

/**
 * Tiles of unproven places within a link of proven ground `home`; no further, and none that only hang on each other. Alone they
 * are nothing; their weight is what one network may add (whereabouts.ts), which is more than that of all who heard a transmitter
 * faintly: how far they lead it is bounded besides (fold.ts).
 */
export function fringeOf(kind: HeardKind, places: readonly Place[], home: readonly Place[]): Tile[] {
  const linkM = DISTANCES[kind].link;
  const ground = home.flatMap((place) => place.tiles);
  const isBeside = (tile: Tile) => ground.some((t) => distanceM(t.lat, t.lon, tile.lat, tile.lon) <= linkM);
  return places.flatMap((place) => (place.confirmed ? [] : place.tiles.filter(isBeside)));
}

// What the tiles of a transmitter mean: the separate places where it was heard, and which of them are proven. Promises: pure; the same for any order of the tiles; a place that one contributor
// made, with however many reports on however many tiles, is never proven. Decides nothing about the station: fold.ts does.
import { distanceM } from '../geo/distance.ts';
import type { HeardKind } from './sighting.ts';
import { fadeOf, type Judge, PROOF, type Tile, tileEdgeM, type Whereabouts } from './whereabouts.ts';

/**
 * Metres. Tiles within `link` belong to one place (a street walked on one side only leaves gaps). Proven places further than
 * `apart` from each other can't be one standing transmitter. A transmitter heard over more than `widest` travels.
 */
export const DISTANCES: Readonly<Record<HeardKind, { link: number; apart: number; widest: number }>> = {
  wifi: { link: 150, apart: 500, widest: 500 },
  bluetooth: { link: 50, apart: 150, widest: 150 },
  cell: { link: 3_000, apart: 20_000, widest: 50_000 },
  part: { link: 3_000, apart: 20_000, widest: 50_000 },
};

export type Place = {
  tiles: Tile[];
  /** Weight, faded by age. */
  weight: number;
  heard: number;
  lastDay: number;
  /** At least two contributors heard it here on one day, or one that is trusted. */
  witnessed: boolean;
  /** Witnessed, and heard on two days: may answer. */
  confirmed: boolean;
};

/** The places of a transmitter, the weightiest first; what is not witnessed is never part of a place that is. */
export function findPlaces(w: Whereabouts, kind: HeardKind): Place[] {
  const { tiles } = w;
  const { link } = DISTANCES[kind];
  const backed = tiles.map((tile) => isBacked(w, tile, link / 2));
  const taken = new Uint8Array(tiles.length);
  const places: Place[] = [];
  for (let first = 0; first < tiles.length; first++) {
    if (taken[first] === 1) continue;
    const members = [tiles[first]];
    taken[first] = 1;
    for (let m = 0; m < members.length; m++) {
      for (let i = first + 1; i < tiles.length; i++) {
        if (taken[i] === 1 || backed[i] !== backed[first] || !isNear(members[m], tiles[i], link)) continue;
        taken[i] = 1;
        members.push(tiles[i]);
      }
    }
    places.push(judgePlace(w, members, backed[first]));
  }
  return places.sort((a, b) => b.weight - a.weight || a.tiles[0].x - b.tiles[0].x || a.tiles[0].y - b.tiles[0].y);
}

function isNear(a: Tile, b: Tile, distance: number): boolean {
  return distanceM(a.lat, a.lon, b.lat, b.lon) <= distance;
}

/**
 * True if what was heard in a tile is proven: by trust, or by two contributors of one day in it or close by. Stops who, day
 * by day and alone, lays a chain of tiles that leads a station away or makes it look like a traveller.
 */
function isBacked(w: Whereabouts, tile: Tile, closeM: number): boolean {
  if (tile.proof !== 0) return true;
  let seenBy = 0;
  for (const other of w.tiles) if (other.seenBy !== 0 && isNear(tile, other, closeM)) seenBy |= other.seenBy;
  return tile.seenBy !== 0 && isCrowd(w, seenBy);
}

function judgePlace(w: Whereabouts, tiles: Tile[], witnessed: boolean): Place {
  tiles.sort((a, b) => a.x - b.x || a.y - b.y);
  let weight = 0;
  let heard = 0;
  let days = 0;
  let lastDay = 0;
  let proof = 0;
  for (const tile of tiles) {
    weight += tile.weight * fadeOf(w, tile);
    heard += tile.heard;
    days |= tile.days;
    lastDay = Math.max(lastDay, tile.lastDay);
    proof |= tile.proof;
  }
  const trusted = (proof & PROOF.trusted) !== 0;
  return { tiles, weight, heard, lastDay, witnessed, confirmed: trusted || (witnessed && (days & (days - 1)) !== 0) };
}

/** True if two of the contributors were here on the same day; on different days they may be one. */
function isCrowd(w: Whereabouts, seenBy: number): boolean {
  for (let i = 0; i < w.recent.length; i++) {
    for (let j = 0; j < i; j++) {
      if ((seenBy & (1 << i)) !== 0 && (seenBy & (1 << j)) !== 0 && w.recent[i].day === w.recent[j].day) return true;
    }
  }
  return false;
}

/** How places of one kind are settled and pushed out. */
export function judgeOf(kind: HeardKind): Judge {
  return {
    settle(w) {
      for (const place of findPlaces(w, kind)) {
        if (place.witnessed) for (const tile of place.tiles) tile.proof |= PROOF.crowd;
      }
    },
    makeRoom(w) {
      const places = findPlaces(w, kind);
      const lightest = places.findLast((place) => !place.witnessed);
      // While tiles are smaller than the gaps between places, coarser ones lose little, and show a traveller's whole way.
      const fine = tileEdgeM(w.level + 1) < DISTANCES[kind].link / 1.5;
      if (fine || lightest === undefined || places.length === 1) return false;
      w.tiles = w.tiles.filter((tile) => !lightest.tiles.includes(tile));
      return true;
    },
  };
}

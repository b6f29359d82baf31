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
  wifi: { link: 150, apart: 500, widest: 350 },
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

/** The places of a transmitter, the weightiest first. */
export function findPlaces(w: Whereabouts, kind: HeardKind): Place[] {
  const { link } = DISTANCES[kind];
  const place = new Int16Array(w.tiles.length).fill(-1);
  const places: Place[] = [];
  for (let first = 0; first < w.tiles.length; first++) {
    if (place[first] >= 0) continue;
    const members = [first];
    place[first] = places.length;
    for (let m = 0; m < members.length; m++) {
      const from = w.tiles[members[m]];
      for (let i = first + 1; i < w.tiles.length; i++) {
        const to = w.tiles[i];
        if (place[i] >= 0 || distanceM(from.lat, from.lon, to.lat, to.lon) > link) continue;
        place[i] = places.length;
        members.push(i);
      }
    }
    places.push(
      judgePlace(
        w,
        members.map((m) => w.tiles[m]),
      ),
    );
  }
  return places.sort((a, b) => b.weight - a.weight || a.tiles[0].x - b.tiles[0].x || a.tiles[0].y - b.tiles[0].y);
}

/** Proof is of the place, not of the tile: two witnesses on two sides of a square are two witnesses. */
function judgePlace(w: Whereabouts, tiles: Tile[]): Place {
  tiles.sort((a, b) => a.x - b.x || a.y - b.y);
  let weight = 0;
  let heard = 0;
  let days = 0;
  let lastDay = 0;
  let seenBy = 0;
  let proof = 0;
  for (const tile of tiles) {
    weight += tile.weight * fadeOf(w, tile);
    heard += tile.heard;
    days |= tile.days;
    lastDay = Math.max(lastDay, tile.lastDay);
    seenBy |= tile.seenBy;
    proof |= tile.proof;
  }
  const trusted = (proof & PROOF.trusted) !== 0;
  const witnessed = trusted || (proof & PROOF.crowd) !== 0 || isCrowd(w, seenBy);
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
      // While tiles are much smaller than the gaps between places, coarser ones lose nothing; unless one lone sender
      // spoils the view of a proven place by spraying others.
      const fine = tileEdgeM(w.level + 1) < DISTANCES[kind].link / 4;
      if (lightest === undefined || places.length === 1 || (fine && !places[0].witnessed)) return false;
      w.tiles = w.tiles.filter((tile) => !lightest.tiles.includes(tile));
      return true;
    },
  };
}

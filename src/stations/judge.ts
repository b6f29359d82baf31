// What is settled of where a transmitter was heard before its witnesses are forgotten, and which places make room for others.
// Promises: pure; what is proven by a day's witnesses stays proven.
import { noteFar } from './far-ground.ts';
import { DISTANCES, findPlaces } from './places.ts';
import type { HeardKind } from './sighting.ts';
import { noteTravel } from './travel.ts';
import { type Judge, PROOF, tileEdgeM } from './whereabouts.ts';

/** How places of one kind are settled and pushed out. */
export function judgeOf(kind: HeardKind): Judge {
  return {
    settle(w) {
      const places = findPlaces(w, kind);
      noteTravel(w, kind, places);
      noteFar(w, kind);
      for (const place of places) {
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

// Where a transmitter was heard, in bounded memory: a handful of tiles of one grid, each with the mean place, weight and
// witnesses of the sightings in it. Promises: which tiles there are and what they hold does not depend on the order of
// sightings (the grid coarsens just until they fit, and tiles only add up), but for unproven places, which the caller may
// push out to make room; one contributor counts for at most SHARE a day, a day for at most CROWD contributors. Judges
// nothing: places.ts does.
import { M_PER_DEG_LAT } from '../geo/distance.ts';
import { type HeardKind, type Sighting, sightingWeight } from './sighting.ts';

export const DAY_MS = 86_400_000;
/** Tiles a station may have: enough for a spread, few enough for ten million stations. */
export const MAX_TILES = 24;
/** Contributors told apart on one day, and sightings of one station that one of them may add on that day. */
export const CROWD = 16;
export const SHARE = 64;
/** Edge of the finest tile in degrees: 2.8 m of latitude. Level n has edges 2^n times as long. */
const FINEST_DEG = 2.5e-5;

/** Days after which what was heard counts half: a third of access points is gone after 6 months (data/README). */
const HALF_LIFE_DAYS = 180;

/** Bits of a tile's `proof`. */
export const PROOF = { crowd: 1, trusted: 2 } as const;

/**
 * `x`, `y` number the tile from -180, -90; `lat`, `lon` the weighted mean of what was heard in it; `heard` counts it;
 * `days` has bit (day mod 32) set for each day; `seenBy` has a bit for each contributor in `recent`; `proof` what is settled.
 */
export type Tile = {
  x: number;
  y: number;
  lat: number;
  lon: number;
  weight: number;
  heard: number;
  days: number;
  lastDay: number;
  seenBy: number;
  proof: number;
};

/** A contributor of the last day of arrival or the one before: slot i of `recent` is bit i of `seenBy`. `tag` -1 = empty slot. */
export type Witness = { day: number; tag: number; heard: number };

/** Everything known of where one transmitter was heard. Days count from 1970-01-01. */
export type Whereabouts = { level: number; tiles: Tile[]; recent: Witness[]; firstDay: number; lastDay: number };

export function createWhereabouts(): Whereabouts {
  return { level: 0, tiles: [], recent: [], firstDay: 0, lastDay: 0 };
}

/** Slots for two days. */
export const WITNESS_SLOTS = 2 * CROWD;

/**
 * What only the judge of places can do: `settle` writes into the tiles what their witnesses prove, before those are
 * forgotten; `makeRoom` drops a place that is not worth keeping and says true, or says false: then the grid coarsens.
 */
export type Judge = { settle(w: Whereabouts): void; makeRoom(w: Whereabouts): boolean };

/** Adds one sighting; false if its contributor, or its day, has had its say. */
export function addSighting(w: Whereabouts, kind: HeardKind, s: Sighting, judge: Judge): boolean {
  const day = Math.floor(s.timeMs / DAY_MS);
  // Contributors are told apart by the day of arrival: the day of hearing is their own word, and their tags change daily.
  const slot = s.trusted ? -1 : witnessSlot(w, s.receivedDay, s.contributor, judge);
  if (!s.trusted && slot < 0) return false;
  if (w.firstDay === 0 || day < w.firstDay) w.firstDay = day;
  if (day > w.lastDay) w.lastDay = day;
  mergeTile(w.tiles, {
    x: tileIndex(s.lon + 180, w.level),
    y: tileIndex(s.lat + 90, w.level),
    lat: s.lat,
    lon: s.lon,
    weight: sightingWeight(kind, s),
    heard: 1,
    days: 1 << (day & 31),
    lastDay: day,
    seenBy: slot < 0 ? 0 : 1 << slot,
    proof: s.trusted ? PROOF.crowd | PROOF.trusted : 0,
  });
  while (w.tiles.length > MAX_TILES) if (!judge.makeRoom(w)) coarsen(w);
  return true;
}

/** The contributor's slot with one more sighting counted, or -1 if none is left to it or to its day. */
function witnessSlot(w: Whereabouts, day: number, tag: number, judge: Judge): number {
  const latest = w.recent.reduce((last, { tag: t, day: d }) => (t >= 0 && d > last ? d : last), 0);
  if (day > latest) forgetBefore(w, day - 1, judge);
  // A day that was forgotten can't be told from a second attempt of its contributors.
  else if (day < latest - 1) return -1;
  let free = -1;
  let crowd = 0;
  for (let i = 0; i < w.recent.length; i++) {
    const witness = w.recent[i];
    if (witness.tag < 0) {
      if (free < 0) free = i;
      continue;
    }
    if (witness.day !== day) continue;
    crowd++;
    if (witness.tag !== tag) continue;
    if (witness.heard >= SHARE) return -1;
    witness.heard++;
    return i;
  }
  if (crowd >= CROWD) return -1;
  if (free < 0) {
    if (w.recent.length >= WITNESS_SLOTS) return -1;
    free = w.recent.push({ day, tag, heard: 1 }) - 1;
  } else w.recent[free] = { day, tag, heard: 1 };
  return free;
}

function forgetBefore(w: Whereabouts, day: number, judge: Judge): void {
  let gone = 0;
  for (let i = 0; i < w.recent.length; i++) if (w.recent[i].tag >= 0 && w.recent[i].day < day) gone |= 1 << i;
  if (gone === 0) return;
  judge.settle(w);
  for (let i = 0; i < w.recent.length; i++) if ((gone & (1 << i)) !== 0) w.recent[i] = { day: 0, tag: -1, heard: 0 };
  for (const tile of w.tiles) tile.seenBy &= ~gone;
}

/** Always by way of the finest tile, so that a sighting falls into the same tile whether it came before a coarsening or after. */
function tileIndex(fromEdgeDeg: number, level: number): number {
  return Math.floor(fromEdgeDeg / FINEST_DEG) >> level;
}

function mergeTile(tiles: Tile[], next: Tile): void {
  const tile = tiles.find((t) => t.x === next.x && t.y === next.y);
  if (tile === undefined) {
    tiles.push(next);
    return;
  }
  const weight = tile.weight + next.weight;
  tile.lat += ((next.lat - tile.lat) * next.weight) / weight;
  tile.lon += ((next.lon - tile.lon) * next.weight) / weight;
  tile.weight = weight;
  tile.heard += next.heard;
  tile.days |= next.days;
  tile.lastDay = Math.max(tile.lastDay, next.lastDay);
  tile.seenBy |= next.seenBy;
  tile.proof |= next.proof;
}

/** Edge of a tile in metres of latitude. */
export function tileEdgeM(level: number): number {
  return FINEST_DEG * 2 ** level * M_PER_DEG_LAT;
}

/** What is left of a tile's weight: it halves with every HALF_LIFE_DAYS that the transmitter was heard elsewhere only. */
export function fadeOf(w: Whereabouts, tile: Tile): number {
  return 0.5 ** ((w.lastDay - tile.lastDay) / HALF_LIFE_DAYS);
}

/** Doubles the edge of the tiles; at level 24 the Earth is one tile, so that this always ends. */
function coarsen(w: Whereabouts): void {
  const finer = w.tiles;
  w.level++;
  w.tiles = [];
  for (const tile of finer) mergeTile(w.tiles, { ...tile, x: tile.x >> 1, y: tile.y >> 1 });
}

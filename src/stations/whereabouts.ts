// Where a transmitter was heard, in bounded memory: a handful of tiles of one grid, each with the mean place, weight and
// witnesses of the sightings in it. Promises: which tiles there are and what they hold does not depend on the order of
// sightings (the grid coarsens just until they fit, and tiles only add up), but for unproven places, which the caller may
// push out to make room; one contributor counts for at most SHARE_WEIGHT a day, a day for at most CROWD contributors. Judges
// nothing: places.ts does.
import { M_PER_DEG_LAT } from '../geo/distance.ts';
import { type HeardKind, type Sighting, sightingWeight } from './sighting.ts';

export const DAY_MS = 86_400_000;
/** Tiles a station may have: enough for a spread, few enough for ten million stations. */
export const MAX_TILES = 24;
/** Contributors told apart on one day. */
export const CROWD = 16;
/**
 * Weight that one contributor may add to one station on one day, counted in MOST_SPENT parts: a few good fixes beside a
 * transmitter, or a long walk around it, use it up. Stops who floods from moving it.
 */
export const SHARE_WEIGHT = 0.2;
export const MOST_SPENT = 255;
/** Sightings of one station counted of one contributor in one batch, and on one day however light they are. */
export const MOST_COUNTED = 64;
const MOST_IN_A_DAY = 256;
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

/** `spent` of MOST_SPENT is what it has used of its share. A contributor of the last day of arrival or the one before: slot i of `recent` is bit i of `seenBy`. `tag` -1 = empty slot. */
export type Witness = { day: number; tag: number; spent: number };

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

/** Adds what one contributor heard of one transmitter on one day of arrival; returns how many sightings counted. */
export function addVisit(w: Whereabouts, kind: HeardKind, visit: readonly Sighting[], judge: Judge): number {
  const { trusted, receivedDay, contributor } = visit[0];
  if (trusted) {
    for (const s of visit) addSighting(w, s, sightingWeight(kind, s), -1, judge);
    return visit.length;
  }
  // Contributors are told apart by the day of arrival: the day of hearing is their own word, and their tags change daily.
  const slot = witnessSlot(w, receivedDay, contributor, judge);
  if (slot < 0 || w.recent[slot].spent >= MOST_SPENT) return 0;
  const counted = spread(visit, MOST_COUNTED);
  const weights = counted.map((s) => sightingWeight(kind, s));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const left = (SHARE_WEIGHT * (MOST_SPENT - w.recent[slot].spent)) / MOST_SPENT;
  // All are made lighter, instead of the last being refused: the first are the southernmost.
  const scale = Math.min(1, left / total);
  const cost = MOST_SPENT * Math.max((total * scale) / SHARE_WEIGHT, counted.length / MOST_IN_A_DAY);
  w.recent[slot].spent = Math.min(w.recent[slot].spent + Math.ceil(cost), MOST_SPENT);
  for (let i = 0; i < counted.length; i++) addSighting(w, counted[i], weights[i] * scale, slot, judge);
  return counted.length;
}

/** At most `most` of a list, evenly. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
}

function addSighting(w: Whereabouts, s: Sighting, weight: number, slot: number, judge: Judge): void {
  const day = Math.floor(s.timeMs / DAY_MS);
  if (w.firstDay === 0 || day < w.firstDay) w.firstDay = day;
  if (day > w.lastDay) w.lastDay = day;
  mergeTile(w.tiles, {
    x: tileIndex(s.lon + 180, w.level),
    y: tileIndex(s.lat + 90, w.level),
    lat: s.lat,
    lon: s.lon,
    weight,
    heard: 1,
    days: 1 << (day & 31),
    lastDay: day,
    seenBy: slot < 0 ? 0 : 1 << slot,
    proof: slot < 0 ? PROOF.crowd | PROOF.trusted : 0,
  });
  while (w.tiles.length > MAX_TILES) if (!judge.makeRoom(w)) coarsen(w);
}

/** The contributor's slot, an old one or a new, or -1 if the day has heard enough contributors. */
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
    if (witness.tag === tag) return i;
    crowd++;
  }
  if (crowd >= CROWD || (free < 0 && w.recent.length >= WITNESS_SLOTS)) return -1;
  if (free < 0) return w.recent.push({ day, tag, spent: 0 }) - 1;
  w.recent[free] = { day, tag, spent: 0 };
  return free;
}

function forgetBefore(w: Whereabouts, day: number, judge: Judge): void {
  let gone = 0;
  for (let i = 0; i < w.recent.length; i++) if (w.recent[i].tag >= 0 && w.recent[i].day < day) gone |= 1 << i;
  if (gone === 0) return;
  judge.settle(w);
  for (let i = 0; i < w.recent.length; i++) if ((gone & (1 << i)) !== 0) w.recent[i] = { day: 0, tag: -1, spent: 0 };
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

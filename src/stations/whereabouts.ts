// Where a transmitter was heard, in bounded memory: a handful of tiles of one grid, each with the mean place, weight and
// witnesses of the sightings in it. Promises: which tiles there are and what they hold does not depend on the order of
// sightings (the grid coarsens just until they fit, and tiles only add up), but for unproven places, which the caller may
// push out to make room; one contributor counts for at most SHARE_WEIGHT a day, a day for at most CROWD contributors; which days
// are counted is when reports arrived, never what they claim. Judges nothing: places.ts does.
import { M_PER_DEG_LAT } from '../geo/distance.ts';
import { DAY_MS } from '../time/spans.ts';
import { type Loudness, louder, noteLoudest, saidDbm, silence } from './loudness.ts';
import { type HeardKind, type Sighting, sightingWeight } from './sighting.ts';
import { isCompany, NOBODY, type Witness } from './witness.ts';

/** Arrivals are told apart by half days (UTC): two that lie two halves apart lie at least twelve hours apart, and on two days. */
export const HALF_DAY_MS = DAY_MS / 2;
/** Tiles a station may have: enough for a spread, few enough for ten million stations. */
const MAX_TILES = 24;
/** Contributors told apart on one day. */
const CROWD = 16;
/**
 * Weight that one contributor may add to one station on one day, counted in MOST_SPENT parts: a good fix or two beside a
 * transmitter, or a walk around it, use it up. Stops who floods from moving it. Half of it would cost the simulated mall a fifth
 * of its accuracy, twice as much gives an attacker beside one honest passer-by a day three times the pull (bench/poison.ts).
 */
const SHARE_WEIGHT = 0.1;
const MOST_SPENT = 255;
/** Where `lonely` stops counting. */
const MOST_LONELY = 0xff;
/** Sightings of one station counted of one contributor in one batch, and on one day however light they are. */
const MOST_COUNTED = 64;
const MOST_IN_A_DAY = 256;
/** Edge of the finest tile in degrees: 2.8 m of latitude. Level n has edges 2^n times as long. */
const FINEST_DEG = 2.5e-5;

/** Days after which what was heard counts half: a third of access points is gone after 6 months (data/README). */
const HALF_LIFE_DAYS = 180;

/** Bits of a tile's `proof`. */
export const PROOF = { crowd: 1, trusted: 2, far: 4 } as const;

/**
 * `x`, `y` number the tile from -180, -90; `lat`, `lon` the weighted mean of what was heard in it; `heard` counts it;
 * `days` has bit (day mod 32) set for each day of arrival, `firstHalf` and `lastHalf` are the half days (since 1970) of the first and
 * the last arrival; `lastDay` is the last day of hearing, as claimed; `seenBy` has a bit for each contributor in `recent`; `proof`
 * what is settled; `loudDbm` the strongest that counted in it, of access points only, 0 = unknown.
 */
export type Tile = {
  x: number;
  y: number;
  lat: number;
  lon: number;
  weight: number;
  heard: number;
  days: number;
  firstHalf: number;
  lastHalf: number;
  lastDay: number;
  seenBy: number;
  proof: number;
  loudDbm: number;
};

/**
 * Everything known of where one transmitter was heard. Days count from 1970-01-01. `lonely` counts days of arrival on which one
 * contributor was alone, less those on which several came. `strayFirst` and `strayLast` are the days of arrival on which it was first and
 * last told to ride along (travel.ts), 0 = never.
 */
export type Whereabouts = Loudness & {
  level: number;
  tiles: Tile[];
  recent: Witness[];
  firstDay: number;
  lastDay: number;
  lonely: number;
  strayFirst: number;
  strayLast: number;
};

export function createWhereabouts(): Whereabouts {
  const never = { firstDay: 0, lastDay: 0, strayFirst: 0, strayLast: 0 };
  return { level: 0, tiles: [], recent: [], ...never, lonely: 0, ...silence() };
}

/** Slots for two days. */
const WITNESS_SLOTS = 2 * CROWD;

/**
 * What only the judge of places can do: `settle` writes into the tiles what their witnesses prove, before those are
 * forgotten; `makeRoom` drops a place that is not worth keeping and says true, or says false: then the grid coarsens.
 */
export type Judge = { settle(w: Whereabouts): void; makeRoom(w: Whereabouts): boolean };

/** Adds what one contributor heard of one transmitter on one day of arrival; returns how many sightings counted. */
export function addVisit(w: Whereabouts, kind: HeardKind, visit: readonly Sighting[], judge: Judge): number {
  const { trusted, receivedAtMs, contributor } = visit[0];
  if (trusted) {
    for (const s of visit) addSighting(w, kind, s, sightingWeight(kind, s), -1, judge);
    noteLoudest(w, kind, visit, null);
    return visit.length;
  }
  // Contributors are told apart by the day of arrival: the day of hearing is their own word, and their tags change daily.
  const slot = witnessSlot(w, Math.floor(receivedAtMs / DAY_MS), contributor, judge);
  if (slot < 0) return 0;
  const counted = spread(visit, MOST_COUNTED);
  const weights = counted.map((s) => sightingWeight(kind, s));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // On different days they may be one: all who came alone together weigh less than two (1 + 1/4 + 1/9 ... = 1.64).
  const share = hasCompany(w, slot) ? SHARE_WEIGHT : SHARE_WEIGHT / (w.lonely + 1) ** 2;
  const left = Math.max(share - (SHARE_WEIGHT * w.recent[slot].spent) / MOST_SPENT, 0);
  if (left === 0) return 0;
  // All are made lighter, instead of the last being refused: the first are the southernmost.
  const scale = Math.min(1, left / total);
  const cost = MOST_SPENT * Math.max((total * scale) / SHARE_WEIGHT, counted.length / MOST_IN_A_DAY);
  w.recent[slot].spent = Math.min(w.recent[slot].spent + Math.ceil(cost), MOST_SPENT);
  for (let i = 0; i < counted.length; i++) addSighting(w, kind, counted[i], weights[i] * scale, slot, judge);
  noteLoudest(w, kind, counted, w.recent[slot]);
  return counted.length;
}

/** True if something arrived on a day (UTC number): of one contributor, or, if that is null, of anybody. */
export function hasArrival(w: Whereabouts, day: number, contributor: number | null): boolean {
  if (contributor === null) return w.tiles.some(({ lastHalf }) => lastHalf >> 1 >= day);
  return w.recent.some((witness) => witness.day === day && witness.tag === contributor);
}

/** At most `most` of a list, evenly. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
}

function addSighting(w: Whereabouts, kind: HeardKind, s: Sighting, weight: number, slot: number, judge: Judge): void {
  const day = Math.floor(s.timeMs / DAY_MS);
  const half = Math.floor(s.receivedAtMs / HALF_DAY_MS);
  if (w.firstDay === 0 || day < w.firstDay) w.firstDay = day;
  if (day > w.lastDay) w.lastDay = day;
  mergeTile(w.tiles, {
    x: tileIndex(s.lon + 180, w.level),
    y: tileIndex(s.lat + 90, w.level),
    lat: s.lat,
    lon: s.lon,
    weight,
    heard: 1,
    days: 1 << ((half >> 1) & 31),
    firstHalf: half,
    lastHalf: half,
    lastDay: day,
    seenBy: slot < 0 ? 0 : 1 << slot,
    proof: slot < 0 ? PROOF.crowd | PROOF.trusted : 0,
    loudDbm: kind === 'wifi' ? saidDbm(s) : 0,
  });
  while (w.tiles.length > MAX_TILES) if (!judge.makeRoom(w)) coarsen(w);
}

/** The contributor's slot, an old one or a new, or -1 if the day has heard enough contributors. */
function witnessSlot(w: Whereabouts, day: number, tag: number, judge: Judge): number {
  const latest = witnessDays(w)?.last ?? null;
  // A day that was forgotten can't be told from a second attempt of its contributors.
  if (day < (latest ?? lastArrival(w)) - 1) return -1;
  if (latest === null || day > latest) endDays(w, day - 1, judge);
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
  if (free < 0) return w.recent.push({ ...NOBODY, day, tag }) - 1;
  w.recent[free] = { ...NOBODY, day, tag };
  return free;
}

/** The first and the last day (UTC number) of which contributors are remembered, null if of none. */
export function witnessDays({ recent }: Whereabouts): { first: number; last: number } | null {
  const days = recent.filter(({ tag }) => tag >= 0).map(({ day }) => day);
  return days.length === 0 ? null : { first: Math.min(...days), last: Math.max(...days) };
}

function lastArrival({ tiles }: Whereabouts): number {
  return tiles.reduce((day, { lastHalf }) => Math.max(day, lastHalf >> 1), 0);
}

/** Notes that the last day of which contributors are remembered is over, and forgets those of days before `day`. */
export function endDays(w: Whereabouts, day: number, judge: Judge): void {
  const days = witnessDays(w);
  if (days === null) return;
  countLonely(w, days.last);
  forgetBefore(w, day, judge);
}

/** True if another contributor of the same day was heard of that is certainly another. */
function hasCompany({ recent }: Whereabouts, slot: number): boolean {
  return recent.some((other, i) => i !== slot && isCompany(other, recent[slot]));
}

/** Notes whether on a day that is over one contributor was alone. */
function countLonely(w: Whereabouts, day: number): void {
  const company = w.recent.some((witness, i) => witness.tag >= 0 && witness.day === day && hasCompany(w, i));
  w.lonely = company ? Math.max(w.lonely - 1, 0) : Math.min(w.lonely + 1, MOST_LONELY);
}

/** Forgets contributors of days before `day`, when what they prove is settled. */
export function forgetBefore(w: Whereabouts, day: number, judge: Judge): void {
  const isOver = (witness: Witness) => witness.day < day;
  if (!w.recent.some((witness) => witness.tag >= 0 && isOver(witness))) return;
  judge.settle(w);
  emptySlots(w, isOver);
}

/** Forgets contributors; what they prove is lost if it was not settled. */
export function emptySlots(w: Whereabouts, isGone: (witness: Witness) => boolean): void {
  let gone = 0;
  for (let i = 0; i < w.recent.length; i++) if (w.recent[i].tag >= 0 && isGone(w.recent[i])) gone |= 1 << i;
  if (gone === 0) return;
  for (let i = 0; i < w.recent.length; i++) if ((gone & (1 << i)) !== 0) w.recent[i] = { ...NOBODY };
  for (const tile of w.tiles) tile.seenBy &= ~gone;
  // Slots are bits of `seenBy`: none moves while one is taken.
  if (witnessDays(w) === null) w.recent = [];
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
  tile.firstHalf = Math.min(tile.firstHalf, next.firstHalf);
  tile.lastHalf = Math.max(tile.lastHalf, next.lastHalf);
  tile.lastDay = Math.max(tile.lastDay, next.lastDay);
  tile.seenBy |= next.seenBy;
  tile.proof |= next.proof;
  tile.loudDbm = louder(tile.loudDbm, next.loudDbm);
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

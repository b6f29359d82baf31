// The learning estimator: what was believed of a station and heard of it before, plus a batch of sightings, gives what is
// believed now. Promises: pure; the order of sightings within a day does not matter beyond rounding; one network, however many
// reports on however many days, neither makes a station answer nor blocks it (but see travel.ts of wild fixes), two need two
// days of arrival; alone it moves a station that was heard loud by metres, not away (bench/poison.ts: 15 m in a month; 115 m if one
// honest network a day vouches for the street), but one that was heard faintly by half a link at once, and one that was heard long
// ago so far in a week; a station heard at two far places, or by two at two places far from its home (travel.ts), answers nothing. Does not
// deduplicate batches: the caller folds each report once, in the transaction that forgets it.
import { distanceM, lonDeltaDeg, wrapLonDeg } from '../geo/distance.ts';
import { DAY_MS, HOUR_MS, YEAR_MS } from '../time/spans.ts';
import { blockedFrom, comeBack, datedAt, isAhead } from './clock.ts';
import { farGround, noteFar } from './far-ground.ts';
import { judgeOf } from './judge.ts';
import { findMiddle, type Middle, reachAround } from './middle.ts';
import { DISTANCES, findPlaces, fringeOf, type Place } from './places.ts';
import type { HeardKind, Sighting } from './sighting.ts';
import type { Evidence } from './station.ts';
import { isTraveller, noteTravel } from './travel.ts';
import { addVisit, createWhereabouts, type Whereabouts } from './whereabouts.ts';

/** How long a station that moved says nothing and learns nothing. */
export const BLOCK_MS = 48 * HOUR_MS;
/** A station may move once, and once more for every so many days of its life; after that it stays blocked until it is old enough for as many. */
const DAYS_PER_MOVE = 30;
/** Another place that was last heard this much before or after the main one is where it stood, not where it also is. */
const FORGIVEN_DAYS = 90;
/** A place rivals the main one if it was heard there this often, absolutely and against the main one. */
const RIVAL_HEARD = 3;
const RIVAL_SHARE = 0.05;
/** Foreign positions (imports) give way to what is heard if for so long nobody placed them, nor heard them where they stand. */
const OLD_PRIOR_MS = YEAR_MS;

/**
 * `learnt` tells a position of this fold from an imported one, which is only replaced by proof; `publishedAt` is the `modifiedAt`
 * of the row as the fold last wrote it, null = not known to have: a row of another time is not the fold's.
 */
export type LearntStation = {
  believed: Evidence;
  whereabouts: Whereabouts;
  learnt: boolean;
  publishedAt: number | null;
};

/** True while a blocked station may neither answer nor learn. */
export function isBlocked(e: Evidence, nowMs: number): boolean {
  if (e.blockedAt === null || e.blockCount === 0) return false;
  if (nowMs - e.blockedAt < BLOCK_MS) return true;
  const lifeDays = (nowMs - (e.createdAt ?? e.blockedAt)) / DAY_MS;
  return e.blockCount > 1 + lifeDays / DAYS_PER_MOVE;
}

/** A station nobody knew: no position, no evidence. */
export function unknownStation(): LearntStation {
  const believed: Evidence = {
    lat: null,
    lon: null,
    radiusM: null,
    samples: null,
    weight: null,
    source: null,
    createdAt: null,
    modifiedAt: null,
    lastSeenAt: null,
    blockedAt: null,
    blockCount: 0,
  };
  return { believed, whereabouts: createWhereabouts(), learnt: false, publishedAt: null };
}

/** What is known after `sightings`, folded at `nowMs`. `before` is not changed. */
export function foldStation(
  kind: HeardKind,
  before: LearntStation,
  sightings: readonly Sighting[],
  nowMs: number,
): LearntStation {
  const believed = { ...before.believed };
  const inOrder = [...sightings].sort((a, b) => compareSightings(a, b) || a.receivedAtMs - b.receivedAtMs);
  const after: LearntStation = { ...before, believed, whereabouts: copyWhereabouts(before.whereabouts) };
  heedImport(kind, after);
  comeBack(believed, after.whereabouts, nowMs);
  let added = 0;
  for (const visit of visitsOf(inOrder, nowMs)) {
    const heard = visit.filter((s) => !isBlocked(believed, s.timeMs));
    if (heard.length === 0) continue;
    if (believed.blockedAt !== null && isStale(after.whereabouts, believed.blockedAt)) startAnew(after);
    const counted = addVisit(after.whereabouts, kind, heard, judgeOf(kind));
    added += counted;
    // By arrival: the time of hearing is its sender's word, and a long life forgives moves (isBlocked).
    const { receivedAtMs } = heard[0];
    if (counted > 0 && !isUndated(before.believed))
      believed.createdAt = Math.min(believed.createdAt ?? receivedAtMs, receivedAtMs);
  }
  if (added > 0) judge(kind, after, nowMs);
  return after;
}

/** True if it was known before anybody reported it, since when nobody said: not since now (area-summary.ts goes by who was first). */
function isUndated({ createdAt, lat, modifiedAt }: Evidence): boolean {
  return createdAt === null && (lat !== null || modifiedAt !== null);
}

/** What each contributor heard on each day of arrival, in order, without impossible places and repeats. */
function visitsOf(inOrder: readonly Sighting[], nowMs: number): Sighting[][] {
  const visits: Sighting[][] = [];
  let last: Sighting | undefined;
  for (const s of inOrder) {
    if (!isPlausible(s) || isAhead(s.receivedAtMs, nowMs) || (last !== undefined && compareSightings(last, s) === 0))
      continue;
    const together =
      last !== undefined &&
      arrivalDay(last) === arrivalDay(s) &&
      last.trusted === s.trusted &&
      (s.trusted || last.contributor === s.contributor);
    if (together) visits[visits.length - 1].push(s);
    else visits.push([s]);
    last = s;
  }
  return visits;
}

/** By arrival, trust, contributor, time and place, so that a batch gives the same result in any order and repeats lie side by side. */
function compareSightings(a: Sighting, b: Sighting): number {
  return (
    arrivalDay(a) - arrivalDay(b) ||
    Number(a.trusted) - Number(b.trusted) ||
    a.contributor - b.contributor ||
    a.timeMs - b.timeMs ||
    a.lat - b.lat ||
    a.lon - b.lon ||
    (a.dbm || 0) - (b.dbm || 0)
  );
}

const arrivalDay = (s: Sighting) => Math.floor(s.receivedAtMs / DAY_MS);

function isPlausible(s: Sighting): boolean {
  return Math.abs(s.lat) <= 90 && Math.abs(s.lon) <= 180 && s.timeMs > 0 && Number.isFinite(s.timeMs);
}

function copyWhereabouts(w: Whereabouts): Whereabouts {
  return { ...w, tiles: w.tiles.map((t) => ({ ...t })), recent: w.recent.map((r) => ({ ...r })) };
}

/** True if what was heard is from before the block. */
function isStale(w: Whereabouts, blockedAt: number): boolean {
  return w.tiles.length > 0 && w.lastDay * DAY_MS < blockedAt + BLOCK_MS - DAY_MS;
}

/** After a block only what is heard from now on counts. */
function startAnew(station: LearntStation): void {
  station.whereabouts = createWhereabouts();
}

/**
 * A position that was imported over a learnt one is a foreign one again. If it lies elsewhere, what was heard before it is of
 * another place: else the next report, of whomever and from wherever, would bring the old position back.
 */
function heedImport(kind: HeardKind, station: LearntStation): void {
  const { believed, whereabouts, learnt, publishedAt } = station;
  if (!learnt || publishedAt === null || believed.lat === null || believed.modifiedAt === publishedAt) return;
  station.learnt = false;
  const main = findPlaces(whereabouts, kind).find((p) => p.confirmed);
  if (main !== undefined && isElsewhere(kind, believed, findMiddle(kind, whereabouts, [main]))) startAnew(station);
}

function judge(kind: HeardKind, station: LearntStation, nowMs: number): void {
  const { believed, whereabouts } = station;
  const places = findPlaces(whereabouts, kind);
  noteTravel(whereabouts, kind, places);
  noteFar(whereabouts, kind);
  const proven = places.filter((p) => p.confirmed);
  const main = proven.find((p) => !proven.some((q) => hasReplaced(q, p)));
  if (main === undefined) return;
  // What was witnessed on one day only neither helps nor harms: else two networks could silence a station within an hour.
  const others = places.filter((p) => p !== main && p.confirmed);
  const home = [main, ...others.filter((p) => !isApart(kind, whereabouts, main, p) && !hasReplaced(main, p))];
  const middle = findMiddle(kind, whereabouts, home);
  const elsewhere = others.filter((p) => isApart(kind, whereabouts, main, p));
  const isElsewhereToo = elsewhere.some((p) => isRival(main, p)) || isTraveller(whereabouts, kind, home);
  if (middle.radiusM > DISTANCES[kind].widest || isElsewhereToo) block(station, nowMs);
  else if (contradictsPrior(kind, station, middle, nowMs)) block(station, nowMs);
  else {
    believe(kind, station, home, widen(kind, whereabouts, places, home, middle), nowMs);
    forgetReplaced(whereabouts, main, places);
  }
  believed.lastSeenAt = Math.max(believed.lastSeenAt ?? 0, whereabouts.lastDay * DAY_MS);
}

/**
 * The middle and radius with what was heard just outside of proven ground too: where few report, that ground is a street corner
 * of the street a transmitter is heard in. It never makes the radius smaller, nor counts as looks, nor leads the middle farther than
 * two are at one place (half a link): one loud visit outweighs thirty faint ones, and would lead it a whole link away at once.
 */
function widen(
  kind: HeardKind,
  w: Whereabouts,
  places: readonly Place[],
  home: readonly Place[],
  proven: Middle,
): Middle {
  const fringe = fringeOf(kind, places, home);
  const near = [...home.flatMap((place) => place.tiles), ...fringe];
  const wide = fringe.length === 0 ? proven : findMiddle(kind, w, [{ tiles: near }]);
  const middle = stepFrom(proven, wide, DISTANCES[kind].link / 2);
  const heldM = middle === wide ? 0 : reachAround(w, middle, near);
  const far = farGround(w, kind, home).filter((tile) => !fringe.includes(tile));
  const farM = far.length === 0 ? 0 : reachAround(w, middle, [...near, ...far]);
  return { ...middle, radiusM: Math.max(proven.radiusM, wide.radiusM, heldM, farM), looks: proven.looks };
}

/** The wide middle, or where one that goes to it from the proven one is after `mostM` metres. */
function stepFrom(proven: Middle, wide: Middle, mostM: number): Middle {
  const share = mostM / distanceM(proven.lat, proven.lon, wide.lat, wide.lon);
  if (!(share < 1)) return wide;
  const lon = wrapLonDeg(proven.lon + share * lonDeltaDeg(proven.lon, wide.lon));
  return { ...wide, lat: proven.lat + share * (wide.lat - proven.lat), lon };
}

/** Too much to be a stray fix, and not from another time of its life. */
function isRival(main: Place, other: Place): boolean {
  const enough = other.heard >= Math.max(RIVAL_HEARD, RIVAL_SHARE * main.heard);
  return enough && Math.abs(main.lastDay - other.lastDay) <= FORGIVEN_DAYS;
}

/** Half days between the first and the last arrival in a place after which silence elsewhere says that the transmitter left there. */
const REPLACED_HALVES = 2 * 7;

/** True if a place began to be heard when the other had fallen silent, and has been for a week: it is where the transmitter went. */
function hasReplaced(now: Place, then: Place): boolean {
  if (now === then) return false;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const tile of now.tiles) {
    first = Math.min(first, tile.firstHalf);
    last = Math.max(last, tile.lastHalf);
  }
  return last - first >= REPLACED_HALVES && then.tiles.every((tile) => tile.lastHalf < first);
}

/**
 * Forgets where it stood before. Kept, such a place is still proven, so that one report there, of whomever and years later, ended the
 * silence that tells: it brought the station back, or, from further off, blocked it for being heard at both. So does one at a corner
 * beside it where two met on one day: that needed a second day only.
 */
function forgetReplaced(w: Whereabouts, main: Place, places: readonly Place[]): void {
  const replaced = places.filter((place) => place.witnessed && hasReplaced(main, place));
  if (!replaced.some((place) => place.confirmed)) return;
  const gone = replaced.flatMap(({ tiles }) => tiles);
  w.tiles = w.tiles.filter((tile) => !gone.includes(tile));
}

function isApart(kind: HeardKind, w: Whereabouts, a: Place, b: Place): boolean {
  const [from, to] = [findMiddle(kind, w, [a]), findMiddle(kind, w, [b])];
  return distanceM(from.lat, from.lon, to.lat, to.lon) > DISTANCES[kind].apart;
}

/** A young foreign position of satellite fixes, further off than both could err, is not simply overruled. */
function contradictsPrior(
  kind: HeardKind,
  { believed, learnt }: LearntStation,
  middle: Middle,
  nowMs: number,
): boolean {
  const latest = Math.max(believed.modifiedAt ?? 0, believed.lastSeenAt ?? 0);
  if (learnt || nowMs - latest > OLD_PRIOR_MS) return false;
  return isElsewhere(kind, believed, middle);
}

/** True if a position of satellite fixes lies too far from a middle for both to be of one standing transmitter. */
function isElsewhere(kind: HeardKind, { lat, lon, radiusM, source }: Evidence, middle: Middle): boolean {
  if (lat === null || lon === null || source === 'query') return false;
  return distanceM(lat, lon, middle.lat, middle.lon) > DISTANCES[kind].apart + (radiusM ?? 0);
}

function believe(kind: HeardKind, station: LearntStation, home: readonly Place[], middle: Middle, nowMs: number): void {
  const { believed } = station;
  station.learnt = true;
  believed.lat = middle.lat;
  believed.lon = middle.lon;
  believed.radiusM = Math.max(middle.radiusM, 1);
  // A part is as good as its looks: a car at a red light reports one street corner a hundred times.
  believed.samples = kind === 'part' ? middle.looks : home.reduce((sum, p) => sum + p.heard, 0);
  believed.weight = home.reduce((sum, p) => sum + p.weight, 0);
  believed.source = 'gnss';
  believed.modifiedAt = datedAt(believed, nowMs);
}

function block(station: LearntStation, nowMs: number): void {
  const { believed } = station;
  believed.lat = null;
  believed.lon = null;
  believed.radiusM = null;
  believed.samples = null;
  believed.weight = null;
  believed.modifiedAt = datedAt(believed, nowMs);
  believed.blockedAt = blockedFrom(nowMs);
  believed.blockCount++;
  station.learnt = true;
}

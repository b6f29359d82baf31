// Whether a transmitter rides along: an access point of a train is heard at other places every day, by one passenger each, so
// that none of them is proven, until two meet in one station and make that its home. Promises: pure; the same for any order of
// the tiles; nobody alone makes a station a traveller, whatever they report beside whomever, and two need two days: on each of
// both it was heard by two certain contributors at two places, neither of them its home, all of them farther from each other
// than one standing transmitter can be heard, and on neither were more at home than away only. One liar and honest passers-by are that
// only where few pass by who report it once each, and one of those with a wild fix: the others are at home.
import { distanceM } from '../geo/distance.ts';
import { DISTANCES, type Place } from './places.ts';
import type { HeardKind } from './sighting.ts';
import { type Tile, type Whereabouts, witnessDays } from './whereabouts.ts';
import { isCompany, isIPv6, type Witness } from './witness.ts';

/** Days from the first to the last arrival that told so: two days of a calendar may be minutes apart. */
const LEAST_DAYS = 2;
/** What told so longer ago than this is of another time of its life. */
const FORGIVEN_DAYS = 90;
/** Heard elsewhere so often, against at home, it travels; what wild fixes of a busy place are is far less. */
const LEAST_SHARE = 0.25;

/** Notes in `w` the days on which two contributors heard it where it can't be at once, nor is at home. */
export function noteTravel(w: Whereabouts, kind: HeardKind, places: readonly Place[]): void {
  const days = witnessDays(w);
  if (days === null) return;
  const home = places.filter((place) => place.confirmed);
  const away = awayFrom(w, kind, home).filter((tile) => tile.seenBy !== 0);
  // The day that goes on is asked again: who is at home may come later than who is away.
  for (let day = Math.max(days.first, Math.min(w.strayLast + 1, days.last)); day <= days.last; day++) {
    const isAstray = isAstrayOn(day, w, kind, away, home);
    if (!isAstray && w.strayLast === day) w.strayLast = w.strayFirst === day ? 0 : w.strayFirst;
    if (w.strayLast === 0) w.strayFirst = 0;
    if (!isAstray) continue;
    if (w.strayFirst === 0 || day - w.strayLast > FORGIVEN_DAYS) w.strayFirst = day;
    w.strayLast = day;
  }
}

/** True if a station whose home is `home` rides along. */
export function isTraveller(w: Whereabouts, kind: HeardKind, home: readonly Place[]): boolean {
  if (w.strayLast - w.strayFirst < LEAST_DAYS) return false;
  const lastDay = Math.max(...home.map((place) => place.lastDay));
  if (Math.abs(lastDay - w.strayLast) > FORGIVEN_DAYS) return false;
  const heard = home.reduce((sum, place) => sum + place.heard, 0);
  return awayFrom(w, kind, home).reduce((sum, tile) => sum + tile.heard, 0) >= LEAST_SHARE * heard;
}

function isAstrayOn(
  day: number,
  { recent }: Whereabouts,
  kind: HeardKind,
  away: readonly Tile[],
  home: readonly Place[],
): boolean {
  const hasHome = home.length > 0;
  if (hasHome && !areMostAway(day, recent, away, home)) return false;
  const areTwo = (a: Tile, b: Tile) => hasTwo(recent, day, a.seenBy, b.seenBy) && isApart(kind, a, b);
  for (let i = 1; i < away.length; i++) {
    for (let j = 0; j < i; j++) {
      if (!areTwo(away[i], away[j])) continue;
      // Wherever a home turns out to be, two of three are away from it.
      if (hasHome || away.some((third) => areTwo(away[i], third) && areTwo(away[j], third))) return true;
    }
  }
  return false;
}

/**
 * True if as many of a day's contributors, of one protocol, were away only as were at home. Stops one liar, whose lies make places elsewhere
 * as much heard as he likes, from waiting for passers-by whose fixes are wild to be the other witness: most of those are at home too.
 */
function areMostAway(day: number, recent: readonly Witness[], away: readonly Tile[], home: readonly Place[]): boolean {
  const seenBy = (tiles: readonly Tile[]) => tiles.reduce((all, tile) => all | tile.seenBy, 0);
  const atHome = seenBy(home.flatMap(({ tiles }) => tiles));
  const astray = seenBy(away) & ~atHome;
  const ofDay = (slots: number, counts: (witness: Witness) => boolean) =>
    recent.filter((witness, i) => (slots & (1 << i)) !== 0 && witness.day === day && counts(witness)).length;
  const stayed = ofDay(atHome, () => true);
  return [true, false].some((byIPv6) => ofDay(astray, (w) => w.tag > 0 && isIPv6(w.tag) === byIPv6) >= stayed);
}

/** Tiles that are too far from all of `home` to be of one standing transmitter. */
function awayFrom(w: Whereabouts, kind: HeardKind, home: readonly Place[]): Tile[] {
  return w.tiles.filter((tile) => home.every((place) => place.tiles.every((ground) => isApart(kind, ground, tile))));
}

function isApart(kind: HeardKind, a: Tile, b: Tile): boolean {
  return distanceM(a.lat, a.lon, b.lat, b.lon) > DISTANCES[kind].apart;
}

/** True if one was there on that day, `seenBy`, and certainly another at the other place. */
function hasTwo(recent: readonly Witness[], day: number, seenBy: number, otherSeenBy: number): boolean {
  for (let i = 0; i < recent.length; i++) {
    if ((seenBy & (1 << i)) === 0 || recent[i].day !== day) continue;
    for (let j = 0; j < recent.length; j++) {
      if (j !== i && (otherSeenBy & (1 << j)) !== 0 && isCompany(recent[i], recent[j])) return true;
    }
  }
  return false;
}

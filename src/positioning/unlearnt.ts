// How much speaks for a phone being where nobody reported from: inside a house of a map that was learnt in its street.
// There the access points of the house are louder than they ever were in the street, but stand, in the map, where the street hears them:
// how loud one is says little of how near its record is. In a place that was learnt hardly any is louder than all its reports;
// one that was carried there is, but its record is elsewhere, while the house's own stands among what else is loud in it.
// Nor is all that is heard nearly as loud as it ever was in a place that was learnt: each is loudest somewhere else. Through the walls
// of a house that stands farther off than its street it is.
// Promises: 0 to 1, no allocation; 0 where nothing is known of how loud they were.
import { lengthM, lonDeltaDeg, M_PER_DEG_LAT } from '../geo/distance.ts';
import { UNKNOWN_DBM } from '../radio/signal.ts';
import type { Points } from './points.ts';

/** So many of the loudest devices that agree are asked: those that are near. */
const ASKED = 5;
/** Louder than ever by so much counts whole: fading alone is 3 dB. */
const LOUDER_DB = 3;
/** So many devices may be louder than ever: one that was carried here. */
const EXCUSED = 1;
/**
 * Unless it stands within so many metres of the middle of the others that are loud: then so many more dB than those of fading count whole.
 * In simulated houses half of all questions hear their own access point alone louder than ever. 50 m would tell no more, and take
 * access points that were carried across a mall for its own.
 */
const AMONG_M = 25;
const SURE_DB = 5;

/**
 * So much fainter than ever all that agrees is heard, in the mean, where that counts whole, and where nothing. In simulated malls it is 26 to 45 dB,
 * asked in the streets that were learnt 14 to 23 dB, inside their houses 7 to 17 dB where none is louder than ever.
 */
const AS_EVER_DB = 13;
const FAINTER_DB = 17;
/** Of so many stations at least. */
const LEAST_HEARD = 3;
/** Reports of one under which the strongest of them is no more than luck. */
export const LEAST_REPORTS = 30;

/** How much speaks for it that `heard` stations are `sumDb` fainter, together, than they ever were. */
function asLoudAsEver(heard: number, sumDb: number): number {
  if (heard < LEAST_HEARD) return 0;
  return Math.min(Math.max((FAINTER_DB - sumDb / heard) / (FAINTER_DB - AS_EVER_DB), 0), 1);
}

/** With its own scratch space for points of so many devices, which are settled (solve.ts). */
export function createUnlearnt(devices: number): (points: Points) => number {
  const isAsked = new Uint8Array(devices);
  const asked = new Int16Array(ASKED);

  /** The loudest point that agrees of a device that was not asked yet, or -1. */
  function nextLoudest({ count, agrees, dbm, louderDb, device }: Points): number {
    let loudest = -1;
    for (let k = 0; k < count; k++) {
      if (agrees[k] === 0 || isAsked[device[k]] === 1 || dbm[k] === UNKNOWN_DBM) continue;
      if (loudest < 0 || dbm[k] + louderDb[k] > dbm[loudest] + louderDb[loudest]) loudest = k;
    }
    return loudest;
  }

  /** True if a point stands among the others that were asked. */
  function isAmong({ lat, lon, mPerLon }: Points, k: number, count: number): boolean {
    let eastM = 0;
    let northM = 0;
    for (let n = 0; n < count; n++) {
      eastM += lonDeltaDeg(lon[k], lon[asked[n]]) * mPerLon[k];
      northM += (lat[asked[n]] - lat[k]) * M_PER_DEG_LAT;
    }
    return count > 1 && lengthM(eastM, northM) < AMONG_M * (count - 1);
  }

  /** How much speaks for it that some are louder than ever. */
  function louderThanEver(points: Points): number {
    isAsked.fill(0, 0, points.count);
    let louder = 0;
    let loudest = -1;
    let count = 0;
    for (; count < ASKED; count++) {
      const k = nextLoudest(points);
      if (k < 0) break;
      asked[count] = k;
      isAsked[points.device[k]] = 1;
      louder += Math.min(points.louderDb[k] / LOUDER_DB, 1);
      if (loudest < 0 || points.louderDb[k] > points.louderDb[loudest]) loudest = k;
    }
    if (loudest < 0) return 0;
    const byDb = points.louderDb[loudest];
    if (!isAmong(points, loudest, count)) return Math.min(Math.max(louder - EXCUSED, 0), 1);
    const others = louder - Math.min(byDb / LOUDER_DB, 1);
    return Math.min(others + Math.max(byDb - LOUDER_DB, 0) / SURE_DB, 1);
  }

  return (points) => {
    const { count, agrees, louderDb, fainterDb } = points;
    let anyDb = 0;
    let heard = 0;
    let sumDb = 0;
    for (let k = 0; k < count; k++) {
      // Who is outvoted has no say, or how loud it is said to be would tell that it is known (A10).
      if (agrees[k] === 0) continue;
      anyDb += louderDb[k];
      if (fainterDb[k] < 0) continue;
      heard++;
      sumDb += fainterDb[k];
    }
    const share = asLoudAsEver(heard, sumDb);
    return anyDb === 0 ? share : Math.max(share, louderThanEver(points));
  };
}

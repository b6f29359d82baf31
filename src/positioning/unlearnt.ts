// How much speaks for a phone being where nobody reported from: inside a house of a map that was learnt in its street.
// There the access points of the house are louder than they ever were in the street, but stand, in the map, where the street hears them:
// how loud one is says little of how near its record is. In a place that was learnt hardly any is louder than all its reports;
// one that was carried there is. Promises: 0 to 1, no allocation; 0 where nothing is known of how loud they were.
import { UNKNOWN_DBM } from '../radio/signal.ts';
import type { Points } from './points.ts';

/** So many of the loudest devices are asked: those that are near. */
const ASKED = 5;
/** Louder than ever by so much counts whole: fading alone is 3 dB. */
const LOUDER_DB = 3;
/** So many devices may be louder than ever: one that was carried here. */
const EXCUSED = 1;

/** With its own scratch space for points of so many devices. */
export function createUnlearnt(devices: number): (points: Points) => number {
  const isAsked = new Uint8Array(devices);

  /** The loudest point of a device that was not asked yet, or -1. */
  function nextLoudest({ count, dbm, louderDb, device }: Points): number {
    let loudest = -1;
    for (let k = 0; k < count; k++) {
      if (isAsked[device[k]] === 1 || dbm[k] === UNKNOWN_DBM) continue;
      if (loudest < 0 || dbm[k] + louderDb[k] > dbm[loudest] + louderDb[loudest]) loudest = k;
    }
    return loudest;
  }

  return (points) => {
    let anyDb = 0;
    for (let k = 0; k < points.count; k++) anyDb += points.louderDb[k];
    if (anyDb === 0) return 0;
    isAsked.fill(0, 0, points.count);
    let louder = 0;
    for (let n = 0; n < ASKED; n++) {
      const k = nextLoudest(points);
      if (k < 0) break;
      isAsked[points.device[k]] = 1;
      louder += Math.min(points.louderDb[k] / LOUDER_DB, 1);
    }
    return Math.min(Math.max(louder - EXCUSED, 0), 1);
  };
}
